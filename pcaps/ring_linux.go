//go:build cgo

package pcaps

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is an AF_PACKET socket with a TPACKET_V3 ring: the kernel fills blocks of memory that it shares with us, and
// hands each over when it is full or blockTime old.
//
// It is not gopacket/afpacket, which cannot put back an 802.1ad tag (it knows the id of a tag that the kernel took
// off, not its type), allocates for each tagged packet, and does not tell a packet that lo sends from
// the one that lo receives, so that all of lo is there twice.
type ring struct {
	fd      int
	mem     []byte
	size    int // of a block
	snaplen int

	block atomic.Int32 // that is being read, or is next
	ours  bool         // it was handed over
	left  int          // packets in it that were not read
	at    int          // offset of the next one in mem
	busy  bool         // packets were read since it was said that there is none

	of       *rings
	linkType uint32 // of the interface, where there is one

	numbers   map[int32]int32 // as far as packets came from them: those of the rings
	lastIndex int32           // of the packet before, and its place
	last      int32

	checked time.Time
	ending  ending
	counts  [2]uint64 // received, dropped
}

// rings are one ring of one or several interfaces, or of all, or several that share their packets.
//
// Both directions of a flow come to the same ring, as the kernel's hash of the addresses and ports is symmetric. Fragments have
// no ports, and come to that of their addresses alone: PACKET_FANOUT_FLAG_DEFRAG, which has the kernel put them together before, would
// show packets that never passed. As all rings are read as one, by the time of the packets, it matters to nobody.
type rings struct {
	rings    []*ring
	unshared error // why there is one where more were asked for
	// linkTypes are by ARPHRD_, watched those interfaces that are not to go.
	linkTypes map[uint16]uint32
	watched   []string
	losses    []losses
	several   bool // interfaces, or all

	mu sync.Mutex
	// known is what the rings were opened as, which has their counts, and where that is several interfaces or all, each of
	// them; of all, those that a packet came from.
	known   []Interface
	numbers map[int32]int32 // index of an interface to its place in known
}

// blockSize is the largest packet that fits: that of lo is 64 KiB, and where BIG TCP makes larger ones, their
// beginning is what matters.
const blockSize = 256 << 10

func openRings(names []string, l Live, expr string) (*rings, error) {
	rs, err := tryRings(names, l, expr)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		l.Rings = 1
		if rs, err = tryRings(names, l, expr); err == nil {
			rs.unshared = refused
		}
	}
	return rs, err
}

// refusal: the kernel has no more than one ring for them.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

func tryRings(names []string, l Live, expr string) (*rings, error) {
	rs := &rings{}
	if err := rs.open(names, l, expr); err != nil {
		rs.close()
		return nil, err
	}
	return rs, nil
}

// open makes the sockets ready. What passes before all of them have joined comes to none: it would come to each that has
// not. Several interfaces have one socket, so that their packets come in the order in which they passed.
func (rs *rings) open(names []string, l Live, expr string) error {
	n := max(1, l.Rings)
	for range n {
		r := &ring{of: rs, size: blockSize, snaplen: l.Snaplen, numbers: make(map[int32]int32)}
		var err error
		if r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return &CaptureError{names[0], asNoRight(err)}
		}
		rs.rings = append(rs.rings, r)
	}
	indices, wanted, err := rs.examine(names, l.Snaplen)
	if err != nil {
		return err
	}
	program, err := kernelProgram(names, indices, wanted, expr, l.Snaplen)
	if err != nil {
		return err
	}
	for _, r := range rs.rings {
		r.linkType = rs.known[0].LinkType
		if err = r.open(indices, l.Ring/n, !l.NotPromiscuous); err != nil {
			break
		}
	}
	if err == nil && n > 1 {
		err = rs.join()
	}
	switch {
	case err != nil && n > 1:
		return &refusal{err}
	case err != nil:
		return &CaptureError{rs.known[0].Name, err}
	}
	for _, r := range rs.rings {
		if err := r.attach(program); err != nil {
			return &CaptureError{rs.known[0].Name, err}
		}
	}
	return nil
}

// join makes the rings a group, whose number the kernel chooses.
func (rs *rings) join() error {
	group := unix.PACKET_FANOUT_HASH<<16 | unix.PACKET_FANOUT_FLAG_UNIQUEID<<16
	for i, r := range rs.rings {
		err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, group)
		if err == nil && i == 0 {
			group, err = unix.GetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
		}
		if err != nil {
			return fmt.Errorf("PACKET_FANOUT: %w", err)
		}
	}
	return nil
}

