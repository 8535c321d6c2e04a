package tcpdump

import (
	"encoding/binary"

	"tcpwhy/analyzer/phrase"
)

const header20 = 20 // of TCP without options

// Bits of the flags byte (RFC 9293 §3.1) that decide what is printed.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	_
	flagACK
	flagURG
)

// flagLetters are in the order of the bits. AE (RFC 9768) and the reserved bits lie in the
// byte before, which tcpdump 4.99 does not look at.
const flagLetters = "FSRP.UEW"

// appendTCP writes the TCP header at offset in ip; length is the segment's, header included.
func (p *Printer) appendTCP(dst, ip []byte, offset int, length uint32) []byte {
	h := from(ip, offset)
	if len(h) < 4 {
		return append(appendAddresses(dst, ip), " [|tcp]"...)
	}
	if is6(ip) || ip[9] != tcp {
		dst = appendEnds(dst, ip, h)
	} else {
		if p.written == nil {
			p.written = &written4{}
		}
		dst = p.written.append(dst, ip, h)
	}
	if len(h) < header20 {
		return append(dst, " [|tcp]"...)
	}
	header := uint32(h[12]>>4) * 4
	if header < header20 {
		dst = appendDec(append(dst, " tcp "...), length-header)
		dst = appendDec(append(dst, " [bad hdr length "...), header)
		return append(dst, " - too short, < 20]"...)
	}
	flags := h[13]
	dst = flagTexts[flags].Append(dst)
	base := p.relative(ip, h, flags)
	if header > length {
		dst = appendDec(append(dst, " [bad hdr length "...), header)
		dst = appendDec(append(dst, " - too long, > "...), length)
		return append(dst, ']')
	}
	length -= header
	dst = appendNumbers(dst, h, flags, length, base)
	if header > header20 {
		o := options{bytes: h[header20:], left: int(header - header20), flags: flags, sack: base.sack,
			complete: uint64(header)+uint64(length) <= uint64(len(h))}
		dst = append(dst, ", options ["...)
		var ok bool
		if dst, ok = o.append(dst); !ok {
			return dst
		}
		dst = append(dst, ']')
	}
	return appendDec(append(dst, ", length "...), length)
}

// flagTexts are what is written of flags, by their bits.
var flagTexts = func() (all [256]phrase.Text) {
	for flags := range all {
		letters := []byte("none")
		if flags != 0 {
			letters = letters[:0]
		}
		for i := range len(flagLetters) {
			if flags&(1<<i) != 0 {
				letters = append(letters, flagLetters[i])
			}
		}
		all[flags] = phrase.Of("Flags [" + string(letters) + "]")
	}
	return all
}()

func appendNumbers(dst, h []byte, flags uint8, length uint32, base appearance) []byte {
	if length > 0 || flags&(flagSYN|flagFIN|flagRST) != 0 {
		seq := binary.BigEndian.Uint32(h[4:]) - base.own
		dst = appendDec(append(dst, ", seq "...), seq)
		if length > 0 {
			dst = appendDec(append(dst, ':'), seq+length)
		}
	}
	if flags&flagACK != 0 {
		dst = appendDec(append(dst, ", ack "...), binary.BigEndian.Uint32(h[8:])-base.peer)
	}
	dst = appendDec(append(dst, ", win "...), uint32(binary.BigEndian.Uint16(h[14:])))
	if flags&flagURG != 0 {
		dst = appendDec(append(dst, ", urg "...), uint32(binary.BigEndian.Uint16(h[18:])))
	}
	return dst
}
