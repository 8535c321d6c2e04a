package flows

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// AppendCommunityID appends the Community ID, version 1 and seed 0, of the TCP flow between
// two endpoints to dst: the hash by which Zeek, Suricata and Arkime name the same flow.
// Either order of the endpoints gives the same ID; zones do not count. It allocates only
// where dst must grow, by 30 bytes.
func AppendCommunityID(dst []byte, a, b netip.AddrPort) []byte {
	if c := a.Addr().WithZone("").Compare(b.Addr().WithZone("")); c > 0 || c == 0 && a.Port() > b.Port() {
		a, b = b, a
	}
	const protocolTCP = 6
	var buf [2 + 16 + 16 + 2 + 2 + 2]byte // seed, addresses, protocol and padding, ports
	in := appendAddr(buf[:2], a.Addr())
	in = appendAddr(in, b.Addr())
	in = append(in, protocolTCP, 0)
	in = binary.BigEndian.AppendUint16(in, a.Port())
	in = binary.BigEndian.AppendUint16(in, b.Port())
	sum := sha1.Sum(in)
	return base64.StdEncoding.AppendEncode(append(dst, '1', ':'), sum[:])
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	if a.Is4() {
		b := a.As4()
		return append(dst, b[:]...)
	}
	b := a.As16()
	return append(dst, b[:]...)
}
