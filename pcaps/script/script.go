package script

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Default initial sequence numbers: the client's first bytes of data, and soon the server's,
// cross 2^32.
const (
	ClientISS flows.Seq = 1<<32 - 5
	ServerISS flows.Seq = 1<<32 - 96
)

// Options change what a script's text says. The zero value changes nothing.
type Options struct {
	// Start is the time of +0; the zero Time means 2026-01-02 15:04:05 UTC.
	Start time.Time
	// ISS replaces the initial sequence numbers of every flow, client's and server's.
	ISS *[2]flows.Seq
	// Swap exchanges > and < of every packet, and so what the two ends do.
	Swap bool
	// Sort puts the packets in order of time. Without it they stay in order of lines, as in
	// a capture whose clock was set back.
	Sort bool
}

var defaultStart = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// Script is a parsed script. It may be read by several goroutines.
type Script struct {
	Start   time.Time
	Flows   []*Flow // in order of first mention
	Packets []Packet
}

// Flow is a client and a server, and the network that they are in.
type Flow struct {
	Name string // "" for the unnamed one
	Ends [2]End // client, server
	VLAN []uint16

	index int // in Script.Flows
}

// End is one side of a flow.
type End struct {
	Addr netip.AddrPort
	ISS  flows.Seq
}

// Is6 reports whether f is an IPv6 flow.
func (f *Flow) Is6() bool { return f.Ends[0].Addr.Addr().Is6() }

// Dir is the way of a packet. The sender is Flow.Ends[d], the receiver Flow.Ends[1-d].
type Dir uint8

const (
	ToServer Dir = iota // >
	ToClient            // <
)

func (d Dir) String() string {
	if d == ToServer {
		return ">"
	}
	return "<"
}

// Packet is one line of a script. Where ICMP is set, Dir is the way of the
// error, and Flags to DataOffset are those of the packet that it quotes.
type Packet struct {
	LineNumber int    // from 1
	Line       string // as written, without comment
	Flow       *Flow
	Dir        Dir
	Time       time.Duration // since Script.Start
	ICMP       *ICMP         // nil: a TCP segment

	Flags    flows.Flags
	Seq, Ack flows.Seq // as in the header
	Len      uint32    // payload, bytes
	Window   uint16
	Urgent   uint16
	Options  []byte // of the TCP header, without padding

	TTL        uint8
	ID         uint16 // IPv4 identification; 0 on IPv6
	BadSum     bool
	DataOffset uint8 // in 32-bit words; 0: the true one

	VLAN []uint16 // outer first
	Snap int      // bytes captured from the IP header on; 0: all

	countedID bool // ID is the counter's
}

// ICMP is the error of an ICMP line.
type ICMP struct {
	Type, Code uint8
	MTU        uint32 // 0: none
	From       netip.Addr
	Quote      int // bytes quoted after the IP header
	Sender     Dir // the way of the quoted packet
}
