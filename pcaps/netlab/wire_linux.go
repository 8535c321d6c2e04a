package netlab

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Wire carries frames between the two hosts, each direction in order unless a rule says otherwise.
type Wire struct {
	lab *Lab

	mu    sync.Mutex
	rules []*Rule
	log   []Segment // every segment that the hosts sent, lost later or not
	busy  time.Time // see quietFor
	on    int       // segments on the wire

	renumber bool
	iss      uint32 // that the client is to see of the server
	shift    uint32 // to that

	meeting time.Time // when segments that are to meet arrive
	err     error
	queues  [2]chan delivery // by receiver
	wg      sync.WaitGroup
}

// Rule is what becomes of some of the segments. A rule acts on the nth segment that matches (from 1),
// and the Times that follow; Times 0 means all. The first rule that acts decides.
type Rule struct {
	From  Side
	Match func(*Segment) bool
	Nth   int // 0 is 1
	Times int
	Do    Action

	seen int
}

// Action is the fate of one segment.
type Action struct {
	Drop  bool
	Delay time.Duration   // beside the wire's own
	Again []time.Duration // copies, each so much later than the original
	Meet  bool            // held back to arrive when the other end's does
}

// meetAfter is within what two calls of the script follow each other in, whatever else the machine does,
// and before a SYN or FIN is sent again.
const meetAfter = 150 * time.Millisecond

// Drop loses a segment.
var Drop = Action{Drop: true}

type delivery struct {
	at    time.Time
	frame []byte
}

func startWire(lab *Lab, rules []Rule) {
	w := &Wire{lab: lab, busy: time.Now()}
	w.Add(rules...)
	lab.Wire = w
	w.queues = [2]chan delivery{make(chan delivery, 4096), make(chan delivery, 4096)}
	for _, s := range []Side{Client, Server} {
		w.wg.Go(func() { w.read(s) })
		w.wg.Go(func() { w.deliver(s) })
	}
}

// stop cuts the wire; what is on it is lost. When it returns, no host is touched any more.
func (w *Wire) stop() {
	for _, h := range w.lab.Hosts {
		h.tap.Close()
	}
	w.wg.Wait()
}

// Add appends rules while the scenario runs.
func (w *Wire) Add(rules ...Rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range rules {
		w.rules = append(w.rules, &r)
	}
}

// Clear takes all rules away: what matched until now passes from here on.
func (w *Wire) Clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = nil
}

// read takes what a host sends.
func (w *Wire) read(from Side) {
	defer close(w.queues[from.Peer()])
	buf := make([]byte, 1<<16)
	for {
		n, err := w.lab.Hosts[from].tap.Read(buf)
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				w.fail(fmt.Errorf("wire: %w", err))
			}
			return
		}
		w.take(from, append([]byte(nil), buf[:n]...))
	}
}

func (w *Wire) take(from Side, frame []byte) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var act Action
	if s, ok := parse(from, frame); ok {
		s.Time = now
		act = w.fate(&s)
		if w.renumber {
			w.renumbered(&s, frame)
		}
		w.follow(&s)
		w.log = append(w.log, s)
	}
	if act.Drop {
		return
	}
	at := now.Add(delay + act.Delay)
	if act.Meet {
		if w.meeting.IsZero() {
			w.meeting = now.Add(meetAfter)
		}
		at = w.meeting
	}
	w.queues[from.Peer()] <- delivery{at, frame}
	w.on += 1 + len(act.Again)
	for _, later := range act.Again {
		w.queues[from.Peer()] <- delivery{at.Add(later), frame}
	}
}

// Renumber has the server's sequence numbers, SYN-ACK and all, begin at iss beyond the wire, as firewalls do that do not
// trust a host's choice. There must be but one connection, and no selective ACKs.
func (w *Wire) Renumber(iss uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renumber, w.iss = true, iss
}

func (w *Wire) renumbered(s *Segment, frame []byte) {
	switch {
	case s.From == Client && s.Flags&ACK != 0:
		setNumbers(frame, s.Seq, s.Ack-w.shift)
	case s.From == Server:
		if isSYNACK(s) {
			w.shift = w.iss - s.Seq
		}
		setNumbers(frame, s.Seq+w.shift, s.Ack)
	}
}

// follow has the connection looked at. Its client may be forged.
func (w *Wire) follow(s *Segment) {
	if client, server := s.ends(); server.Addr() == w.lab.Hosts[Server].Addr {
		w.lab.looks.follow(client, server)
	}
}

func (w *Wire) fate(s *Segment) Action {
	for _, r := range w.rules {
		if r.From != s.From || !r.Match(s) {
			continue
		}
		r.seen++
		first := max(r.Nth, 1)
		if r.seen >= first && (r.Times == 0 || r.seen < first+r.Times) {
			return r.Do
		}
	}
	return Action{}
}