// examine finds out about the interfaces: their indices, and their kinds.
func (rs *rings) examine(names []string, snaplen int) (indices []int, wanted []hardware, err error) {
	rs.known = []Interface{{Name: strings.Join(names, ","), LinkType: linkEthernet, Snaplen: uint32(snaplen)}}
	rs.linkTypes, rs.numbers = make(map[uint16]uint32), make(map[int32]int32)
	for _, k := range decodable {
		rs.linkTypes[k.hatype] = k.linkType
	}
	rs.several = true
	if names[0] == AnyInterface {
		return nil, decodable, nil
	}
	var errs []error
	for i, name := range names {
		index, hatype, err := lookUp(rs.rings[0].fd, name)
		if err == nil && rs.linkTypes[hatype] == 0 {
			err = errKind
		}
		if err != nil {
			errs = append(errs, &CaptureError{name, err})
			continue
		}
		k := hardware{hatype, rs.linkTypes[hatype]}
		indices, wanted = append(indices, index), append(wanted, k)
		rs.known = append(rs.known, Interface{Name: name, LinkType: k.linkType, Snaplen: uint32(snaplen)})
		rs.numbers[int32(index)] = int32(1 + i)
		rs.losses = append(rs.losses, newLosses(name))
	}
	rs.watched = names
	if len(names) == 1 {
		rs.several = false
		rs.known = rs.known[len(rs.known)-1:]
	}
	return indices, wanted, errors.Join(errs...)
}

// open makes a socket ready that lets nothing pass so far.
func (r *ring) open(indices []int, size int, promiscuous bool) error {
	bound := 0 // all
	if len(indices) == 1 {
		bound = indices[0]
	}
	request := unix.TpacketReq3{
		Block_size: uint32(r.size), Block_nr: uint32(max(2, size/r.size)), Frame_size: uint32(r.size),
		Retire_blk_tov: uint32(blockTime / time.Millisecond),
	}
	request.Frame_nr = request.Block_nr
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"PACKET_VERSION", func() error {
			return unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3)
		}},
		// Room before each packet for a tag that is put back.
		{"PACKET_RESERVE", func() error { return unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, tagSize) }},
		{"PACKET_RX_RING", func() error {
			return unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request)
		}},
		{"mmap", func() (err error) {
			r.mem, err = unix.Mmap(r.fd, 0, int(request.Block_size*request.Block_nr), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			return err
		}},
		{"PACKET_ADD_MEMBERSHIP", func() error {
			var err error
			for _, index := range indices {
				if promiscuous {
					m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
					err = errors.Join(err, unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m))
				}
			}
			return err
		}},
		{"filter", func() error { return r.attach([]unix.SockFilter{{Code: accept, K: 0}}) }},
		{"bind", func() error {
			return unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: bound})
		}},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// attach sets the filter.
func (r *ring) attach(program []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog); err != nil {
		return fmt.Errorf("SO_ATTACH_FILTER: %w", err)
	}
	return nil
}

func bigEndian(n uint16) uint16 { return binary.NativeEndian.Uint16([]byte{byte(n >> 8), byte(n)}) }

const (
	packetHeader = (int(unsafe.Sizeof(unix.Tpacket3Hdr{})) + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)
	tagSize      = 4
	macs         = 12 // bytes of an Ethernet header before the tag
)

func (r *ring) read(f *Frame) (bool, error) {
	for r.left == 0 {
		number := int(r.block.Load())
		head := r.head(number)
		if r.ours {
			atomic.StoreUint32(&head.Block_status, unix.TP_STATUS_KERNEL)
			r.ours = false
			if number++; number*r.size == len(r.mem) {
				number = 0
			}
			r.block.Store(int32(number))
			continue
		}
		if atomic.LoadUint32(&head.Block_status)&unix.TP_STATUS_USER == 0 {
			if r.busy {
				r.busy = false // who has the packets before does not wait for more
				return false, nil
			}
			if ok, err := r.wait(); !ok {
				return false, err
			}
			continue
		}
		r.ours, r.busy = true, true
		r.left = int(head.Num_pkts)
		r.at = number*r.size + int(head.Offset_to_first_pkt)
	}
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.mem[r.at]))
	begin, wire := r.at+int(h.Mac), int(h.Len)
	end := begin + int(h.Snaplen)
	f.LinkType, f.Interface = r.linkType, 0
	if r.of.several {
		r.identify(f, (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&r.mem[r.at+packetHeader])))
	}
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && f.LinkType == linkEthernet && end-begin >= macs {
		tpid := uint16(etherVLAN)
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = h.Hv1.Vlan_tpid
		}
		copy(r.mem[begin-tagSize:], r.mem[begin:begin+macs])
		begin -= tagSize
		wire += tagSize
		binary.BigEndian.PutUint16(r.mem[begin+macs:], tpid)
		binary.BigEndian.PutUint16(r.mem[begin+macs+2:], uint16(h.Hv1.Vlan_tci))
		end = min(end, begin+r.snaplen)
	}
	f.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
	f.Data = r.mem[begin:end:end]
	f.Wire = wire
	r.left--
	r.at += int(h.Next_offset)
	return true, nil
}

