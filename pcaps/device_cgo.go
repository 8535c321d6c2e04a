//go:build cgo

package pcaps

import (
	"cmp"
	"errors"
	"io"
	"time"

	"github.com/google/gopacket/pcap"
)

// handle is an interface opened by libpcap.
type handle struct {
	*pcap.Handle
	name     string
	number   int32 // among the interfaces
	linkType uint32
	snaplen  int
	watch    watch
	ending   ending
	idle     int // reads in a row that brought nothing
}

func openHandle(name string, l Live, expr string) (*handle, error) {
	h, err := activate(name, l)
	if err != nil {
		return nil, &CaptureError{name, err}
	}
	if expr != "" {
		if err := h.SetBPFFilter(expr); err != nil {
			h.Close()
			return nil, &FilterError{expr, err.Error()}
		}
	}
	return &handle{
		Handle: h, name: name, linkType: linkTypeOf(int(h.LinkType())), snaplen: l.Snaplen, watch: newWatch(name),
	}, nil
}

// activate has libpcap open an interface.
func activate(name string, l Live) (*pcap.Handle, error) {
	if err := maySee(name); err != nil {
		return nil, err
	}
	in, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, err
	}
	defer in.CleanUp()
	for _, err := range []error{
		in.SetSnapLen(l.Snaplen),
		in.SetBufferSize(l.Ring),
		in.SetTimeout(blockTime),
		// To ask for it on all interfaces is a warning of libpcap's, of which gopacket makes an error.
		in.SetPromisc(!l.NotPromiscuous && name != AnyInterface),
	} {
		if err != nil {
			return nil, err
		}
	}
	h, err := in.Activate()
	if err != nil {
		switch err.Error() { // the type has no name outside of gopacket
		case "Permission Denied":
			return nil, ErrNoRight
		case "No Such Device":
			return nil, ErrNoInterface
		case "Interface Not Up":
			return nil, ErrDown
		}
		return nil, err
	}
	return h, nil
}

func (h *handle) read(f *Frame) (bool, error) {
	data, info, err := h.ZeroCopyReadPacketData()
	if err != nil && h.ending.err != nil {
		return false, h.ending.wait()
	}
	switch err {
	case nil:
		h.idle = 0
		f.Time = info.Timestamp.UnixNano()
		f.Data = data
		f.Wire = max(info.Length, len(data))
		f.LinkType = h.linkType
		f.Interface = h.number
		return true, nil
	case pcap.NextErrorTimeoutExpired:
		if h.idle++; h.idle%checkEvery != 0 {
			return false, nil
		}
		if err := h.watch.state(); err != nil {
			h.ending = ending{err, time.Now()}
		}
		return false, nil
	case io.EOF:
		return false, io.EOF
	}
	h.ending = ending{cmp.Or(h.watch.state(), error(&lost{h.name, h.Error()})), time.Now()}
	return false, nil
}

// checkEvery: libpcap does not tell when an interface goes down and might come up again.
const checkEvery = 10

// silent: libpcap does not tell.
func (h *handle) silent() bool { return false }

func (h *handle) interfaces() []Interface {
	i := Interface{Name: h.name, LinkType: h.linkType, Snaplen: uint32(h.snaplen)}
	if s, err := h.Stats(); err == nil {
		i.Received = Count{uint64(uint32(s.PacketsReceived)), true}
		i.DroppedByOS = Count{uint64(uint32(s.PacketsDropped)), true}
		i.Dropped = Count{uint64(uint32(s.PacketsIfDropped)), true}
	}
	return []Interface{i}
}

func (h *handle) close() {
	h.Close()
	h.watch.close()
}

// mayCapture tries to open an interface as OpenLive does, without changing its mode.
func mayCapture(name string) error {
	c, err := openDevices([]string{name}, Live{Snaplen: 128, Ring: 1 << 16, NotPromiscuous: true}, "")
	var failed *CaptureError
	if errors.As(err, &failed) {
		return failed.Err
	}
	if err == nil {
		c.close()
	}
	return err
}
