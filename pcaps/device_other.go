//go:build cgo && !linux

package pcaps

import (
	"errors"
	"net"
)

// openDevices opens interfaces with libpcap, the only way here.
func openDevices(names []string, l Live, expr string) (*capture, error) {
	if l.Backend == BackendAFPacket {
		return nil, &CaptureError{names[0], errors.New("AF_PACKET is Linux's: --capture pcap")}
	}
	return openHandles(names, l, expr)
}

func maySee(string) error { return nil }

// watch looks whether an interface is still there and up.
type watch struct{ name string }

func newWatch(name string) watch { return watch{name} }

func (w watch) state() error {
	if w.name == AnyInterface {
		return nil
	}
	i, err := net.InterfaceByName(w.name)
	switch {
	case err != nil:
		return &lost{w.name, ErrGone}
	case i.Flags&net.FlagUp == 0:
		return &lost{w.name, ErrDown}
	}
	return nil
}

func (watch) close() {}
