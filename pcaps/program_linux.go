//go:build cgo

package pcaps

/*
#include <pcap/pcap.h>
*/
import "C"

import (
	"cmp"
	"fmt"
	"net"
	"unsafe"

	"github.com/google/gopacket/pcap"
	"golang.org/x/sys/unix"
)

// hardware is a kind of interface, and the link type of what a raw socket gives of it.
type hardware struct {
	hatype   uint16 // ARPHRD_ of if_arp.h
	linkType uint32
}

// decodable are those whose packets begin with a header known here, or with the IP header. Others need libpcap, which
// makes a header of its own for them.
var decodable = []hardware{
	{unix.ARPHRD_ETHER, linkEthernet},
	{unix.ARPHRD_LOOPBACK, linkEthernet},
	{unix.ARPHRD_NONE, linkRaw}, // tun, WireGuard
	{unix.ARPHRD_RAWIP, linkRaw},
	{unix.ARPHRD_PPP, linkRaw},
	{unix.ARPHRD_TUNNEL, linkRaw},
	{unix.ARPHRD_TUNNEL6, linkRaw},
	{unix.ARPHRD_SIT, linkRaw},
	{unix.ARPHRD_IPGRE, linkRaw},
	{unix.ARPHRD_IP6GRE, linkRaw},
	{unix.ARPHRD_IEEE80211, 105},
	{unix.ARPHRD_IEEE80211_PRISM, 119},
	{unix.ARPHRD_IEEE80211_RADIOTAP, 127},
}

const linkRaw = 101

// Loads from here on are of what the kernel knows of a packet, not of its bytes (SKF_AD_OFF of linux/filter.h).
const (
	ancillary   = 0xfffff000
	loadType    = ancillary + 4  // PACKET_OUTGOING, ...
	loadIndex   = ancillary + 8  // of the interface
	loadHatype  = ancillary + 28 // ARPHRD_ of the interface
	load        = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpIfEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jump        = unix.BPF_JMP | unix.BPF_JA
	accept      = unix.BPF_RET | unix.BPF_K // as many bytes as K
)

// kernelProgram is the filter that runs in the kernel. It lets pass what is of the interfaces, of all where there are none;
// then it asks for the kind of a packet's interface, and lets nothing of another kind pass, nor of a kind that the
// expression cannot be for: it has to be for one of them. A packet on lo passes twice, out and in: the second is taken, as libpcap does.
func kernelProgram(names []string, indices []int, wanted []hardware, expr string, snaplen int) ([]unix.SockFilter, error) {
	reject := unix.SockFilter{Code: accept, K: 0}
	received := []unix.SockFilter{
		{Code: load, K: loadType},
		{Code: jumpIfEqual, K: unix.PACKET_OUTGOING, Jt: 0, Jf: 1},
		reject,
	}
	var program []unix.SockFilter
	if len(indices) > 1 {
		program = append(program, unix.SockFilter{Code: load, K: loadIndex})
		for i, index := range indices {
			program = append(program,
				unix.SockFilter{Code: jumpIfEqual, K: uint32(index), Jt: 0, Jf: 1},
				unix.SockFilter{Code: jump, K: uint32(2*(len(indices)-1-i) + 1)})
		}
		program = append(program, reject)
	}
	program = append(program, unix.SockFilter{Code: load, K: loadHatype})
	table := len(program) // of the instructions that tell kinds apart
	last := table + 2*len(wanted)
	program = append(program, make([]unix.SockFilter, last-table+1)...)
	program[last] = reject
	begins := make(map[uint32]int) // by link type
	var failed error
	for _, k := range wanted {
		if _, done := begins[k.linkType]; done {
			continue
		}
		code, err := compileFor(names, k.linkType, expr, snaplen)
		if err != nil {
			failed = cmp.Or(failed, err)
			begins[k.linkType] = last
			continue
		}
		if k.linkType == linkEthernet {
			program = append(program, received...) // leads into what comes next
		}
		begins[k.linkType] = len(program)
		program = append(program, code...)
	}
	if len(program) == last+1 {
		return nil, failed
	}
	if len(program) > unix.BPF_MAXINSNS {
		return nil, &FilterError{expr, fmt.Sprintf("%d instructions are more than the kernel takes (%d)", len(program), unix.BPF_MAXINSNS)}
	}
	for i, k := range wanted {
		to, at := begins[k.linkType], table+2*i
		if k.hatype == unix.ARPHRD_LOOPBACK && to > last {
			to -= len(received)
		}
		program[at] = unix.SockFilter{Code: jumpIfEqual, K: uint32(k.hatype), Jt: 0, Jf: 1}
		program[at+1] = unix.SockFilter{Code: jump, K: uint32(to - (at + 2))}
	}
	return program, nil
}

// compileFor is the program of an expression for a link type. On Ethernet the tags are not in the packet
// but beside it: only of an interface that is being captured on does libpcap know that.
func compileFor(names []string, linkType uint32, expr string, snaplen int) ([]unix.SockFilter, error) {
	if expr == "" {
		return []unix.SockFilter{{Code: accept, K: uint32(snaplen)}}, nil
	}
	if linkType == linkEthernet {
		if h := ethernetHandle(names); h != nil {
			defer h.Close()
			code, err := h.CompileBPFFilter(expr)
			if err != nil {
				return nil, &FilterError{expr, err.Error()}
			}
			program := make([]unix.SockFilter, len(code))
			for i, c := range code {
				program[i] = keeping(unix.SockFilter{Code: c.Code, Jt: c.Jt, Jf: c.Jf, K: c.K}, snaplen)
			}
			return program, nil
		}
	}
	f, err := newFilter(expr)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err := f.choose(linkType); err != nil {
		return nil, err
	}
	code := unsafe.Slice(f.program, f.programs[linkType].bf_len)
	program := make([]unix.SockFilter, len(code))
	for i, c := range code {
		program[i] = keeping(unix.SockFilter{Code: uint16(c.code), Jt: uint8(c.jt), Jf: uint8(c.jf), K: uint32(c.k)}, snaplen)
	}
	return program, nil
}

// keeping is the instruction, with snaplen for what it keeps of a packet that passes.
func keeping(i unix.SockFilter, snaplen int) unix.SockFilter {
	if i.Code == accept && i.K != 0 {
		i.K = uint32(snaplen)
	}
	return i
}

// ethernetHandle opens an Ethernet interface, nil if there is none: one of the names, or any that is up.
func ethernetHandle(names []string) *pcap.Handle {
	if names[0] == AnyInterface {
		names = nil
		all, err := net.Interfaces()
		if err != nil {
			return nil
		}
		for _, i := range all {
			if i.Flags&net.FlagUp != 0 {
				names = append(names, i.Name)
			}
		}
	}
	for _, name := range names {
		h, err := activate(name, Live{Snaplen: 128, Ring: 1 << 16, NotPromiscuous: true})
		if err != nil {
			continue
		}
		if h.LinkType() == linkEthernet {
			return h
		}
		h.Close()
	}
	return nil
}
