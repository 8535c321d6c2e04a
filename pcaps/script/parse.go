package script

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"tcpwhy/flows"
)

// Parse reads a script. An error names the line.
func Parse(text string, opt Options) (*Script, error) {
	p := parser{script: &Script{Start: opt.Start}, byName: map[string]*flowState{}, opt: opt}
	if opt.Start.IsZero() {
		p.script.Start = defaultStart
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(uncomment(line))
		if line == "" {
			continue
		}
		if err := p.line(n, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if opt.Sort {
		slices.SortStableFunc(p.script.Packets, func(a, b Packet) int { return cmp.Compare(a.Time, b.Time) })
	}
	return p.script, nil
}

func uncomment(line string) string {
	if i := strings.Index(line, "//"); i >= 0 {
		line = line[:i]
	}
	line, _, _ = strings.Cut(line, "#")
	return line
}

type parser struct {
	script *Script
	byName map[string]*flowState
	opt    Options
	now    time.Duration // time of the line before
}

// flowState is what lines of a flow leave to those after them.
type flowState struct {
	flow    *Flow
	last    int       // index of its last packet, or -1
	counter [2]uint16 // of identifications
	id      [2]uint16 // that each end used last
	tsval   [2]uint32 // that each end sent last
}

func (p *parser) line(n int, line string) error {
	w := words{line}
	if w.peek() == "flow" {
		w.next()
		return p.flowLine(&w)
	}
	at, err := p.time(w.next())
	if err != nil {
		return err
	}
	var packet Packet
	switch w.peek() {
	case "copy":
		w.next()
		packet, err = p.copyLine(&w)
	case "icmp":
		w.next()
		packet, err = p.icmpLine(&w, at)
	default:
		packet, err = p.packetLine(&w, at)
	}
	if err != nil {
		return err
	}
	if err := packet.check(); err != nil {
		return err
	}
	packet.LineNumber, packet.Line, packet.Time = n, line, at
	p.state(packet.Flow.Name).last = len(p.script.Packets)
	p.script.Packets = append(p.script.Packets, packet)
	p.now = at
	return nil
}

// maxTime keeps sums of times far from overflow; more than a year.
const maxTime = 10_000 * time.Hour

func (p *parser) time(word string) (time.Duration, error) {
	number := word
	if last := word[max(0, len(word)-1):]; last >= "0" && last <= "9" || last == "." {
		number += "s" // packetdrill's plain seconds
	}
	d, err := time.ParseDuration(number)
	if err != nil {
		return 0, fmt.Errorf("time %q: not a duration such as +20ms, +0.02 or 1m3.5s", word)
	}
	if d.Abs() > maxTime {
		return 0, fmt.Errorf("time %q: more than %v", word, maxTime)
	}
	if word[0] == '+' || word[0] == '-' {
		d += p.now
	}
	if d.Abs() > maxTime {
		return 0, fmt.Errorf("time %q: more than %v from the start", word, maxTime)
	}
	return d, nil
}

func (p *parser) packetLine(w *words, at time.Duration) (Packet, error) {
	name, dir, err := direction(w.next())
	if err != nil {
		return Packet{}, err
	}
	st := p.state(name)
	packet := Packet{Flow: st.flow, Dir: p.turned(dir)}
	err = p.tcp(w, st, &packet, packet.Dir, at)
	return packet, err
}

func (p *parser) icmpLine(w *words, at time.Duration) (Packet, error) {
	name, dir, err := direction(w.next())
	if err != nil {
		return Packet{}, err
	}
	st := p.state(name)
	packet := Packet{Flow: st.flow, Dir: p.turned(dir)}
	packet.ICMP, err = icmpError(w, st.flow.Is6())
	if err != nil {
		return Packet{}, err
	}
	quoted, dir, err := direction(w.next())
	if err != nil {
		return Packet{}, fmt.Errorf("quoting: %w", err)
	}
	if quoted != "" && quoted != name {
		return Packet{}, fmt.Errorf("quoting: a packet of flow %q in an error about flow %q", quoted, name)
	}
	packet.ICMP.Sender = p.turned(dir)
	err = p.tcp(w, st, &packet, packet.ICMP.Sender, at)
	return packet, err
}

func (p *parser) copyLine(w *words) (Packet, error) {
	last := len(p.script.Packets) - 1
	if name := w.peek(); name != "" && !attributes[name] {
		w.next()
		st, ok := p.byName[name]
		if !ok {
			return Packet{}, fmt.Errorf("copy: no flow %q before this line", name)
		}
		last = st.last
	}
	if last < 0 {
		return Packet{}, errors.New("copy: no packet before this line")
	}
	packet := p.script.Packets[last]
	packet.countedID = false
	st := p.state(packet.Flow.Name)
	for w.peek() != "" {
		word := w.next()
		if !attributes[word] {
			return Packet{}, fmt.Errorf("%q: a copy can have attributes only", word)
		}
		if err := attribute(word, w, st, &packet, packet.sender()); err != nil {
			return Packet{}, err
		}
	}
	if packet.ICMP == nil {
		st.id[packet.sender()] = packet.ID
	}
	return packet, nil
}

// sender is the end that sent the segment, or the one that an ICMP error quotes.
func (p *Packet) sender() Dir {
	if p.ICMP != nil {
		return p.ICMP.Sender
	}
	return p.Dir
}

func (p *parser) turned(d Dir) Dir {
	if p.opt.Swap {
		return 1 - d
	}
	return d
}

func direction(word string) (name string, d Dir, err error) {
	if word == "" {
		return "", 0, errors.New("a direction, > or <, is missing")
	}
	name, arrow := word[:len(word)-1], word[len(word)-1]
	if name != "" && !isName(name) || arrow != '>' && arrow != '<' {
		return "", 0, fmt.Errorf("direction %q: not > or <, after the name of a flow where it has one", word)
	}
	if arrow == '<' {
		d = ToClient
	}
	return name, d, nil
}

// tcp reads the rest of a line, from the flags on, of a packet sent by from.
func (p *parser) tcp(w *words, st *flowState, packet *Packet, from Dir, at time.Duration) (err error) {
	sent, received := st.flow.Ends[from].ISS, st.flow.Ends[1-from].ISS
	packet.Window, packet.TTL, packet.VLAN = 65535, 64, st.flow.VLAN
	if packet.Flags, err = parseFlags(w.next()); err != nil {
		return err
	}
	if packet.Seq, packet.Len, err = span(w.next(), sent); err != nil {
		return err
	}
	o := optionReader{peer: received, ack: packet.Flags.Has(flows.ACK), at: at, from: from, flow: st.flow.index, tsval: st.tsval}
	seen := map[string]bool{}
	for w.peek() != "" {
		if strings.HasPrefix(w.peek(), "<") {
			if seen["<"] {
				return errors.New("two lists of options")
			}
			seen["<"] = true
			list, ok := w.options()
			if !ok {
				return errors.New("options: > is missing")
			}
			if packet.Options, err = o.read(list); err != nil {
				return err
			}
			continue
		}
		word := w.next()
		if seen[word] {
			return fmt.Errorf("%s: given twice", word)
		}
		seen[word] = true
		switch word {
		case "ack":
			packet.Ack, err = number(w.next(), received)
		case "win":
			packet.Window, err = parse16(w.next())
		case "urg":
			packet.Urgent, err = parse16(w.next())
		default:
			if !attributes[word] {
				return fmt.Errorf("%q: not ack, win, urg, <options> or an attribute", word)
			}
			err = attribute(word, w, st, packet, from)
			if err != nil {
				return err
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
	}
	if packet.Flags.Has(flows.ACK) && !seen["ack"] {
		return errors.New("an ACK needs its number: ack N")
	}
	if !seen["id"] && !st.flow.Is6() {
		packet.countedID = true
		if packet.ICMP != nil {
			packet.ID = st.id[from]
		} else {
			st.counter[from]++
			packet.ID = st.counter[from]
		}
	}
	if packet.ICMP == nil {
		st.id[from] = packet.ID
		if o.hasTS {
			st.tsval[from] = o.sentTS
		}
	}
	return nil
}

// attributes are the words that stand for something other than the TCP header.
var attributes = map[string]bool{"ttl": true, "id": true, "vlan": true, "snap": true, "badsum": true, "doff": true}

func attribute(word string, w *words, st *flowState, packet *Packet, from Dir) error {
	var n uint64
	var err error
	switch word {
	case "badsum":
		packet.BadSum = true
	case "ttl":
		n, err = parseUint(w.next(), 255)
		packet.TTL = uint8(n)
	case "doff":
		n, err = parseUint(w.next(), 15)
		packet.DataOffset = uint8(n)
		if err == nil && n == 0 {
			err = errors.New("0 stands for the true one")
		}
	case "snap":
		n, err = parseUint(w.next(), 65535)
		packet.Snap = int(n)
		if err == nil && n == 0 {
			err = errors.New("nothing would be captured")
		}
	case "vlan":
		packet.VLAN, err = parseVLAN(w.next())
	case "id":
		packet.countedID = false
		if st.flow.Is6() {
			return errors.New("id: IPv6 has none")
		}
		if w.peek() == "same" {
			w.next()
			packet.ID = st.id[from]
			break
		}
		packet.ID, err = parse16(w.next())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", word, err)
	}
	return nil
}

// check reports what cannot be put into a packet.
func (p *Packet) check() error {
	if len(p.Options) > 40 {
		return fmt.Errorf("options: %d bytes do not fit in a TCP header, 40 do", len(p.Options))
	}
	whole := p.tcpHeaderLen() + int(p.Len)
	if !p.Flow.Is6() {
		whole += ipv4HeaderLen
	}
	if whole > 65535 || p.Len > 65535 {
		return fmt.Errorf("length %d: does not fit in an IP packet", p.Len)
	}
	return nil
}

func (p *parser) flowLine(w *words) error {
	name := ""
	switch w.peek() {
	case "client", "server", "vlan", "iss", "v6":
	default:
		name = w.next()
		if name != "" && !isName(name) {
			return fmt.Errorf("flow %q: a name is letters, digits, - and _, and not a word of the language", name)
		}
	}
	if p.byName[name] != nil {
		return fmt.Errorf("flow %q: known already", name)
	}
	f := p.state(name).flow
	var given [2]bool
	v6 := false
	for w.peek() != "" {
		word := w.next()
		var err error
		switch word {
		case "client", "server":
			end := 0
			if word == "server" {
				end = 1
			}
			var a netip.AddrPort
			a, err = parseAddrPort(w.next())
			f.Ends[end].Addr, given[end] = a, true
		case "v6":
			v6 = true
		case "vlan":
			f.VLAN, err = parseVLAN(w.next())
		case "iss":
			err = p.iss(w.next(), f)
		default:
			return fmt.Errorf("flow: %q: not client, server, v6, vlan or iss", word)
		}
		if err != nil {
			return fmt.Errorf("flow: %s: %w", word, err)
		}
	}
	for end := range f.Ends {
		v6 = v6 || given[end] && f.Ends[end].Addr.Addr().Is6()
	}
	for end := range f.Ends {
		if v6 && !given[end] {
			f.Ends[end].Addr = defaultAddr(end, f.index, true)
		}
	}
	if f.Ends[0].Addr.Addr().Is6() != f.Ends[1].Addr.Addr().Is6() || v6 != f.Is6() {
		return errors.New("flow: client and server are of different IP versions")
	}
	return nil
}

func (p *parser) iss(word string, f *Flow) error {
	client, server, ok := strings.Cut(word, ",")
	if !ok {
		return fmt.Errorf("%q: not two numbers, as in 1000,2000", word)
	}
	for end, n := range []string{client, server} {
		v, err := parseUint(n, 1<<32-1)
		if err != nil {
			return err
		}
		if p.opt.ISS == nil {
			f.Ends[end].ISS = flows.Seq(v)
		}
	}
	return nil
}

// state is that of the flow of that name, which is made where it is not known yet.
func (p *parser) state(name string) *flowState {
	st, ok := p.byName[name]
	if !ok {
		f := defaultFlow(name, len(p.script.Flows))
		if p.opt.ISS != nil {
			f.Ends[0].ISS, f.Ends[1].ISS = p.opt.ISS[0], p.opt.ISS[1]
		}
		st = &flowState{flow: f, last: -1, counter: [2]uint16{0x1000, 0x2000}}
		p.script.Flows = append(p.script.Flows, f)
		p.byName[name] = st
	}
	return st
}

func defaultFlow(name string, index int) *Flow {
	f := &Flow{Name: name, index: index}
	f.Ends[0] = End{defaultAddr(0, index, false), ClientISS}
	f.Ends[1] = End{defaultAddr(1, index, false), ServerISS}
	return f
}

// defaultAddr is in the networks for documentation (RFC 5737, RFC 3849).
func defaultAddr(end, index int, v6 bool) netip.AddrPort {
	port := uint16(443)
	if end == 0 {
		port = uint16(40001 + index%20000)
	}
	if v6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(1 + end), 15: 1}), port)
	}
	if end == 0 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 1}), port)
}

