//go:build cgo

package pcaps_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
	"tcpwhy/pcaps/netlab"
)

type backend struct {
	name string
	pcaps.Backend
	rings int
}

var backends = []backend{{"pcap", pcaps.BackendPcap, 0}, {"afpacket", pcaps.BackendAFPacket, 0}, {"rings", pcaps.BackendAFPacket, 3}}

// eachBackend runs a test with each.
func eachBackend(t *testing.T, test func(*testing.T, backend)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { test(t, b) })
	}
}

// lab is two namespaces with veth pairs between them: each interface is there twice, under one name.
type lab struct {
	*testing.T
	here, there *netlab.Namespace
	names       []string
}

func newLab(t *testing.T, names ...string) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make network namespaces, and capture in them")
	}
	l := &lab{T: t, names: names}
	for _, n := range []**netlab.Namespace{&l.here, &l.there} {
		var err error
		if *n, err = netlab.NewNamespace(); err != nil {
			t.Skip("needs network namespaces: ", err)
		}
		t.Cleanup((*n).Close)
	}
	for _, name := range names {
		if err := l.here.Join(l.there, name); err != nil {
			t.Fatal(err)
		}
		l.ip(l.here, "link set "+name+" up")
		l.ip(l.there, "link set "+name+" up")
	}
	return l
}

func (l *lab) ip(n *netlab.Namespace, lines ...string) {
	l.Helper()
	if err := n.IP(lines...); err != nil {
		l.Fatal(err)
	}
}

// live captures here.
func (l *lab) live(names []string, c pcaps.Live, config pcaps.Config) *pcaps.Source {
	l.Helper()
	var s *pcaps.Source
	var err error
	l.here.Do(func() { s, err = pcaps.OpenLive(names, c, config) })
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { s.Close() })
	return s
}

// port sends from there on an interface, to here.
func (l *lab) port(name string) *netlab.Port {
	l.Helper()
	p, err := l.there.Open(name)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(p.Close)
	return p
}

func (l *lab) send(p *netlab.Port, frames ...[]byte) {
	l.Helper()
	for _, f := range frames {
		if err := p.Send(f); err != nil {
			l.Fatal(err)
		}
	}
}

// tun makes an interface here on which there are IP packets and nothing else: those that are written to it come in.
func (l *lab) tun(name string) *os.File {
	l.Helper()
	var fd int
	var err error
	l.here.Do(func() {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		var ifr *unix.Ifreq
		if ifr, err = unix.NewIfreq(name); err == nil {
			ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
		}
	})
	if err != nil {
		l.Skip("needs /dev/net/tun: ", err)
	}
	f := os.NewFile(uintptr(fd), name)
	l.Cleanup(func() { f.Close() })
	return f
}

// numbered is a frame with a TCP segment: the nth, which its sequence number tells, of one of some flows.
func numbered(n int, payload int) []byte {
	const ip, tcp = 20, 20
	b := make([]byte, 14+ip+tcp+payload)
	copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00})
	h := b[14:]
	h[0] = 0x45
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)))
	binary.BigEndian.PutUint16(h[4:], uint16(n))
	h[8], h[9] = 64, unix.IPPROTO_TCP
	copy(h[12:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	h = h[ip:]
	binary.BigEndian.PutUint16(h, uint16(40000+n%64))
	binary.BigEndian.PutUint16(h[2:], 9000)
	binary.BigEndian.PutUint32(h[4:], uint32(n))
	h[12], h[13] = tcp/4<<4, byte(flows.ACK)
	for i := range h[tcp:] {
		h[tcp+i] = byte(n + i)
	}
	return b
}

// withTag is the frame with a tag put in.
func withTag(frame []byte, tpid, tci uint16) []byte {
	b := slices.Clone(frame[:12])
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, tpid), tci)
	return append(b, frame[12:]...)
}

// patience is when a source is stopped at the latest, so that no test waits for ever.
const patience = time.Minute

// collect reads on to the end, or to n frames, and returns copies of them.
func (l *lab) collect(s *pcaps.Source, n int) []pcaps.Frame {
	l.Helper()
	timer := time.AfterFunc(patience, s.Stop)
	defer timer.Stop()
	var frames []pcaps.Frame
	var seg flows.Segment
	for len(frames) < n {
		_, err := s.Next(&seg)
		if err == io.EOF {
			break
		}
		if err != nil {
			l.Fatal(err)
		}
		f := *s.Frame()
		f.Data = bytes.Clone(f.Data)
		frames = append(frames, f)
	}
	return frames
}

