package pcaps

import (
	"errors"
	"io"
	"slices"
	"testing"

	"tcpwhy/flows"
)

// mixed is a capture of ten packets of many kinds, four of them TCP and one an ICMP quote.
func mixed() []byte {
	quoted := ip4(6, segment(flows.SYN, nil, nil))
	f := newFile(false)
	f.pcapHeader(0xa1b2c3d4, 1)
	for _, p := range [][]byte{
		eth(0x0800, ip4(6, segment(flows.SYN, nil, nil))),
		eth(0x0806, make([]byte, 28)),
		eth(0x0800, ip4(17, udp(53, nil))),
		eth(0x0800, ip4(6, segment(flows.SYN|flows.ACK, nil, nil))),
		eth(0x0800, ip4between(testSrc4, testDst4, 6, 1, 40, nil, make([]byte, 20))),
		eth(0x0800, ip4(1, join(x("03 03 0000 00000000"), quoted))),
		eth(0x86dd, ip6(6, segment(flows.ACK, nil, nil))),
		eth(0x0800, ip4(6, nil)),
		nil,
		eth(0x8100, tagged(7, 0x0800, ip4(6, segment(flows.FIN|flows.ACK, nil, nil)))),
	} {
		f.record(at, 0, p, len(p))
	}
	return f.b
}

// drain reads a source to its end. It fails the test if a packet is counted nowhere, or twice.
func drain(t testing.TB, s *Source) (packets []uint64, err error) {
	t.Helper()
	var seg flows.Segment
	for {
		v, err := s.Next(&seg)
		st := s.Stats()
		sum := st.Filtered + st.TCP + st.Quotes
		for _, n := range st.Skipped {
			sum += n
		}
		if sum != st.Read || st.TCP+st.Quotes != uint64(len(packets))+b2u(err == nil) {
			t.Fatalf("the counts do not add up: %+v", st)
		}
		if err != nil {
			return packets, err
		}
		if v != TCP && v != Quote {
			t.Fatalf("verdict %v", v)
		}
		if f := s.Frame(); f.Number != seg.Packet || f.File != seg.File || f.Time != seg.Time {
			t.Fatalf("frame %+v, segment %+v", f, seg)
		}
		packets = append(packets, seg.Packet)
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func TestSource(t *testing.T) {
	a, b := put(t, "a.pcap", mixed()), put(t, "b.pcap", mixed()[:len(mixed())-1])
	s, err := Open([]string{a, b}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	packets, err := drain(t, s)
	want := []uint64{1, 4, 6, 7, 10, 1, 4, 6, 7}
	if !slices.Equal(packets, want) {
		t.Errorf("got packets %v, want %v", packets, want)
	}
	if !errors.Is(err, ErrCutOff) || err.Error() != b+": cut off in packet 10 (after 57 of its 58 bytes)" {
		t.Error(err)
	}
	if got, want := s.Stats(), (Stats{Read: 19, TCP: 7, Quotes: 2, Skipped: [NumVerdicts]uint64{
		NotIP: 2, NotTCP: 2, LaterFragment: 2, CutShort: 4}}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	read, total := s.Bytes()
	if size := int64(2*len(mixed()) - 1); read != size || total != size {
		t.Errorf("%d bytes of %d, want %d", read, total, size)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, again := s.Next(new(flows.Segment)); again != err {
		t.Errorf("after the end: %v", again)
	}
}

func TestSourceCount(t *testing.T) {
	s, err := Open([]string{put(t, "a.pcap", mixed())}, Config{Count: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if packets, err := drain(t, s); !slices.Equal(packets, []uint64{1, 4}) || err != io.EOF || s.Stats().Read != 4 {
		t.Errorf("packets %v, %v, %+v", packets, err, s.Stats())
	}
}

// Who interrupts it learns of which files not all was read; of one that had ended, nothing is said.
func TestSourceInterrupted(t *testing.T) {
	a, b, c := put(t, "a.pcap", seconds(1, 2, 3)), put(t, "b.pcap", seconds(1)), put(t, "c.pcap", seconds(2, 4))
	s, err := Open([]string{a, b, c}, Config{Count: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		if f, _, err := s.fetch(); f == nil {
			t.Fatal(err)
		}
	}
	s.Interrupt()
	_, err = s.Next(new(flows.Segment))
	if !errors.Is(err, ErrInterrupted) || err.Error() != a+": interrupted before packet 3\n"+c+": interrupted before packet 1" {
		t.Error(err)
	}
}

func TestSourceStopped(t *testing.T) {
	s, err := Open([]string{put(t, "a.pcap", mixed())}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Stop()
	if packets, err := drain(t, s); len(packets) != 0 || err != io.EOF {
		t.Errorf("packets %v, %v", packets, err)
	}
}

func TestSourceClosed(t *testing.T) {
	s, err := Open([]string{put(t, "a.pcap", mixed())}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := s.Next(new(flows.Segment)); err != io.EOF {
		t.Error(err)
	}
}
