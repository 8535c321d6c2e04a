//go:build cgo && !linux

package pcaps

import "errors"

// openDevice opens an interface with libpcap, the only way here.
func openDevice(name string, l Live, expr string) (device, error) {
	if l.Backend == BackendAFPacket {
		return nil, &CaptureError{name, errors.New("AF_PACKET is Linux's: --capture pcap")}
	}
	return openHandle(name, l, expr)
}

func maySee(string) error { return nil }
