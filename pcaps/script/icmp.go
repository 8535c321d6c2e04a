package script

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

// icmpKind is an error's name and what it is in ICMP (RFC 792) and in ICMPv6 (RFC 4443).
type icmpKind struct {
	name   string
	v4, v6 [2]uint8 // type, code
}

var icmpKinds = []icmpKind{
	{"unreach net", [2]uint8{3, 0}, [2]uint8{1, 0}},
	{"unreach host", [2]uint8{3, 1}, [2]uint8{1, 3}},
	{"unreach proto", [2]uint8{3, 2}, [2]uint8{4, 1}},
	{"unreach port", [2]uint8{3, 3}, [2]uint8{1, 4}},
	{"unreach admin", [2]uint8{3, 13}, [2]uint8{1, 1}},
	{"frag", [2]uint8{3, 4}, [2]uint8{2, 0}},
	{"ttl", [2]uint8{11, 0}, [2]uint8{3, 0}},
}

func (k icmpKind) number(v6 bool) [2]uint8 {
	if v6 {
		return k.v6
	}
	return k.v4
}

// icmpError reads an ICMP line from its error to the word "quoting".
func icmpError(w *words, v6 bool) (*ICMP, error) {
	e := &ICMP{From: router(v6), Quote: 8}
	if err := e.kind(w, v6); err != nil {
		return nil, err
	}
	for {
		word := w.next()
		var n uint64
		var err error
		switch word {
		case "quoting":
			return e, nil
		case "":
			return nil, errors.New("icmp: the quoted packet is missing: quoting > S 0:0(0)")
		case "mtu":
			n, err = parseUint(w.next(), mtuLimit(v6))
			e.MTU = uint32(n)
		case "quote":
			n, err = parseUint(w.next(), 1232)
			e.Quote = int(n)
		case "from":
			from := w.next()
			e.From, err = netip.ParseAddr(from)
			if err != nil || e.From.Is6() != v6 || e.From.Zone() != "" || e.From.Is4In6() {
				err = fmt.Errorf("%q: not an address of the flow's IP version", from)
			}
		default:
			return nil, fmt.Errorf("icmp: %q: not from, quote, mtu or quoting", word)
		}
		if err != nil {
			return nil, fmt.Errorf("icmp: %s: %w", word, err)
		}
	}
}

// mtuLimit is what the field holds: 16 bits in ICMP (RFC 1191 §4), 32 in ICMPv6.
func mtuLimit(v6 bool) uint64 {
	if v6 {
		return 1<<32 - 1
	}
	return 1<<16 - 1
}

func (e *ICMP) kind(w *words, v6 bool) error {
	name := w.next()
	switch name {
	case "type":
		t, err := parseUint(w.next(), 255)
		if err != nil {
			return fmt.Errorf("icmp: type: %w", err)
		}
		if w.next() != "code" {
			return errors.New("icmp: not type N code N")
		}
		c, err := parseUint(w.next(), 255)
		if err != nil {
			return fmt.Errorf("icmp: code: %w", err)
		}
		e.Type, e.Code = uint8(t), uint8(c)
		return nil
	case "unreach":
		name += " " + w.next()
	}
	for _, k := range icmpKinds {
		if k.name != name {
			continue
		}
		n := k.number(v6)
		e.Type, e.Code = n[0], n[1]
		if name != "frag" {
			return nil
		}
		mtu, err := parseUint(w.next(), mtuLimit(v6))
		if err != nil {
			return fmt.Errorf("icmp: frag: %w", err)
		}
		e.MTU = uint32(mtu)
		return nil
	}
	return fmt.Errorf("icmp: %q: not an error that this language knows", name)
}

// format is the text that kind reads.
func (e *ICMP) format(v6 bool) string {
	for _, k := range icmpKinds {
		switch {
		case k.number(v6) != [2]uint8{e.Type, e.Code}:
		case k.name == "frag":
			return "frag " + strconv.FormatUint(uint64(e.MTU), 10)
		case e.MTU == 0:
			return k.name
		}
	}
	text := fmt.Sprintf("type %d code %d", e.Type, e.Code)
	if e.MTU != 0 {
		text += fmt.Sprintf(" mtu %d", e.MTU)
	}
	return text
}

// router is who sends errors unless the script says otherwise.
func router(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 15: 9})
	}
	return netip.AddrFrom4([4]byte{203, 0, 113, 9})
}
