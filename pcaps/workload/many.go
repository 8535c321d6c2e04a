package workload

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Connections too many to keep: everything about the i-th follows from i.

const (
	floodEvery = 5 * time.Microsecond
	floodTurn  = 300 * time.Microsecond
	floodRetry = time.Second
	liveEvery  = time.Microsecond
	liveLength = 100 // of a segment of data
)

// mix is a number of as many bits that look random (SplitMix64).
func (w Workload) mix(i int) uint64 {
	z := w.Seed + uint64(i+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// syn is the SYN of the i-th connection, of a client that has no other. Clocks of time stamps are those of the capture.
func (w Workload) syn(i int, at time.Duration) packet {
	x := w.mix(i)
	host := addr4(uint32(clients + i))
	if w.IPv6 {
		host = addr6(uint32(clients + i))
	}
	return packet{at: start + int64(at), from: netip.AddrPortFrom(host, uint16(1024+x%60_000)), to: serverAddr(0, w.IPv6),
		seq: flows.Seq(x >> 32), flags: flows.SYN, id: uint16(x >> 16), ttl: uint8(40 + x%24), tsval: uint32(at / time.Millisecond)}
}

// answer is what the other end sends to a segment, at a time.
func (p packet) answer(flags flows.Flags, at time.Duration) packet {
	a := packet{at: start + int64(at), from: p.to, to: p.from, seq: p.ack, ack: p.end(), flags: flags, id: p.id + 1, ttl: 60,
		bare: p.bare, tsval: uint32(at / time.Millisecond), tsecr: p.tsval}
	if flags.Any(flows.SYN) {
		a.seq, a.id = p.seq<<16|p.seq>>16, 0
	}
	return a
}

// flood is three streams: the SYNs, the answers, and these again.
func (w Workload) flood(planned func(*Plan)) []stream {
	// passes are the packets of the i-th connection: one, or three.
	passes := func(i int) []packet {
		at := time.Duration(i) * floodEvery
		syn := w.syn(i, at)
		syn.bare = true // as those are that tools for this send
		if w.mix(^i)%100 >= uint64(w.Answered) {
			return []packet{syn}
		}
		return []packet{syn, syn.answer(flows.SYN|flows.ACK, at+floodTurn), syn.answer(flows.SYN|flows.ACK, at+floodTurn+floodRetry)}
	}
	var three []stream
	for n := range 3 {
		three = append(three, func(yield func(*packet) bool) {
			for i := range w.Flood {
				all := passes(i)
				if n < len(all) && !yield(&all[n]) {
					return
				}
				if n == 0 && planned != nil {
					planned(forged(all))
				}
			}
		})
	}
	return three
}

// forged is the plan of a connection of a flood.
func forged(passes []packet) *Plan {
	p := &Plan{Kind: "forged", Client: passes[0].from.String(), Server: passes[0].to.String()}
	p.Opening.Outcome = flows.OpeningUnanswered.String()
	if len(passes) > 1 {
		p.Kind, p.Opening.Outcome = "forged-answered", flows.OpeningHalfOpen.String()
	}
	for i := range passes {
		p.count(&passes[i], min(i, server))
	}
	return p
}

// live is what opens the connections, one after the other, and then the rounds.
func (w Workload) live(yield func(*packet) bool) {
	opening := func(i int) [3]packet {
		at := 3 * time.Duration(i) * liveEvery
		syn := w.syn(i, at)
		synACK := syn.answer(flows.SYN|flows.ACK, at+liveEvery)
		return [3]packet{syn, synACK, synACK.answer(flows.ACK, at+2*liveEvery)}
	}
	for i := range w.Live {
		for _, p := range opening(i) {
			if !yield(&p) {
				return
			}
		}
	}
	for n := range w.Live * w.Rounds {
		i, round := int(int64(n)*2_654_435_761%int64(w.Live)), n/w.Live // a prime, so that it meets each once in a round
		p := opening(i)[1].answer(flows.PSH|flows.ACK, time.Duration(3*w.Live+n)*liveEvery)
		p.seq += flows.Seq(round * liveLength)
		p.id += uint16(round) + 1
		p.length = liveLength
		if !yield(&p) {
			return
		}
	}
}