func (r *ring) head(block int) *unix.TpacketHdrV1 {
	b := (*unix.TpacketBlockDesc)(unsafe.Pointer(&r.mem[block*r.size]))
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&b.Hdr))
}

// silent: the kernel counts packets in the block that it fills.
func (r *ring) silent() bool {
	n := r.block.Load()
	head := r.head(int(n))
	return atomic.LoadUint32(&head.Block_status)&unix.TP_STATUS_USER == 0 && atomic.LoadUint32(&head.Num_pkts) == 0 && n == r.block.Load()
}

// identify says which of the interfaces a packet is from.
func (r *ring) identify(f *Frame, from *unix.RawSockaddrLinklayer) {
	f.LinkType = r.of.linkTypes[from.Hatype]
	if from.Ifindex != r.lastIndex {
		n, ok := r.numbers[from.Ifindex]
		if !ok {
			n = r.of.number(r, from.Ifindex, f.LinkType)
			r.numbers[from.Ifindex] = n
		}
		r.lastIndex, r.last = from.Ifindex, n
	}
	f.Interface = r.last
}

// number is the place of an interface, which r has come upon, among those that are known.
func (rs *rings) number(r *ring, index int32, linkType uint32) int32 {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	n, ok := rs.numbers[index]
	if !ok {
		n = int32(len(rs.known))
		rs.numbers[index] = n
		rs.known = append(rs.known, Interface{Name: r.nameOf(index), LinkType: linkType, Snaplen: uint32(r.snaplen)})
	}
	return n
}

// nameOf is the name of an interface; the socket, not the thread, says in which network namespace.
func (r *ring) nameOf(index int32) string {
	ifr, err := unix.NewIfreq("")
	if err == nil {
		ifr.SetUint32(uint32(index))
		if err = unix.IoctlIfreq(r.fd, unix.SIOCGIFNAME, ifr); err == nil {
			return ifr.Name()
		}
	}
	return fmt.Sprintf("if%d", index) // it is gone already
}

// wait waits for a block, no longer than blockTime.
func (r *ring) wait() (bool, error) {
	if r.ending.err != nil {
		return false, r.ending.wait()
	}
	ok, err := r.poll()
	if err != nil {
		r.ending = ending{err, time.Now()}
	}
	return ok, nil
}

func (r *ring) poll() (bool, error) {
	// A socket that is bound to one interface is told of its end; one that is bound to all is not.
	if now := time.Now(); now.Sub(r.checked) > checkTime {
		r.checked = now
		if err := r.lost(); err != nil {
			return false, err
		}
	}
	set := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(set, int(blockTime/time.Millisecond))
	switch {
	case n == 0 || err == unix.EINTR:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("poll: %w", err)
	case set[0].Revents&^unix.POLLIN == 0:
		return true, nil
	}
	failed, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return false, fmt.Errorf("SO_ERROR: %w", err)
	case failed == 0:
		return true, nil
	case unix.Errno(failed) != unix.ENETDOWN:
		return false, unix.Errno(failed)
	}
	if err := r.lost(); err != nil {
		return false, err
	}
	return false, ErrDown // and up again since
}

const checkTime = 100 * time.Millisecond

// lost is an interface that is no longer up, nil while all are.
func (r *ring) lost() error {
	for _, name := range r.of.watched {
		if err := (watch{r.fd, name}).state(); err != nil {
			return err
		}
	}
	return nil
}

func (rs *rings) interfaces() []Interface {
	var received, dropped uint64
	for _, r := range rs.rings {
		// The kernel counts anew from each call on.
		if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			r.counts[0] += uint64(s.Packets)
			r.counts[1] += uint64(s.Drops)
		}
		received, dropped = received+r.counts[0], dropped+r.counts[1]
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	all := append([]Interface(nil), rs.known...)
	all[0].Received = Count{received, true}
	all[0].DroppedByOS = Count{dropped, true}
	for i, l := range rs.losses {
		all[len(all)-len(rs.losses)+i].Dropped = l.count()
	}
	return all
}

func (rs *rings) close() {
	var all sync.WaitGroup
	for _, r := range rs.rings {
		all.Go(r.close) // the kernel takes some 20 ms for each
	}
	all.Wait()
}

func (r *ring) close() {
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
	unix.Close(r.fd)
}