// words are what is left of a line.
type words struct{ rest string }

// peek is the next word, "" at the end of the line.
func (w *words) peek() string {
	w.rest = strings.TrimLeft(w.rest, " \t\r")
	if i := strings.IndexAny(w.rest, " \t\r"); i >= 0 {
		return w.rest[:i]
	}
	return w.rest
}

func (w *words) next() string {
	word := w.peek()
	w.rest = w.rest[len(word):]
	return word
}

// options takes what is between < and >.
func (w *words) options() (list string, ok bool) {
	w.peek()
	list, rest, ok := strings.Cut(w.rest[1:], ">")
	w.rest = rest
	return list, ok
}

func isName(word string) bool {
	switch word {
	case "", "flow", "copy", "icmp", "client", "server", "vlan", "iss", "v6":
		return false
	}
	return strings.IndexFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0 && !attributes[word]
}

// flagLetters are tcpdump's, from bit 0 on.
const flagLetters = "FSRP.UEWe"

func parseFlags(word string) (f flows.Flags, err error) {
	if word == "-" {
		return 0, nil
	}
	if word == "" {
		return 0, errors.New("flags are missing")
	}
	for _, letter := range word {
		bit := strings.IndexRune(flagLetters, letter)
		if bit < 0 {
			return 0, fmt.Errorf("flags %q: %q is not one of %s", word, letter, flagLetters)
		}
		if f.Any(1 << bit) {
			return 0, fmt.Errorf("flags %q: %q is there twice", word, letter)
		}
		f |= 1 << bit
	}
	return f, nil
}