func TestLiveFrames(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
		p := l.port("v0")
		began := time.Now().UnixNano()
		var sent [][]byte
		for i := range 300 {
			sent = append(sent, numbered(i, i*4))
		}
		l.send(p, sent...)
		frames := l.collect(s, len(sent))
		if len(frames) != len(sent) {
			t.Fatalf("got %d frames, want %d", len(frames), len(sent))
		}
		fine := false
		for i, f := range frames {
			if !bytes.Equal(f.Data, sent[i]) {
				t.Fatalf("frame %d: got\n%x, sent\n%x", i, f.Data, sent[i])
			}
			if f.Number != uint64(i+1) || f.Wire != len(sent[i]) || f.LinkType != 1 || f.Interface != 0 {
				t.Fatalf("frame %d: got %+v", i, f)
			}
			if f.Time < began || f.Time > time.Now().UnixNano() || i > 0 && f.Time < frames[i-1].Time {
				t.Fatalf("frame %d at %d, not in order or not of this test", i, f.Time)
			}
			fine = fine || f.Time%1000 != 0
		}
		if !fine {
			t.Error("no time is finer than a microsecond")
		}
		i := s.Interfaces()
		if len(i) != 1 || i[0].Name != "v0" || i[0].Received != (pcaps.Count{300, true}) || i[0].DroppedByOS != (pcaps.Count{0, true}) {
			t.Errorf("got %+v, want v0 with 300 received, none dropped", i)
		}
	})
}

func TestLiveSnaplen(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings, Snaplen: 60}, pcaps.Config{})
		sent := withTag(numbered(1, 500), 0x8100, 42)
		l.send(l.port("v0"), sent)
		frames := l.collect(s, 1)
		if len(frames) != 1 || !bytes.Equal(frames[0].Data, sent[:60]) || frames[0].Wire != len(sent) {
			t.Errorf("got %+v, want 60 bytes of %d", frames, len(sent))
		}
	})
}

func TestLiveFilterRunsInTheKernel(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{Filter: "tcp and ip[4:2] % 2 = 1"})
		p := l.port("v0")
		for i := range 100 {
			l.send(p, numbered(i, 0))
		}
		frames := l.collect(s, 50)
		if len(frames) != 50 || binary.BigEndian.Uint16(frames[49].Data[18:]) != 99 {
			t.Errorf("got %d frames, want the 50 of an odd number", len(frames))
		}
		if st := s.Stats(); st.Read != 50 || st.Filtered != 0 {
			t.Errorf("got %+v: what the filter held back should not have come here", st)
		}
		if n := s.Interfaces()[0].Received; n.N != 50 {
			t.Errorf("the kernel passed on %v, want 50", n)
		}
	})
	t.Run("bad", func(t *testing.T) {
		l := newLab(t, "v0")
		for _, b := range backends {
			l.here.Do(func() {
				_, err := pcaps.OpenLive([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{Filter: "tcp prot 80"})
				if _, ok := err.(*pcaps.FilterError); !ok {
					t.Errorf("%s: got %v, want a FilterError", b.name, err)
				}
			})
		}
	})
}

