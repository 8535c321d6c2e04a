package workload

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Connections too many to keep: everything about the i-th follows from i.

const (
	floodEvery    = 5 * time.Microsecond
	floodAnswered = 15 // of a hundred
	floodTurn     = 300 * time.Microsecond
	floodRetry    = time.Second
	manyEvery     = time.Microsecond
)

// mix is a number of as many bits that look random (SplitMix64).
func (w Workload) mix(i int) uint64 {
	z := w.Seed + uint64(i+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// stranger is a client that has one connection only.
func (w Workload) stranger(i int) netip.AddrPort {
	host, port := uint32(clients+i), uint16(1024+w.mix(i)%60_000)
	if w.IPv6 {
		return netip.AddrPortFrom(addr6(host), port)
	}
	return netip.AddrPortFrom(addr4(host), port)
}

// syn is the SYN of the i-th connection, at a time. Clocks of time stamps are those of the capture.
func (w Workload) syn(i int, at time.Duration) packet {
	x := w.mix(i)
	return packet{at: start + int64(at), from: w.stranger(i), to: serverAddr(0, w.IPv6), seq: flows.Seq(x), flags: flows.SYN,
		id: uint16(x >> 16), ttl: uint8(40 + x%24), tsval: uint32(at / time.Millisecond)}
}

// answer is what the server sends to a segment, at a time.
func (p packet) answer(flags flows.Flags, at time.Duration) packet {
	a := packet{at: start + int64(at), from: p.to, to: p.from, seq: p.ack, ack: p.end(), flags: flags, id: p.id + 1, ttl: 60,
		bare: p.bare, tsval: uint32(at / time.Millisecond), tsecr: p.tsval}
	if flags.Any(flows.SYN) {
		a.seq, a.id = p.seq<<16|p.seq>>16, 0
	}
	return a
}

// plan is that of a connection that is opened like this, and not closed.
func plan(kind string, opening flows.OpeningOutcome, closing flows.ClosingOutcome, packets ...packet) *Plan {
	p := &Plan{Kind: kind, Client: packets[0].from.String(), Server: packets[0].to.String()}
	p.Opening.Outcome, p.Closing.Outcome = opening.String(), closing.String()
	for i := range packets {
		from := client
		if packets[i].from == packets[0].to {
			from = server
		}
		p.count(&packets[i], from)
	}
	return p
}

// flood is three streams: the SYNs, the answers, and these again.
func (w Workload) flood(planned func(*Plan)) []stream {
	syn := func(i int) packet {
		p := w.syn(i, time.Duration(i)*floodEvery)
		p.bare = true
		return p
	}
	answers := func(after time.Duration) stream {
		return func(yield func(*packet) bool) {
			for i := range w.Flood {
				if w.mix(^i)%100 < floodAnswered {
					p := syn(i).answer(flows.SYN|flows.ACK, time.Duration(i)*floodEvery+after)
					if !yield(&p) {
						return
					}
				}
			}
		}
	}
	syns := func(yield func(*packet) bool) {
		for i := range w.Flood {
			p := syn(i)
			if !yield(&p) {
				return
			}
			if planned == nil {
				continue
			}
			if at := time.Duration(i) * floodEvery; w.mix(^i)%100 < floodAnswered {
				planned(plan("forged-answered", flows.OpeningHalfOpen, flows.ClosingNever, p,
					p.answer(flows.SYN|flows.ACK, at+floodTurn), p.answer(flows.SYN|flows.ACK, at+floodTurn+floodRetry)))
			} else {
				planned(plan("forged", flows.OpeningUnanswered, flows.ClosingNever, p))
			}
		}
	}
	return []stream{syns, answers(floodTurn), answers(floodTurn + floodRetry)}
}

// live is what opens the connections, one after the other, and then the rounds.
func (w Workload) live(planned func(*Plan)) stream {
	const length = 100
	opening := func(i int) [3]packet {
		at := 3 * time.Duration(i) * manyEvery
		syn := w.syn(i, at)
		synACK := syn.answer(flows.SYN|flows.ACK, at+manyEvery)
		return [3]packet{syn, synACK, synACK.answer(flows.ACK, at+2*manyEvery)}
	}
	data := func(i, round int, at time.Duration) packet {
		p := opening(i)[1].answer(flows.PSH|flows.ACK, at)
		p.seq += flows.Seq(round * length)
		p.id += uint16(round) + 1
		p.length = length
		return p
	}
	tell := func(i int, more ...packet) {
		if planned == nil {
			return
		}
		three := opening(i)
		p := plan("live", flows.OpeningComplete, flows.ClosingOpen, append(three[:], more...)...)
		p.Opening.Connect = 2 * manyEvery
		for range w.Rounds - len(more) {
			p.count(&more[0], client)
		}
		planned(p)
	}
	return func(yield func(*packet) bool) {
		for i := range w.Live {
			for _, p := range opening(i) {
				if !yield(&p) {
					return
				}
			}
			if w.Rounds == 0 {
				tell(i)
			}
		}
		for n := range w.Live * w.Rounds {
			i, round := n*2_654_435_761%w.Live, n/w.Live
			p := data(i, round, time.Duration(3*w.Live+n)*manyEvery)
			if !yield(&p) {
				return
			}
			if round == w.Rounds-1 {
				tell(i, p)
			}
		}
	}
}

// lone ends with the last SYN once more: late enough for all to be without an answer, and not without one yet.
func (w Workload) lone(planned func(*Plan)) stream {
	return func(yield func(*packet) bool) {
		for i := range w.Lone {
			p := w.syn(i, time.Duration(i)*manyEvery)
			sent := []packet{p}
			if !yield(&p) {
				return
			}
			if i == w.Lone-1 {
				p = w.syn(i, time.Duration(i)*manyEvery+4*time.Second)
				p.id++
				sent = append(sent, p)
				if !yield(&p) {
					return
				}
			}
			if planned != nil {
				planned(plan("lone", flows.OpeningUnanswered, flows.ClosingNever, sent...))
			}
		}
	}
}
