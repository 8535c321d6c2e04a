package flows

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// model is the same rules in the plainest form: every number is kept, relative to the start of
// its sender, the history is a string, and nothing is left out to save space or time.
type model struct {
	ends    [2]modelEnd
	orig    int
	history string
	payload bool
}

type modelEnd struct {
	state, prev         string
	start, last         Seq
	answered            Seq    // number of the SYN that the peer's SYN-ACK answers
	seen                string // letters that count once, by role: swapped when roles are
	lastS, lastF, lastR Seq    // relative
	counts              map[byte]int
}

func newModel() *model {
	m := new(model)
	for i := range m.ends {
		m.ends[i] = modelEnd{state: "INACTIVE", prev: "INACTIVE", counts: map[byte]int{}}
	}
	return m
}

func (e *modelEnd) set(state string) {
	if e.state != state {
		e.prev, e.state = e.state, state
	}
}

func (m *model) letter(from int, c byte) {
	s := string(c)
	if from != m.orig {
		s = strings.ToLower(s)
	}
	m.history += s
}

func (m *model) once(from int, kind, letter byte) (again bool) {
	if strings.IndexByte(m.ends[from].seen, kind) >= 0 {
		return true
	}
	m.ends[from].seen += string(kind)
	m.letter(from, letter)
	return false
}

func (m *model) count(from int, c byte) {
	m.ends[from].counts[c]++
	for n := m.ends[from].counts[c]; ; n /= 10 {
		if n == 1 {
			m.letter(from, c)
		}
		if n%10 != 0 || n == 0 {
			return
		}
	}
}

func (m *model) add(p *zeekPacket, first bool) {
	from, to := int(p.from), 1-int(p.from)
	me, peer := &m.ends[from], &m.ends[to]
	syn, ack, fin, rst := p.Flags.Any(SYN), p.Flags.Any(ACK), p.Flags.Any(FIN), p.Flags.Any(RST)
	if first {
		m.orig = from
		src, dst := zeekServerPort(p.SrcPort), zeekServerPort(p.DstPort)
		if !(syn && !ack) && src && (!dst || !syn && p.SrcPort < p.DstPort) {
			m.orig = to
			m.history = "^"
		}
	}
	if p.bad {
		m.count(from, 'C')
		return
	}
	m.payload = m.payload || p.Len > 0
	plain := !syn && !fin && !rst
	if m.history == "H" && plain && (p.Len > 0 || ack) {
		m.orig = 1 - m.orig
		m.history = "^h"
	}

	seglen := Seq(0)
	if !rst {
		seglen = Seq(p.Len)
	}
	if syn {
		seglen++
	}
	if fin {
		seglen++
	}
	switch me.state {
	case "INACTIVE":
		me.start, me.last = p.Seq, p.Seq+seglen
		if !syn {
			me.start, me.last = p.Seq-1, p.Seq
		}
	case "SYN_SENT", "SYN_ACK_SENT":
		if syn && p.Seq != me.start {
			me.start, me.last = p.Seq, p.Seq+seglen
		}
	case "ESTABLISHED", "PARTIAL":
		if syn {
			me.start, me.last = p.Seq, p.Seq+seglen
		}
	case "RESET":
		if syn && me.prev == "INACTIVE" {
			me.start, me.last = p.Seq, p.Seq+seglen
		}
	}
	rel := p.Seq - me.start

	switch {
	case fin && rst:
		m.once(from, 'I', 'I')
	case syn && (fin || rst):
		m.once(from, 'Q', 'Q')
	case syn:
		letter := byte('S')
		if ack {
			letter = 'H'
		}
		if m.once(from, 'S', letter) && rel != me.lastS {
			m.letter(from, letter)
		}
		me.lastS = rel
	case fin:
		if m.once(from, 'F', 'F') && rel+Seq(p.Len) != me.lastF {
			m.letter(from, 'F')
		}
		me.lastF = rel + Seq(p.Len)
	case rst:
		if m.once(from, 'R', 'R') && rel != me.lastR {
			m.letter(from, 'R')
		}
		me.lastR = rel
	case p.Len > 0:
		m.once(from, 'D', 'D')
	case ack:
		m.once(from, 'A', 'A')
	}
	if p.Window == 0 && !rst && peer.state != "CLOSED" && me.state != "RESET" {
		m.count(from, 'W')
	}
	if syn && ack && peer.state == "INACTIVE" {
		peer.answered = p.Ack - 1
	}
	beyond := (p.Seq + seglen).Sub(me.last)
	switch {
	case (syn || rst) && (beyond > 1<<20 || beyond < -1<<20):
	case fin && me.last == me.start+1:
		me.last = p.Seq + seglen
	case me.state == "RESET":
	case beyond > 0:
		me.last = p.Seq + seglen
	case p.Len > 0:
		m.count(from, 'T')
	}

	switch me.state {
	case "INACTIVE":
		if syn {
			if from == m.orig {
				if ack {
					me.set("SYN_ACK_SENT")
				} else {
					me.set("SYN_SENT")
				}
			} else {
				if peer.state == "SYN_ACK_SENT" && !ack && p.Seq == me.answered {
					m.orig = from
					me.seen, peer.seen = peer.seen, me.seen
					m.history += "^"
					peer.set("ESTABLISHED")
				}
				if peer.state == "SYN_SENT" {
					peer.set("ESTABLISHED")
				}
				me.set("ESTABLISHED")
			}
		}
		if fin {
			me.set("CLOSED")
		}
		if rst {
			me.set("RESET")
		}
		if me.state == "INACTIVE" {
			switch {
			case from != m.orig && p.Len == 0 && peer.state == "SYN_SENT":
			case ack && peer.state == "ESTABLISHED":
				me.set("ESTABLISHED")
			default:
				me.set("PARTIAL")
			}
		}
	case "SYN_SENT", "SYN_ACK_SENT":
		if fin {
			me.set("CLOSED")
		}
		if rst {
			me.set("RESET")
		}
	case "ESTABLISHED", "PARTIAL":
		if syn && !ack && me.state == "PARTIAL" && peer.state == "INACTIVE" {
			me.set("SYN_SENT")
		}
		if fin && !rst {
			me.set("CLOSED")
			if peer.state == "RESET" && peer.prev == "CLOSED" {
				peer.set("CLOSED")
			}
		}
		if rst {
			me.set("RESET")
		}
	case "CLOSED":
		if rst && peer.state != "CLOSED" {
			me.set("RESET")
		}
	}
	clean := func(e *modelEnd) bool {
		return e.state == "ESTABLISHED" || e.state == "CLOSED" && e.prev == "ESTABLISHED"
	}
	if clean(me) && clean(peer) {
		for range p.gaps {
			m.count(to, 'G')
		}
	}
}

