//go:build cgo

package pcaps

/*
#cgo LDFLAGS: -lpcap
#cgo noescape tcpwhy_passes
#cgo nocallback tcpwhy_passes
#include <stdlib.h>
#include <sys/socket.h>
#include <pcap/pcap.h>

// The link types whose numbers in files (LINKTYPE_) are not those of the API (DLT_), which
// differ from system to system. libpcap has this mapping, but only for files it opens itself.
static int tcpwhy_dlt(unsigned int linktype) {
	switch (linktype) {
	case 100: return DLT_ATM_RFC1483;
	case 101: return DLT_RAW;
	case 102: return DLT_SLIP_BSDOS;
	case 103: return DLT_PPP_BSDOS;
	case 104: return DLT_C_HDLC;
	case 106: return DLT_ATM_CLIP;
	case 108: return DLT_LOOP;
	case 109: return DLT_ENC;
	case 246: return DLT_PFSYNC;
	case 258: return DLT_PKTAP;
	}
	return (int)linktype;
}

static int tcpwhy_passes(const struct bpf_insn *program, const unsigned char *data, unsigned int wire, unsigned int captured) {
	return bpf_filter(program, data, wire, captured) != 0;
}
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// filter is an expression and its programs, one for each link type that came up. gopacket's own
// compiler takes link types of one byte, which Linux cooked v2 (276) does not fit. The
// programs run in libpcap, which unlike golang.org/x/net/bpf knows the length on the wire
// (`greater 1000`) of a packet that was cut.
type filter struct {
	expr     string
	programs map[uint32]*C.struct_bpf_program
	linkType uint32 // of the packet before
	program  *C.struct_bpf_insn
}

// linkTypeOf is the number in files of a link type of the API.
func linkTypeOf(dlt int) uint32 {
	for _, linkType := range []uint32{100, 101, 102, 103, 104, 106, 108, 109, 246, 258} {
		if int(C.tcpwhy_dlt(C.uint(linkType))) == dlt {
			return linkType
		}
	}
	return uint32(dlt)
}

func newFilter(expr string) (*filter, error) {
	if err := checkNames(expr); err != nil {
		return nil, err
	}
	return &filter{expr: expr, programs: make(map[uint32]*C.struct_bpf_program)}, nil
}

// prepare compiles the expression for the interfaces that are known beforehand, so that what is wrong
// with it is told before anything is read. One of them has to take it; of the others
// there may be no packets.
func (f *filter) prepare(interfaces []Interface) (err error) {
	for _, i := range interfaces {
		if err = f.choose(i.LinkType); err == nil {
			return nil
		}
	}
	return err
}

// choose makes the program for a link type the one that runs.
func (f *filter) choose(linkType uint32) error {
	p := f.programs[linkType]
	if p == nil {
		var err error
		if p, err = f.compile(linkType); err != nil {
			return err
		}
		f.programs[linkType] = p
	}
	f.linkType, f.program = linkType, p.bf_insns
	return nil
}

func (f *filter) compile(linkType uint32) (*C.struct_bpf_program, error) {
	dlt := C.tcpwhy_dlt(C.uint(linkType))
	// The snap length is what a program returns for a packet that passes.
	h := C.pcap_open_dead(dlt, maxRecord)
	if h == nil {
		return nil, &FilterError{f.expr, "libpcap has no memory"}
	}
	defer C.pcap_close(h)
	expr := C.CString(f.expr)
	defer C.free(unsafe.Pointer(expr))
	p := (*C.struct_bpf_program)(C.calloc(1, C.sizeof_struct_bpf_program))
	if C.pcap_compile(h, p, expr, 1, C.PCAP_NETMASK_UNKNOWN) != 0 {
		reason := C.GoString(C.pcap_geterr(h))
		if name := C.pcap_datalink_val_to_name(dlt); name != nil && linkType != linkEthernet {
			reason += fmt.Sprintf(" (link type %s)", C.GoString(name))
		}
		C.free(unsafe.Pointer(p))
		return nil, &FilterError{f.expr, reason}
	}
	return p, nil
}

// passes tells whether the filter lets a frame pass. The error is a *FilterError: the expression
// cannot be for the frame's link type.
func (f *filter) passes(frame *Frame) (bool, error) {
	if frame.LinkType != f.linkType || f.program == nil {
		if err := f.choose(frame.LinkType); err != nil {
			return false, err
		}
	}
	data := frame.Data
	if len(data) == 0 {
		return C.tcpwhy_passes(f.program, nil, C.uint(frame.Wire), 0) != 0, nil
	}
	if (frame.LinkType == linkNull || frame.LinkType == linkLoop) && len(data) > 4 {
		defer binary.NativeEndian.PutUint32(data, binary.NativeEndian.Uint32(data))
		setFamily(data, frame.LinkType)
	}
	p := (*C.uchar)(unsafe.Pointer(unsafe.SliceData(data)))
	return C.tcpwhy_passes(f.program, p, C.uint(frame.Wire), C.uint(len(data))) != 0, nil
}

// setFamily makes the address family in a loopback header this system's, which is what libpcap's programs
// compare it with: the number of IPv6, and in Null the byte order, are those of the system that captured.
func setFamily(data []byte, linkType uint32) {
	var family uint32
	switch data[4] >> 4 {
	case 4:
		family = C.AF_INET
	case 6:
		family = C.AF_INET6
	default:
		return
	}
	if linkType == linkNull {
		binary.NativeEndian.PutUint32(data, family)
	} else {
		binary.BigEndian.PutUint32(data, family)
	}
}

func (f *filter) close() {
	for _, p := range f.programs {
		freeProgram(p)
	}
	f.programs, f.program = nil, nil
}

func freeProgram(p *C.struct_bpf_program) {
	C.pcap_freecode(p)
	C.free(unsafe.Pointer(p))
}
