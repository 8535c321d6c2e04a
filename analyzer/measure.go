package analyzer

import "tcpwhy/flows"

// Unit is what a measure is counted in.
type Unit uint8

const (
	Count Unit = iota
	Bytes
	Time // nanoseconds
)

// Measure is a number that flows have: what they are sorted by, and what limits are set to.
type Measure struct {
	Name string
	Unit Unit
	Doc  string // what it is, no capital, no period
	// Of is the flow's; ok is false where there was nothing to measure.
	Of func(*flows.Flow) (n int64, ok bool)
}

// Measures are all of them, what is asked for most often first.
var Measures = []Measure{
	{"connect", Time, "from the first SYN to the ACK, as the application waited", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.Connect })},
	{"ready", Time, "from the first SYN until the server can have taken the connection", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.ServerReady })},
	{"handshake", Time, "from the SYN that was answered to the ACK", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.Handshake })},
	{"syn-to-syn-ack", Time, "the answer to the SYN: the way to the server, and the server", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNToSYNACK })},
	{"syn-ack-to-ack", Time, "the answer to the SYN-ACK: the client's side", timed(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNACKToACK })},
	{"fin-to-ack", Time, "from the first FIN to the ACK of it", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToACK })},
	{"fin-to-fin", Time, "from the first FIN to the other end's: half closed", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToFIN })},
	{"close", Time, "from the first FIN to the last ACK", timed(func(f *flows.Flow) flows.Elapsed { return f.Closing.Close })},
	{"duration", Time, "from the first packet to the last", func(f *flows.Flow) (int64, bool) { return f.Last - f.First, true }},
	{"packets", Count, "packets of both ends", number(func(f *flows.Flow) uint64 { return f.Client().Packets + f.Server().Packets })},
	{"client.packets", Count, "packets of the client", number(func(f *flows.Flow) uint64 { return f.Client().Packets })},
	{"server.packets", Count, "packets of the server", number(func(f *flows.Flow) uint64 { return f.Server().Packets })},
	{"bytes", Bytes, "payload of both ends", number(func(f *flows.Flow) uint64 { return f.Client().PayloadBytes + f.Server().PayloadBytes })},
	{"client.bytes", Bytes, "payload of the client", number(func(f *flows.Flow) uint64 { return f.Client().PayloadBytes })},
	{"server.bytes", Bytes, "payload of the server", number(func(f *flows.Flow) uint64 { return f.Server().PayloadBytes })},
	{"retransmissions", Count, "segments sent again: SYN, SYN-ACK, data and FIN", number(func(f *flows.Flow) uint64 {
		return resent(&f.Client().Retransmissions) + resent(&f.Server().Retransmissions)
	})},
	{"client.retransmissions", Count, "segments that the client sent again", number(func(f *flows.Flow) uint64 { return resent(&f.Client().Retransmissions) })},
	{"server.retransmissions", Count, "segments that the server sent again", number(func(f *flows.Flow) uint64 { return resent(&f.Server().Retransmissions) })},
	{"syn-sent", Count, "SYNs, the first and those sent again", number(func(f *flows.Flow) uint64 { return uint64(f.Opening.SYNs) })},
	{"syn-ack-sent", Count, "SYN-ACKs, the first and those sent again", number(func(f *flows.Flow) uint64 { return uint64(f.Opening.SYNACKs) })},
	{"missing-segments", Count, "times that something was acknowledged that the capture lacks", number(func(f *flows.Flow) uint64 { return uint64(f.Capture.MissingSegments) })},
	{"port", Count, "the server's port", number(func(f *flows.Flow) uint64 { return uint64(f.Server().Addr.Port()) })},
	{"client.port", Count, "the client's port", number(func(f *flows.Flow) uint64 { return uint64(f.Client().Addr.Port()) })},
	{"flow", Count, "its number", number(func(f *flows.Flow) uint64 { return f.Number })},
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