// Forge puts a segment on the wire that its sender never sent. It is delivered at once.
func (w *Wire) Forge(s Segment) {
	w.follow(&s)
	w.mu.Lock()
	w.on++
	w.mu.Unlock()
	w.queues[s.From.Peer()] <- delivery{time.Now(), s.frame()}
}

// deliver hands frames to a host when their time has come.
func (w *Wire) deliver(to Side) {
	var waiting []delivery
	for open := true; open; {
		var timer <-chan time.Time
		next := -1
		for i, d := range waiting {
			if next < 0 || d.at.Before(waiting[next].at) {
				next = i
			}
		}
		if next >= 0 {
			timer = time.After(time.Until(waiting[next].at))
		}
		select {
		case d, ok := <-w.queues[to]:
			open = ok
			if ok {
				waiting = append(waiting, d)
			}
		case <-timer:
			frame := waiting[next].frame
			waiting = append(waiting[:next], waiting[next+1:]...)
			s, _ := parse(to.Peer(), frame)
			client, server := s.ends()
			w.lab.looks.around(to, client, server, func() error {
				_, err := w.lab.Hosts[to].tap.Write(frame)
				return err
			})
			w.mu.Lock()
			w.on--
			w.busy = time.Now()
			w.mu.Unlock()
		}
	}
}

func (w *Wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

func (w *Wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Wait waits until the nth segment (from 1) that matches was sent by that end, and returns it.
func (w *Wire) Wait(from Side, match func(*Segment) bool, nth int) (found Segment) {
	await(func() (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		n := 0
		for i := range w.log {
			if s := &w.log[i]; s.From == from && match(s) {
				if n++; n == nth {
					found = *s
					return true, w.err
				}
			}
		}
		return false, errors.Join(w.err, fmt.Errorf("%d of %d such segments came from the %s", n, nth, from))
	})
	return found
}

// Last is the last segment that matches and was sent by that end.
func (w *Wire) Last(from Side, match func(*Segment) bool) Segment {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.log) - 1; i >= 0; i-- {
		if s := &w.log[i]; s.From == from && match(s) {
			return *s
		}
	}
	panic(failure{fmt.Errorf("no such segment from %s", from)})
}

// nameResets gives the RSTs that a listener sent the peer that the tracepoint leaves out: the one of
// the next RST that the host put on the wire from that port.
func (w *Wire) nameResets(rs []record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := map[int]bool{}
	for i := range rs {
		r := &rs[i]
		if r.what != sentRST || r.remote.Port() != 0 {
			continue
		}
		for j := range w.log {
			s := &w.log[j]
			if isRST(s) && s.Src == r.local && !taken[j] && s.Time.After(r.time) && s.Time.Sub(r.time) < time.Second {
				taken[j] = true
				r.remote = s.Dst
				break
			}
		}
		if r.remote.Port() == 0 {
			return fmt.Errorf("a RST that is not on the wire: %v", r)
		}
	}
	return nil
}

// touch says that something may be about to be sent.
func (w *Wire) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = time.Now()
}

// quietFor is the time since anything was on the wire, or since touch.
func (w *Wire) quietFor() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on > 0 {
		return 0
	}
	return time.Since(w.busy)
}

// What rules and waits match.

func anySegment(*Segment) bool  { return true }
func isSYN(s *Segment) bool     { return s.Flags&(SYN|ACK) == SYN }
func isSYNACK(s *Segment) bool  { return s.Flags&(SYN|ACK) == SYN|ACK }
func isFIN(s *Segment) bool     { return s.Flags&FIN != 0 }
func isRST(s *Segment) bool     { return s.Flags&RST != 0 }
func isData(s *Segment) bool    { return len(s.Payload) > 0 && s.Flags&SYN == 0 }
func isBareACK(s *Segment) bool { return s.Flags&(SYN|FIN|RST|ACK) == ACK && len(s.Payload) == 0 }

func lose(from Side, match func(*Segment) bool, nth, times int) Rule {
	return Rule{From: from, Match: match, Nth: nth, Times: times, Do: Drop}
}

// slow holds back the first such segment, for long enough that the script can act before it arrives.
func slow(from Side, match func(*Segment) bool) Rule {
	return Rule{From: from, Match: match, Times: 1, Do: Action{Delay: 100 * time.Millisecond}}
}

// crossing has the first such segment of either end arrive at the same time.
func crossing(match func(*Segment) bool) []Rule {
	meet := Action{Meet: true}
	return []Rule{{From: Client, Match: match, Times: 1, Do: meet}, {From: Server, Match: match, Times: 1, Do: meet}}
}
