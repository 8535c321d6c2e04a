package analyzer

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint chooses ends of flows by address, by port or by both.
type Endpoint struct {
	net     netip.Prefix // not valid: any address
	port    uint16
	hasPort bool
}

// ParseEndpoint reads an address, a prefix, a port, address:port, [v6]:port, or an address and port
// as tcpdump prints them, joined by a dot.
func ParseEndpoint(s string) (Endpoint, error) {
	if port, err := strconv.ParseUint(strings.TrimPrefix(s, ":"), 10, 16); err == nil {
		return Endpoint{port: uint16(port), hasPort: true}, nil
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return Endpoint{net: unmapped(p)}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return Endpoint{net: single(a)}, nil
	}
	if v6, ok := strings.CutPrefix(s, "["); ok {
		if v6, ok = strings.CutSuffix(v6, "]"); ok {
			if a, err := netip.ParseAddr(v6); err == nil && a.Is6() {
				return Endpoint{net: single(a)}, nil
			}
		}
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return Endpoint{net: single(ap.Addr()), port: ap.Port(), hasPort: true}, nil
	}
	if dot := strings.LastIndexByte(s, '.'); dot >= 0 {
		a, errAddr := netip.ParseAddr(s[:dot])
		port, errPort := strconv.ParseUint(s[dot+1:], 10, 16)
		if errAddr == nil && errPort == nil {
			return Endpoint{net: single(a), port: uint16(port), hasPort: true}, nil
		}
	}
	return Endpoint{}, fmt.Errorf("%q is no address, prefix, port or address:port", s)
}

func single(a netip.Addr) netip.Prefix {
	a = a.WithZone("").Unmap()
	return netip.PrefixFrom(a, a.BitLen())
}

func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// Match reports whether e chooses the end at ap.
func (e Endpoint) Match(ap netip.AddrPort) bool {
	return (!e.hasPort || e.port == ap.Port()) &&
		(!e.net.IsValid() || e.net.Contains(ap.Addr().Unmap()))
}
