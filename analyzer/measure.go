package analyzer

import "tcpwhy/flows"

// Unit is what a measure is counted in.
type Unit uint8

const (
	Count Unit = iota
	Bytes
	Time // nanoseconds
)

// Growth is what becomes of a number as more of its flow is seen.
type Growth uint8

const (
	Grows    Growth = iota
	Fixed           // once measured it stays, where the flow was seen from its beginning
	Constant        // the same in each of its packets, once client and server are told apart
	Counted         // it depends on other flows
)

// Lasts reports whether such a number of f stays as it is, whatever the ceiling may have taken of f.
func (g Growth) Lasts(f *flows.Flow) bool {
	switch g {
	case Fixed:
		return !f.Capture.Resumed && !f.Capture.Midstream
	case Constant:
		return !f.Capture.Midstream || f.Roles != flows.RolesGuessed
	case Counted:
		return false
	}
	return f.Capture.Whole()
}

// Measure is a number that flows have: what they are sorted by, and what limits are set to.
type Measure struct {
	Name string
	Unit Unit
	Doc  string // what it is, no capital, no period
	// Of is the flow's; ok is false where there was nothing to measure.
	Of func(*flows.Flow) (n int64, ok bool)
	// Packets are those of a flow that it is measured by, sorted; nil: it has none of its own.
	Packets func(*flows.Flow) []uint64
	Growth  Growth
}

// Measures are all of them, what is asked for most often first.
var Measures = []Measure{
	{"connect", Time, "from the first SYN to the ACK, as the application waited", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.Connect }), OpeningPackets, Fixed},
	{"ready", Time, "from the first SYN until the server can have taken the connection", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.ServerReady }), OpeningPackets, Fixed},
	{"handshake", Time, "from the SYN that was answered to the ACK", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.Handshake }), OpeningPackets, Fixed},
	{"syn-to-syn-ack", Time, "the answer to the SYN: the way to the server, and the server", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNToSYNACK }), OpeningPackets, Fixed},
	{"syn-ack-to-ack", Time, "the answer to the SYN-ACK: the client's side", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNACKToACK }), OpeningPackets, Fixed},
	{"fin-to-ack", Time, "from the first FIN to the ACK of it", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToACK }), closingPackets, Fixed},
	{"fin-to-fin", Time, "from the first FIN to the other end's: half closed", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToFIN }), closingPackets, Fixed},
	{"close", Time, "from the first FIN to the last ACK", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.Close }), closingPackets, Grows},
	{"duration", Time, "from the first packet to the last", func(f *flows.Flow) (int64, bool) { return f.Last - f.First, true }, nil, Grows},
	{"packets", Count, "packets of both ends", number(func(f *flows.Flow) uint64 { return f.Client().Packets + f.Server().Packets }), nil, Grows},
	{"client.packets", Count, "packets of the client", number(func(f *flows.Flow) uint64 { return f.Client().Packets }), nil, Grows},
	{"server.packets", Count, "packets of the server", number(func(f *flows.Flow) uint64 { return f.Server().Packets }), nil, Grows},
	{"bytes", Bytes, "payload of both ends", number(func(f *flows.Flow) uint64 { return f.Client().PayloadBytes + f.Server().PayloadBytes }), nil, Grows},
	{"client.bytes", Bytes, "payload of the client", number(func(f *flows.Flow) uint64 { return f.Client().PayloadBytes }), nil, Grows},
	{"server.bytes", Bytes, "payload of the server", number(func(f *flows.Flow) uint64 { return f.Server().PayloadBytes }), nil, Grows},
	{"retransmissions", Count, "segments sent again: SYN, SYN-ACK, data and FIN", number(func(f *flows.Flow) uint64 {
		return resent(&f.Client().Retransmissions) + resent(&f.Server().Retransmissions)
	}), nil, Grows},
	{"client.retransmissions", Count, "segments that the client sent again", number(func(f *flows.Flow) uint64 { return resent(&f.Client().Retransmissions) }), nil, Grows},
	{"server.retransmissions", Count, "segments that the server sent again", number(func(f *flows.Flow) uint64 { return resent(&f.Server().Retransmissions) }), nil, Grows},
	{"syn-sent", Count, "SYNs, the first and those sent again", number(func(f *flows.Flow) uint64 { return uint64(f.Opening.SYNs) }), OpeningPackets, Grows},
	{"syn-ack-sent", Count, "SYN-ACKs, the first and those sent again", number(func(f *flows.Flow) uint64 { return uint64(f.Opening.SYNACKs) }), OpeningPackets, Grows},
	{"missing-segments", Count, "times that something was acknowledged that the capture lacks", number(func(f *flows.Flow) uint64 { return uint64(f.Capture.MissingSegments) }), nil, Grows},
	{"port", Count, "the server's port", number(func(f *flows.Flow) uint64 { return uint64(f.Server().Addr.Port()) }), nil, Constant},
	{"client.port", Count, "the client's port", number(func(f *flows.Flow) uint64 { return uint64(f.Client().Addr.Port()) }), nil, Constant},
	{"flow", Count, "its number", number(func(f *flows.Flow) uint64 { return f.Number }), nil, Counted},
}

// MeasureNamed is the measure of that name, or nil.
func MeasureNamed(name string) *Measure {
	for i := range Measures {
		if Measures[i].Name == name {
			return &Measures[i]
		}
	}
	return nil
}

func timed(of func(*flows.Flow) flows.Elapsed) func(*flows.Flow) (int64, bool) {
	return func(f *flows.Flow) (int64, bool) {
		e := of(f)
		return int64(e.D), e.OK
	}
}

func number(of func(*flows.Flow) uint64) func(*flows.Flow) (int64, bool) {
	return func(f *flows.Flow) (int64, bool) { return int64(of(f)), true }
}

func resent(r *flows.Retransmissions) uint64 {
	return uint64(r.SYN) + uint64(r.SYNACK) + uint64(r.Data) + uint64(r.FIN)
}