// TestTagsArePutBack: the kernel takes the outer tag off, whichever way a packet goes.
func TestTagsArePutBack(t *testing.T) {
	sent := [][]byte{
		withTag(numbered(1, 10), 0x8100, 5<<13|42),                      // with a priority
		withTag(numbered(2, 10), 0x8100, 0),                             // a priority tag, of no VLAN and priority 0
		withTag(withTag(numbered(3, 10), 0x8100, 7), 0x88a8, 1<<12|100), // 802.1ad, drop eligible
		withTag(withTag(numbered(4, 10), 0x8100, 7), 0x8100, 100),       // 802.1Q in 802.1Q
		numbered(5, 10),
	}
	for _, name := range []string{"v0", pcaps.AnyInterface} {
		eachBackend(t, func(t *testing.T, b backend) {
			if name == pcaps.AnyInterface && b.Backend == pcaps.BackendPcap {
				t.Skip("libpcap gives all interfaces as Linux cooked packets")
			}
			l := newLab(t, "v0")
			s := l.live([]string{name}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
			l.send(l.port("v0"), sent...)
			frames := l.collect(s, len(sent))
			if len(frames) != len(sent) {
				t.Fatalf("got %d frames, want %d", len(frames), len(sent))
			}
			for i, f := range frames {
				if !bytes.Equal(f.Data, sent[i]) || f.Wire != len(sent[i]) {
					t.Errorf("frame %d: got %d bytes on the wire,\n%x, sent %d,\n%x", i+1, f.Wire, f.Data, len(sent[i]), sent[i])
				}
			}
		})
	}
	t.Run("filter", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b backend) {
			l := newLab(t, "v0")
			s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{Filter: "vlan 42 and tcp"})
			l.send(l.port("v0"), sent...)
			l.send(l.port("v0"), sent[0])
			if frames := l.collect(s, 2); len(frames) != 2 || !bytes.Equal(frames[1].Data, sent[0]) {
				t.Errorf("got %d frames, want the two of VLAN 42", len(frames))
			}
		})
	})
	t.Run("sent", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, b backend) {
			l := newLab(t, "v0")
			if err := l.here.IP("link add link v0 name v0.9 type vlan id 9", "link set v0.9 up"); err != nil {
				t.Skip("needs VLAN interfaces: ", err)
			}
			s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
			p, err := l.here.Open("v0.9")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			l.send(p, numbered(1, 10))
			frames := l.collect(s, 1)
			if want := withTag(numbered(1, 10), 0x8100, 9); len(frames) != 1 || !bytes.Equal(frames[0].Data, want) {
				t.Errorf("got %+v, want\n%x", frames, want)
			}
		})
	})
}

// TestLoopbackOnce: a packet on lo passes twice, out and in.
func TestLoopbackOnce(t *testing.T) {
	for _, name := range []string{"lo", pcaps.AnyInterface} {
		t.Run(name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, b backend) {
				if name == pcaps.AnyInterface && b.Backend == pcaps.BackendPcap {
					t.Skip("libpcap gives both on any")
				}
				l := newLab(t)
				s := l.live([]string{name}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
				p, err := l.here.Open("lo")
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				for i := range 10 {
					l.send(p, numbered(i, 0))
				}
				s.Stop()
				if frames := l.collect(s, 100); len(frames) != 10 {
					t.Errorf("got %d frames of 10", len(frames))
				}
			})
		})
	}
}

// TestAnyTellsInterfaces: each packet has the link type and the name of its own interface, one that came up later too.
func TestAnyTellsInterfaces(t *testing.T) {
	l := newLab(t, "v0")
	s := l.live([]string{pcaps.AnyInterface}, pcaps.Live{}, pcaps.Config{Filter: "tcp"})
	l.send(l.port("v0"), numbered(1, 0))
	tun := l.tun("tun0")
	l.ip(l.here, "link set tun0 up")
	if _, err := tun.Write(numbered(2, 0)[14:]); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	var got []string
	var seg flows.Segment
	for {
		v, err := s.Next(&seg)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f := s.Frame()
		got = append(got, fmt.Sprintf("%s %d %v seq %d", s.Interfaces()[f.Interface].Name, f.LinkType, v, seg.Seq))
		if seg.Interface != f.Interface {
			t.Errorf("segment of interface %d in a frame of %d", seg.Interface, f.Interface)
		}
	}
	want := []string{"v0 1 TCP seq 1", "tun0 101 TCP seq 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDropsAreCounted: what does not fit into the ring is missing, and told.
func TestDropsAreCounted(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		const n = 20000
		s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings, Ring: 512 << 10, Snaplen: 256}, pcaps.Config{})
		p := l.port("v0")
		for i := range n {
			l.send(p, numbered(i, 100))
		}
		s.Stop()
		read := len(l.collect(s, n))
		i := s.Interfaces()[0]
		if dropped := int(i.DroppedByOS.N); dropped == 0 || read+dropped != n || !i.DroppedByOS.OK {
			t.Errorf("read %d, %d dropped by the kernel: want %d together, and some of either", read, dropped, n)
		}
		if i.Received.N != n {
			t.Errorf("the kernel received %d, want %d", i.Received.N, n)
		}
	})
}