var onlySYN = regexp.MustCompile(`^\^?S[^HAFGIQ]*R`)

func (m *model) verdict() string {
	o, r := m.ends[m.orig].state, m.ends[1-m.orig].state
	oInactive, rInactive := o == "INACTIVE" || o == "PARTIAL", r == "INACTIVE" || r == "PARTIAL"
	state := "OTH"
	switch {
	case r == "RESET" && (o == "SYN_SENT" || o == "SYN_ACK_SENT" || o == "RESET" && !m.payload):
		state = "REJ"
	case r == "RESET" && oInactive:
		state = "RSTRH"
	case r == "RESET":
		state = "RSTR"
	case o == "RESET" && rInactive && onlySYN.MatchString(m.history):
		state = "RSTOS0"
	case o == "RESET" && rInactive:
	case o == "RESET":
		state = "RSTO"
	case o == "CLOSED" && r == "CLOSED":
		state = "SF"
	case o == "CLOSED" && rInactive:
		state = "SH"
	case o == "CLOSED":
		state = "S2"
	case r == "CLOSED" && oInactive:
		state = "SHR"
	case r == "CLOSED":
		state = "S3"
	case o == "SYN_SENT" && r == "INACTIVE":
		state = "S0"
	case o == "ESTABLISHED" && r == "ESTABLISHED":
		state = "S1"
	}
	return state + " " + m.history
}

// The packed form says after every packet what the plain one says, whatever the packets.
func TestZeekModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	ports := []uint16{40000, 9000, 443, 80}
	states := map[string]int{}
	for range 60000 {
		var base [2]Seq
		base[0], base[1] = Seq(rnd.Uint32()), Seq(rnd.Uint32())
		port := [2]uint16{ports[rnd.IntN(len(ports))], ports[rnd.IntN(len(ports))]}
		var z zeek
		var a zeekArena
		m := newModel()
		var log []string
		for n := range 1 + rnd.IntN(24) {
			p := zeekPacket{from: uint8(rnd.IntN(2))}
			p.Window = uint16(rnd.IntN(8))
			p.Flags = []Flags{SYN, SYN | ACK, ACK, ACK, ACK | PSH, FIN | ACK, RST, RST | ACK,
				Flags(rnd.IntN(64))}[rnd.IntN(9)]
			p.Seq = base[p.from] + Seq(rnd.IntN(4))
			p.Ack = base[1-p.from] + Seq(rnd.IntN(4))
			p.Len = uint32(max(0, rnd.IntN(6)-3))
			p.SrcPort, p.DstPort = port[p.from], port[1-p.from]
			p.bad = rnd.IntN(20) == 0
			if rnd.IntN(10) == 0 && p.Flags.Any(ACK) {
				p.gaps = 1 + rnd.Uint32N(3)
			}
			if me := &m.ends[p.from]; me.state == "RESET" && me.prev == "INACTIVE" && p.Flags.Any(SYN) &&
				(p.Flags.Any(FIN|RST) || me.seen != "R" || me.lastR != 1) {
				continue // what the packed form does not follow
			}
			if n > 0 && rnd.IntN(3) == 0 { // the same again, many times
				p.gaps = 0
				for range rnd.IntN(30) {
					z.update(&p.Segment, p.from, m.ends[p.from].start, m.ends[p.from].last, 0, p.bad, &a)
					m.add(&p, false)
				}
			}
			log = append(log, fmt.Sprintf("%d %s %d ack %d +%d win %d gaps %d bad %v;", p.from, p.Flags.letters(), p.Seq-base[p.from], p.Ack-base[1-p.from], p.Len, p.Window, p.gaps, p.bad))
			z.update(&p.Segment, p.from, m.ends[p.from].start, m.ends[p.from].last, p.gaps, p.bad, &a)
			m.add(&p, n == 0)
			got := z.connState(m.payload, &a) + " " + string(z.appendHistory(nil, &a))
			if want := m.verdict(); got != want {
				t.Fatalf("got %s, want %s\n  %s", got, want, strings.Join(log, " "))
			}
		}
		state, _, _ := strings.Cut(m.verdict(), " ")
		states[state]++
	}
	for _, state := range []string{"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"} {
		if states[state] < 10 {
			t.Errorf("%s was reached %d times only: the packets try too little", state, states[state])
		}
	}
}

func (f Flags) letters() string {
	s := ""
	for i, c := range "FSRP.U" {
		if f>>i&1 != 0 {
			s += string(c)
		}
	}
	return s
}
