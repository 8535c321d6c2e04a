//go:build cgo

package pcaps

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
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

	block int  // that is being read, or is next
	ours  bool // it was handed over
	left  int  // packets in it that were not read
	at    int  // offset of the next one in mem

	// known is what the ring was opened as, which has its counts, and where that is several interfaces or all, each of
	// them; of all, those that a packet came from.
	known     []Interface
	numbers   map[int32]int32 // index of an interface to its place in known; nil where there is one
	lastIndex int32           // of the packet before, and its place
	last      int32
	linkTypes map[uint16]uint32 // by ARPHRD_

	watched []string // interfaces that are not to go
	checked time.Time
	ending  ending
	losses  []losses
	counts  [2]uint64 // received, dropped
}

// blockSize is the largest packet that fits: that of lo is 64 KiB, and where BIG TCP makes larger ones, their
// beginning is what matters.
const blockSize = 256 << 10

func openRing(names []string, l Live, expr string) (*ring, error) {
	r := &ring{size: blockSize, snaplen: l.Snaplen}
	var err error
	if r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, &CaptureError{names[0], asNoRight(err)}
	}
	if err := r.open(names, l, expr); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// examine finds out about the interfaces: their indices, and their kinds.
func (r *ring) examine(names []string) (indices []int, wanted []hardware, err error) {
	r.known = []Interface{{Name: strings.Join(names, ","), LinkType: linkEthernet, Snaplen: uint32(r.snaplen)}}
	r.linkTypes = make(map[uint16]uint32)
	for _, k := range decodable {
		r.linkTypes[k.hatype] = k.linkType
	}
	if names[0] == AnyInterface {
		r.numbers = make(map[int32]int32)
		return nil, decodable, nil
	}
	var errs []error
	for _, name := range names {
		index, hatype, err := lookUp(r.fd, name)
		if err == nil && r.linkTypes[hatype] == 0 {
			err = errKind
		}
		if err != nil {
			errs = append(errs, &CaptureError{name, err})
			continue
		}
		k := hardware{hatype, r.linkTypes[hatype]}
		indices, wanted = append(indices, index), append(wanted, k)
		r.known = append(r.known, Interface{Name: name, LinkType: k.linkType, Snaplen: uint32(r.snaplen)})
		r.losses = append(r.losses, newLosses(name))
	}
	r.watched = names
	if len(names) == 1 {
		r.known = r.known[len(r.known)-1:]
		return indices, wanted, errors.Join(errs...)
	}
	r.numbers = make(map[int32]int32)
	for i, index := range indices {
		r.numbers[int32(index)] = int32(1 + i)
	}
	return indices, wanted, errors.Join(errs...)
}

// open makes the socket ready. It is bound last: no packet gets in before the filter is there. Several interfaces
// have one socket, so that their packets come in the order in which they passed.
func (r *ring) open(names []string, l Live, expr string) error {
	indices, wanted, err := r.examine(names)
	if err != nil {
		return err
	}
	program, err := kernelProgram(names, indices, wanted, expr, l.Snaplen)
	if err != nil {
		return err
	}
	bound := 0 // all
	if len(indices) == 1 {
		bound = indices[0]
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	request := unix.TpacketReq3{
		Block_size: uint32(r.size), Block_nr: uint32(max(2, l.Ring/r.size)), Frame_size: uint32(r.size),
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
		{"SO_ATTACH_FILTER", func() error {
			return unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog)
		}},
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
				if !l.NotPromiscuous {
					m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
					err = errors.Join(err, unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m))
				}
			}
			return err
		}},
		{"bind", func() error {
			return unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: bound})
		}},
	} {
		if err := step.do(); err != nil {
			return &CaptureError{r.known[0].Name, fmt.Errorf("%s: %w", step.what, err)}
		}
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
		block := (*unix.TpacketBlockDesc)(unsafe.Pointer(&r.mem[r.block*r.size]))
		head := (*unix.TpacketHdrV1)(unsafe.Pointer(&block.Hdr))
		if r.ours {
			atomic.StoreUint32(&head.Block_status, unix.TP_STATUS_KERNEL)
			r.ours = false
			if r.block++; r.block*r.size == len(r.mem) {
				r.block = 0
			}
			continue
		}
		if atomic.LoadUint32(&head.Block_status)&unix.TP_STATUS_USER == 0 {
			if ok, err := r.wait(); !ok {
				return false, err
			}
			continue
		}
		r.ours = true
		r.left = int(head.Num_pkts)
		r.at = r.block*r.size + int(head.Offset_to_first_pkt)
	}
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.mem[r.at]))
	begin, wire := r.at+int(h.Mac), int(h.Len)
	end := begin + int(h.Snaplen)
	f.LinkType, f.Interface = r.known[0].LinkType, 0
	if r.numbers != nil {
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

// identify says which of the interfaces a packet is from.
func (r *ring) identify(f *Frame, from *unix.RawSockaddrLinklayer) {
	f.LinkType = r.linkTypes[from.Hatype]
	if from.Ifindex != r.lastIndex {
		n, ok := r.numbers[from.Ifindex]
		if !ok {
			n = int32(len(r.known))
			r.numbers[from.Ifindex] = n
			r.known = append(r.known, Interface{Name: r.nameOf(from.Ifindex), LinkType: f.LinkType, Snaplen: uint32(r.snaplen)})
		}
		r.lastIndex, r.last = from.Ifindex, n
	}
	f.Interface = r.last
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
	for _, name := range r.watched {
		if err := (watch{r.fd, name}).state(); err != nil {
			return err
		}
	}
	return nil
}

func (r *ring) interfaces() []Interface {
	// The kernel counts anew from each call on.
	if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		r.counts[0] += uint64(s.Packets)
		r.counts[1] += uint64(s.Drops)
	}
	all := append([]Interface(nil), r.known...)
	all[0].Received = Count{r.counts[0], true}
	all[0].DroppedByOS = Count{r.counts[1], true}
	for i, l := range r.losses {
		all[len(all)-len(r.losses)+i].Dropped = l.count()
	}
	return all
}

func (r *ring) close() {
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
	unix.Close(r.fd)
}