// TestStopHandsOutWhatHasPassed: also what the kernel still had in a block of its own.
func TestStopHandsOutWhatHasPassed(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0", "v1")
		for _, names := range [][]string{{"v0"}, {"v0", "v1"}} {
			s := l.live(names, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
			p := l.port("v0")
			for i := range 50 {
				l.send(p, numbered(i, 0))
			}
			s.Stop()
			time.Sleep(2 * time.Millisecond)
			l.send(p, numbered(99, 0))
			began := time.Now()
			if frames := l.collect(s, 100); len(frames) != 50 {
				t.Errorf("%v: got %d frames, want the 50 before the stop", names, len(frames))
			}
			if took := time.Since(began); took > patience/2 {
				t.Errorf("%v: took %v to stop", names, took)
			}
			s.Close()
		}
	})
}

func TestInterfaceThatGoes(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		for _, c := range []struct {
			name, do string
			want     error
		}{{"down", "link set v0 down", pcaps.ErrDown}, {"away", "link del v0", pcaps.ErrGone}} {
			for _, names := range [][]string{{"v0"}, {"v1", "v0"}} {
				t.Run(fmt.Sprint(c.name, len(names)), func(t *testing.T) {
					l := newLab(t, "v0", "v1")
					s := l.live(names, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
					l.send(l.port("v0"), numbered(1, 0))
					timer := time.AfterFunc(patience, s.Stop)
					defer timer.Stop()
					var seg flows.Segment
					began := time.Now()
					_, err := s.Next(&seg)
					read := []error{err}
					l.ip(l.here, c.do)
					_, err = s.Next(&seg)
					read = append(read, err)
					var e *pcaps.ReadError
					if read[0] != nil || !errors.As(read[1], &e) || e.Name != "v0" || e.Packets != 1 || !errors.Is(e, c.want) {
						t.Errorf("got %v, want a packet, then v0: %v", read, c.want)
					}
					if took := time.Since(began); took > patience/2 {
						t.Errorf("it took %v to be told", took)
					}
				})
			}
		}
	})
}

// TestSeveralInterfacesAreOne: packets of several are handed out in the order in which they passed; with libpcap
// only where the machine is not too busy to read each in time, but all of them, and each interface's in order.
func TestSeveralInterfacesAreOne(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0", "v1", "v2", "other")
		s := l.live([]string{"v0", "v1", "v2"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
		ports, other := []*netlab.Port{l.port("v0"), l.port("v1"), l.port("v2")}, l.port("other")
		const n = 600
		for i := range n {
			l.send(ports[i%2+i/400], numbered(i, 0)) // in turn; v2 is silent at first
			l.send(other, numbered(i+n, 0))
			if i%100 == 0 {
				time.Sleep(15 * time.Millisecond)
			}
		}
		frames := l.collect(s, n)
		last := map[int32]int{}
		for i, f := range frames {
			got := int(binary.BigEndian.Uint32(f.Data[38:]))
			name := s.Interfaces()[f.Interface].Name
			if want := fmt.Sprintf("v%d", got%2+got/400); b.Backend == pcaps.BackendAFPacket && got != i || name != want || f.Number != uint64(i+1) {
				t.Fatalf("frame %d: got packet %d of %s", i, got, name)
			}
			if before, ok := last[f.Interface]; ok && got <= before {
				t.Fatalf("frame %d: packet %d of %s after %d", i, got, name, before)
			}
			last[f.Interface] = got
		}
		if len(frames) != n {
			t.Errorf("got %d frames, want %d", len(frames), n)
		}
	})
}

// TestLatency: a person watches. A packet is handed out within 100 ms, and a pause is made, in which it is printed, also
// while other packets keep coming.
func TestLatency(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0", "v1")
		for _, names := range [][]string{{"v0"}, {"v0", "v1"}} {
			var worst time.Duration
			// A machine that is busy with other things makes everyone wait: not ten times.
			for range 10 {
				if worst = l.latency(names, b); worst <= 100*time.Millisecond {
					break
				}
			}
			t.Logf("%v: printed after %v at the latest", names, worst)
			if worst > 100*time.Millisecond {
				t.Errorf("%v: a packet was printed only %v after it had passed", names, worst)
			}
		}
	})
}

