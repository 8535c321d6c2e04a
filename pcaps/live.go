package pcaps

import "errors"

// Live says how to capture on interfaces. The zero value captures whole packets, in promiscuous mode.
type Live struct {
	Backend        Backend
	Snaplen        int  // bytes kept of a packet; 0: DefaultSnaplen
	Ring           int  // bytes of the kernel's buffer of each interface; 0: DefaultRing
	Rings          int  // that AF_PACKET shares the packets and the buffer among, flow by flow, each read by a goroutine of its own; 0: one
	NotPromiscuous bool // leave the interface in the mode that it is in
	// File is what the capture is called in segments and errors; "" is the interfaces.
	File string
}

const (
	DefaultSnaplen = 262144 // as tcpdump's
	DefaultRing    = 32 << 20
	// AnyInterface is all interfaces of the machine, those that come up later too.
	AnyInterface = "any"
)

// Backend is a way to get packets from the kernel.
type Backend uint8

const (
	DefaultBackend  Backend = iota
	BackendPcap             // libpcap
	BackendAFPacket         // Linux's AF_PACKET, TPACKET_V3
)

// ParseBackend reads pcap or afpacket.
func ParseBackend(s string) (Backend, error) {
	switch s {
	case "pcap":
		return BackendPcap, nil
	case "afpacket":
		return BackendAFPacket, nil
	}
	return DefaultBackend, errors.New("it is pcap or afpacket")
}

// Why an interface cannot be captured on.
var (
	ErrNoRight     = errors.New("no right to capture (needs CAP_NET_RAW)")
	ErrNoInterface = errors.New("no such interface")
	ErrDown        = errors.New("the interface is down")
	ErrGone        = errors.New("the interface has gone away")
	ErrNoCapture   = errors.New("this build cannot capture (built without cgo and libpcap)")
)

// CaptureError says that an interface cannot be captured on. What happens to one that is being captured
// on is a ReadError.
type CaptureError struct {
	Interface string
	Err       error
}

func (e *CaptureError) Error() string { return printable(e.Interface) + ": " + e.Err.Error() }
func (e *CaptureError) Unwrap() error { return e.Err }