// span reads START:END(LENGTH).
func span(word string, iss flows.Seq) (start flows.Seq, length uint32, err error) {
	from, rest, ok1 := strings.Cut(word, ":")
	to, rest, ok2 := strings.Cut(rest, "(")
	n, rest, ok3 := strings.Cut(rest, ")")
	if !ok1 || !ok2 || !ok3 || rest != "" {
		return 0, 0, fmt.Errorf("%q: not sequence numbers, as in 1:101(100)", word)
	}
	if start, err = number(from, iss); err != nil {
		return 0, 0, err
	}
	end, err := number(to, iss)
	if err != nil {
		return 0, 0, err
	}
	l, err := parseUint(n, 1<<32-1)
	if err != nil {
		return 0, 0, err
	}
	if uint32(l) != uint32(end-start) {
		return 0, 0, fmt.Errorf("%q: the length is not %d", word, uint32(end-start))
	}
	return start, uint32(l), nil
}

// number reads a sequence number, counted from iss unless = is in front.
func number(word string, iss flows.Seq) (flows.Seq, error) {
	digits, raw := strings.CutPrefix(word, "=")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < -1<<31 || n >= 1<<32 {
		return 0, fmt.Errorf("%q: not a sequence number", word)
	}
	if raw {
		return flows.Seq(n), nil
	}
	return iss + flows.Seq(n), nil
}

func parseUint(word string, limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%q: not a number from 0 to %d", word, limit)
	}
	return n, nil
}

func parse16(word string) (uint16, error) {
	n, err := parseUint(word, 65535)
	return uint16(n), err
}

// parseVLAN reads one or two identifiers, or 0 for no tag.
func parseVLAN(word string) (ids []uint16, err error) {
	if word == "0" {
		return nil, nil
	}
	for id := range strings.SplitSeq(word, ",") {
		n, err := parseUint(id, 4095)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uint16(n))
	}
	if len(ids) > 2 {
		return nil, fmt.Errorf("%q: more than two tags", word)
	}
	return ids, nil
}

func parseAddrPort(word string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(word)
	if err != nil || a.Addr().Zone() != "" || a.Addr().Is4In6() {
		return netip.AddrPort{}, fmt.Errorf("%q: not an address and a port, as in 192.0.2.1:80 or [2001:db8::1]:80", word)
	}
	return a, nil
}