// latency is the longest time from a packet to the pause after it.
func (l *lab) latency(names []string, b backend) (worst time.Duration) {
	const single, steady = 4, 100
	var waiting []int64 // times of packets since the last pause
	s := l.live(names, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
	defer s.Close()
	p := l.port("v0")
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range single + steady {
			if err := p.Send(numbered(i, 0)); err != nil {
				l.Error(err)
			}
			if i < single {
				time.Sleep(70 * time.Millisecond)
			} else {
				time.Sleep(2 * time.Millisecond)
			}
		}
		time.Sleep(150 * time.Millisecond)
		s.Stop()
	})
	defer wg.Wait()
	var segs [1]flows.Segment
	for n := 0; ; {
		switch _, err := s.Segments().Read(segs[:]); {
		case err == nil:
			n++
			waiting = append(waiting, segs[0].Time)
		case err == io.ErrNoProgress:
			now := time.Now().UnixNano()
			for _, at := range waiting {
				worst = max(worst, time.Duration(now-at))
			}
			waiting = waiting[:0]
		case err == io.EOF && n == single+steady && len(waiting) == 0:
			return worst
		default:
			l.Errorf("after %d packets, %d of them not printed: %v", n, len(waiting), err)
			return worst
		}
	}
}

// TestDo: what a signal asks for is done also where nothing passes.
func TestDo(t *testing.T) {
	l := newLab(t, "v0")
	var took time.Duration
	for range 10 { // as in TestLatency
		s := l.live([]string{"v0"}, pcaps.Live{}, pcaps.Config{})
		began := time.Now()
		took = 0
		s.Do(func() {
			took = time.Since(began)
			s.Stop()
		})
		var seg flows.Segment
		if _, err := s.Next(&seg); err != io.EOF || took == 0 {
			t.Fatalf("got %v, want the end, after %v", err, took)
		}
		if took <= 100*time.Millisecond {
			return
		}
	}
	t.Errorf("done after %v", took)
}

func TestLiveRefusals(t *testing.T) {
	l := newLab(t, "v0")
	l.ip(l.here, "link set v0 down")
	eachBackend(t, func(t *testing.T, b backend) {
		for name, want := range map[string]error{
			"nosuch": pcaps.ErrNoInterface, "a-name-much-too-long-for-one": pcaps.ErrNoInterface, "v0": pcaps.ErrDown,
		} {
			var err error
			l.here.Do(func() {
				_, err = pcaps.OpenLive([]string{"lo", name}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
			})
			var e *pcaps.CaptureError
			if !errors.As(err, &e) || e.Interface != name || e.Err != want {
				t.Errorf("got %v, want %s: %v", err, name, want)
			}
		}
	})
}

// TestPromiscuous: by default the interface is, and is no more when the capture ends.
func TestPromiscuous(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		is := func() bool {
			err := l.here.Command("sh", "-c", "ip -d link show v0 | grep -q 'promiscuity [1-9]'")
			return err == nil
		}
		for _, modest := range []bool{false, true} {
			s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings, NotPromiscuous: modest}, pcaps.Config{})
			if got := is(); got == modest {
				t.Errorf("NotPromiscuous %v: promiscuous %v", modest, got)
			}
			s.Close()
			if is() {
				t.Error("it stays promiscuous behind the capture")
			}
		}
	})
}

// TestRingDoesNotAllocate: a packet costs no memory, tagged or not.
func TestRingDoesNotAllocate(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		l := newLab(t, "v0")
		s := l.live([]string{"v0"}, pcaps.Live{Backend: b.Backend, Rings: b.rings}, pcaps.Config{})
		p := l.port("v0")
		const n = 500
		for i := range n + 10 {
			l.send(p, numbered(i, 0), withTag(numbered(i, 0), 0x8100, 42))
		}
		time.Sleep(50 * time.Millisecond)
		var seg flows.Segment
		s.Next(&seg)
		s.Next(&seg) // names the VLAN
		if got := testing.AllocsPerRun(n, func() { s.Next(&seg) }); got != 0 {
			t.Errorf("%v allocations a packet", got)
		}
	})
}
