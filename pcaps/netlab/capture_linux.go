package netlab

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// capture reads one interface of a namespace through AF_PACKET.
type capture struct {
	sock   *os.File
	frames []captured
	done   chan error
}

type captured struct {
	time  time.Time
	frame []byte
}

// startCapture captures on the interface in the namespace of the calling thread: all TCP, and
// ICMP errors.
func startCapture(name string) (*capture, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("AF_PACKET: %w", err)
	}
	c := &capture{sock: os.NewFile(uintptr(fd), "capture"), done: make(chan error, 1)}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: int(ifr.Uint32())})
	}
	if err != nil {
		c.sock.Close()
		return nil, fmt.Errorf("capture on %s: %w", name, err)
	}
	go func() { c.done <- c.read(name == "lo") }()
	return c, nil
}

func htons(n uint16) uint16 { return n<<8 | n>>8 }

// end ends the capture once all that passed before has been read.
func (c *capture) end() error {
	// Frames that passed are in the socket's queue already: reading meets the deadline behind them.
	if err := c.sock.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		return err
	}
	err := <-c.done
	c.sock.Close()
	return err
}

func (c *capture) read(loopback bool) error {
	raw, err := c.sock.SyscallConn()
	if err != nil {
		return err
	}
	buf, oob := make([]byte, 1<<17), make([]byte, 128)
	for {
		var n, oobn int
		var from unix.Sockaddr
		var recvErr error
		err := raw.Read(func(fd uintptr) bool {
			n, oobn, _, from, recvErr = unix.Recvmsg(int(fd), buf, oob, 0)
			return recvErr != unix.EAGAIN
		})
		if os.IsTimeout(err) {
			return nil
		}
		if err == nil {
			err = recvErr
		}
		if err != nil {
			return fmt.Errorf("read from the interface: %w", err)
		}
		// On lo each frame passes out and in: libpcap takes the second as well.
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && loopback && ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		if !wanted(buf[:n]) {
			continue
		}
		stamp, err := timestamp(oob[:oobn])
		if err != nil {
			return err
		}
		c.frames = append(c.frames, captured{stamp, append([]byte(nil), buf[:n]...)})
	}
}

// wanted leaves out the chatter of IPv6: neighbours and multicast groups.
func wanted(frame []byte) bool {
	proto, at := protocol(frame)
	switch proto {
	case protoTCP, protoICMP:
		return true
	case protoICM6:
		return len(frame) > at && frame[at] < 128 // errors
	}
	return false
}

func timestamp(oob []byte) (time.Time, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return time.Time{}, fmt.Errorf("time stamp of a frame: %w", err)
	}
	for _, m := range msgs {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			s := int64(binary.NativeEndian.Uint64(m.Data))
			ns := int64(binary.NativeEndian.Uint64(m.Data[8:]))
			return time.Unix(s, ns).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("a frame without time stamp")
}

// pcap is the capture as a file: nanosecond magic, this machine's byte order, Ethernet.
func pcap(frames []captured) []byte {
	var b []byte
	ne := binary.NativeEndian
	b = ne.AppendUint32(b, 0xa1b23c4d)
	b = ne.AppendUint16(b, 2)
	b = ne.AppendUint16(b, 4)
	b = ne.AppendUint64(b, 0)
	b = ne.AppendUint32(b, 262144)
	b = ne.AppendUint32(b, 1) // LINKTYPE_ETHERNET
	for _, f := range frames {
		b = ne.AppendUint32(b, uint32(f.time.Unix()))
		b = ne.AppendUint32(b, uint32(f.time.Nanosecond()))
		b = ne.AppendUint32(b, uint32(len(f.frame)))
		b = ne.AppendUint32(b, uint32(len(f.frame)))
		b = append(b, f.frame...)
	}
	return b
}
