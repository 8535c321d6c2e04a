//go:build cgo

package pcaps

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"tcpwhy/pcaps/netlab"
)

// twoHosts are two namespaces with a veth pair, v0, between them.
func twoHosts(t *testing.T) (here, there *netlab.Namespace) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make network namespaces, and capture in them")
	}
	for _, n := range []**netlab.Namespace{&here, &there} {
		var err error
		if *n, err = netlab.NewNamespace(); err != nil {
			t.Skip("needs network namespaces: ", err)
		}
		t.Cleanup((*n).Close)
	}
	err := here.Join(there, "v0")
	for _, n := range []*netlab.Namespace{here, there} {
		if err == nil {
			err = n.IP("link set v0 up")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return here, there
}

// TestFlowsStayInOneRing: both directions of a flow, and all fragments of a datagram; and each ring has some.
func TestFlowsStayInOneRing(t *testing.T) {
	here, there := twoHosts(t)
	for _, version := range []int{4, 6} {
		var rs *rings
		var err error
		here.Do(func() {
			rs, err = openRings([]string{"v0"}, Live{Snaplen: DefaultSnaplen, Ring: DefaultRing, Rings: 4}, "")
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rs.close()
		if rs.unshared != nil {
			t.Skip(rs.unshared)
		}
		in, err := there.Open("v0")
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := here.Open("v0")
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		const flows = 200
		sent := 0
		for i := range flows {
			for _, err := range []error{in.Send(packet(version, i, 1)), out.Send(packet(version, i, 0)), in.Send(packet(version, i, 1))} {
				if err != nil {
					t.Fatal(err)
				}
				sent++
			}
		}
		if version == 4 {
			for i := range 3 * flows {
				if err := in.Send(fragment(i/3, i%3)); err != nil {
					t.Fatal(err)
				}
				sent++
			}
		}
		time.Sleep(10 * settleTime) // on a busy machine too
		ringOf := map[uint32]int{}  // by flow, or datagram
		for at, r := range rs.rings {
			n := 0
			var f Frame
			for {
				ok, err := r.read(&f)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				n++
				k := binary.BigEndian.Uint32(f.Data[len(f.Data)-4:])
				if was, ok := ringOf[k]; ok && was != at {
					t.Fatalf("IPv%d: %d of ring %d came to ring %d", version, k, was, at)
				}
				ringOf[k] = at
			}
			if sent -= n; n < flows/4 {
				t.Errorf("IPv%d: ring %d has %d packets", version, at, n)
			}
			if !r.silent() {
				t.Errorf("IPv%d: ring %d is not silent when all was read", version, at)
			}
		}
		if sent != 0 {
			t.Errorf("IPv%d: %d packets are missing", version, sent)
		}
	}
}

// packet is one of a flow, from its client or to it, that ends with the flow's number.
func packet(version, flow, to int) []byte {
	b := make([]byte, 14, 14+40+20+4)
	copy(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00")
	ends := [2][]byte{{10, 0, byte(flow), 9}, {192, 0, 2, 1}}
	if version == 4 {
		b = append(b, 0x45, 0, 0, 44, 0, 0, 0, 0, 64, 6, 0, 0)
	} else {
		b[12], b[13] = 0x86, 0xdd
		b = append(b, 0x60, 0, byte(flow), byte(to), 0, 24, 6, 64) // each direction has a flow label of its own
		for i := range ends {
			ends[i] = append([]byte("\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ends[i]...)
		}
	}
	b = append(append(b, ends[to]...), ends[1-to]...)
	ports := [2]uint16{uint16(30000 + flow), 443}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, ports[to]), ports[1-to])
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 1, 5<<4, 0x10, 0, 0, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, uint32(flow))
}

// fragment is one of three of a datagram.
func fragment(datagram, n int) []byte {
	b := packet(4, datagram, 1)
	b[14+6], b[14+7] = 0x20, byte(3*n) // more to come, at an offset of eight bytes each
	b[14+12] = 11                      // between other hosts
	binary.BigEndian.PutUint32(b[len(b)-4:], uint32(1000+datagram))
	return b
}

// TestKernelRefusesToShare: as it does more rings than it takes; then there is one, and a reason.
func TestKernelRefusesToShare(t *testing.T) {
	here, there := twoHosts(t)
	var s *Source
	var err error
	here.Do(func() { s, err = OpenLive([]string{"v0"}, Live{Ring: 1 << 20, Rings: 300}, Config{Count: 3}) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Unshared(); err == nil || !strings.HasPrefix(err.Error(), "PACKET_FANOUT: ") {
		t.Fatalf("300 rings: %v", err)
	}
	if n := len(s.frames.(*capture).readers); n != 1 {
		t.Errorf("%d rings are left", n)
	}
	p, err := there.Open("v0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range 3 {
		if err := p.Send(packet(4, i, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for f, err := s.frames.next(); ; f, err = s.frames.next() {
		if err != nil {
			t.Fatal(err)
		}
		if f != nil && f.Number == 3 {
			break
		}
	}
}

// TestUnevenRings: a packet in a ring that is hardly used, or not at all, holds no other back, and is handed out in its turn.
func TestUnevenRings(t *testing.T) {
	here, there := twoHosts(t)
	var slow time.Duration
	for range 10 { // a machine that is busy with other things makes everyone wait: not ten times
		if slow = unevenRings(t, here, there); slow <= 100*time.Millisecond {
			break
		}
	}
	t.Logf("handed out after %v at the latest", slow)
	if slow > 100*time.Millisecond {
		t.Errorf("a packet was handed out only %v after it had passed", slow)
	}
}

// unevenRings is the longest time from a packet to when it is handed out.
func unevenRings(t *testing.T, here, there *netlab.Namespace) (slow time.Duration) {
	var s *Source
	var err error
	here.Do(func() { s, err = OpenLive([]string{"v0"}, Live{Rings: 4}, Config{}) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Unshared() != nil {
		t.Skip(s.Unshared())
	}
	p, err := there.Open("v0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const n = 5000
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			flow := 0
			if i%97 == 0 {
				flow = i
			}
			b := packet(4, flow%200, 1)
			binary.BigEndian.PutUint32(b[len(b)-4:], uint32(i))
			if err := p.Send(b); err != nil {
				sent <- err
				return
			}
			if i%50 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		s.Stop()
		sent <- nil
	}()
	for i := uint32(0); ; {
		f, err := s.frames.next()
		if err != nil {
			if i != n {
				t.Errorf("%d packets of %d: %v", i, n, err)
			}
			break
		}
		if f == nil {
			continue
		}
		slow = max(slow, time.Duration(time.Now().UnixNano()-f.Time))
		if got := binary.BigEndian.Uint32(f.Data[len(f.Data)-4:]); got != i {
			t.Fatalf("packet %d in the turn of %d", got, i)
		}
		i++
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	return slow
}
