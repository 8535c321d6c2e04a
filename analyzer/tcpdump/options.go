package tcpdump

import (
	"encoding/binary"

	"tcpwhy/analyzer/phrase"
)

// Kinds of options, https://www.iana.org/assignments/tcp-parameters.
const (
	endOfList      = 0
	noOperation    = 1
	maximumSegment = 2
	windowScale    = 3
	sackPermitted  = 4
	sack           = 5
	echo           = 6
	echoReply      = 7
	timestamps     = 8
	cc             = 11
	ccNew          = 12
	ccEcho         = 13
	md5Signature   = 19
	scps           = 20
	userTimeout    = 28
	authentication = 29
	multipath      = 30
	fastOpen       = 34
	experiment2    = 254
)

// optionNames are the names by kind; tcpdump prints an empty one for the CC echo.
var optionNames = func() (names [256]phrase.Text) {
	for kind, name := range map[uint8]string{
		endOfList: "eol", noOperation: "nop", maximumSegment: "mss", windowScale: "wscale",
		sackPermitted: "sackOK", sack: "sack", echo: "echo", echoReply: "echoreply", timestamps: "TS",
		cc: "cc", ccNew: "ccnew", md5Signature: "md5", scps: "scps", userTimeout: "uto",
		authentication: "tcp-ao", multipath: "mptcp", fastOpen: "tfo", experiment2: "exp",
	} {
		names[kind] = phrase.Of(name)
	}
	return names
}()

// options is the option list of one header while it is walked through.
type options struct {
	bytes    []byte // captured, from the option on that is next; may end early, or go on into the payload
	left     int    // bytes of the header from there on
	flags    uint8
	sack     uint32 // subtracted from SACK blocks
	complete bool   // the whole segment was captured
	multi    bool   // a multipath option was among them
}

// result of writing one option.
type result uint8

const (
	fine result = iota
	bad         // it contradicts itself or the header's length
	cut         // not captured to its end
)

// usual is what a list begins with that is nothing but a time stamp, as that of nearly all segments but SYNs is (RFC 7323 appendix A).
const usual = noOperation<<24 | noOperation<<16 | timestamps<<8 | 10

// append writes the list; false where the line ends with it.
func (o *options) append(dst []byte) ([]byte, bool) {
	if o.left == 12 && len(o.bytes) >= 12 && binary.BigEndian.Uint32(o.bytes) == usual {
		return o.appendFixed(append(dst, "nop,nop,TS"...), timestamps, o.bytes[4:12]), true
	}
	for first := true; o.left > 0; first = false {
		if !first {
			dst = append(dst, ',')
		}
		if len(o.bytes) < 1 {
			return o.appendCut(dst), false
		}
		kind, size, used := o.bytes[0], 1, 1
		if kind > noOperation {
			if len(o.bytes) < 2 {
				return o.appendCut(dst), false
			}
			size, used = int(o.bytes[1]), 2
			if size < 2 || size > o.left {
				return appendBad(dst, first), false
			}
		}
		o.skip(used)
		dst = appendKind(dst, kind)
		var data int
		var res result
		dst, data, res = o.appendData(dst, kind, size-used)
		switch res {
		case bad:
			return appendBad(dst, first), false
		case cut:
			if dst = o.appendCut(dst); !first {
				dst = append(dst, '>') // sic
			}
			return dst, false
		}
		// What was read need not be what the option's size promised. Reading goes on after what was read.
		o.skip(data)
		if used+data != size {
			dst = appendDec(append(dst, "[len "...), uint32(size))
			dst = append(dst, ']')
		}
		if kind == endOfList {
			break
		}
	}
	return dst, true
}

func (o *options) skip(n int) { o.bytes, o.left = from(o.bytes, n), o.left-n }

func appendBad(dst []byte, first bool) []byte {
	dst = append(dst, "[bad opt]"...)
	if !first {
		dst = append(dst, ']')
	}
	return dst
}

// appendCut names the protocol that was the last to be looked at, which after a multipath
// option is no longer TCP.
func (o *options) appendCut(dst []byte) []byte {
	if o.multi {
		return append(dst, " [|mptcp]"...)
	}
	return append(dst, " [|tcp]"...)
}

func appendKind(dst []byte, kind uint8) []byte {
	if name := &optionNames[kind]; !name.IsZero() || kind == ccEcho {
		return name.Append(dst)
	}
	return appendDec(append(dst, "unknown-"...), uint32(kind))
}

// room reports whether n bytes of the option are in the header and were captured.
func (o *options) room(n int) result {
	switch {
	case n > o.left:
		return bad
	case n > len(o.bytes):
		return cut
	}
	return fine
}

// appendData writes what follows an option's kind and size; size is that of the data by the
// option's own account, read is what there was of it to print.
func (o *options) appendData(dst []byte, kind uint8, size int) (line []byte, read int, res result) {
	switch kind {
	case endOfList, noOperation, sackPermitted:
		return dst, 0, fine
	case sack:
		dst, res = o.appendSACK(dst, size)
		return dst, size, res
	case authentication:
		dst, res = o.appendAuthentication(dst, size)
		return dst, size, res
	}
	read = fixedSize(kind)
	if read < 0 {
		read = size
		if optionNames[kind].IsZero() {
			dst, res = o.appendUnknown(dst, size)
			return dst, size, res
		}
	}
	if res = o.room(read); res != fine {
		return dst, read, res
	}
	data := o.bytes[:read]
	switch kind {
	case multipath:
		o.multi = true
		dst, res = appendMultipath(dst, data, o.flags)
	case experiment2:
		dst, res = appendExperiment(dst, data)
	case fastOpen:
		dst = appendFastOpen(append(dst, ' '), data)
	default:
		dst = o.appendFixed(dst, kind, data)
	}
	return dst, read, res
}

// fixedSize is the size of the data that a kind is read with, whatever size the option gives, or -1.
func fixedSize(kind uint8) int {
	switch kind {
	case windowScale:
		return 1
	case maximumSegment, scps, userTimeout:
		return 2
	case echo, echoReply, cc, ccNew, ccEcho:
		return 4
	case timestamps:
		return 8
	case md5Signature:
		return 16
	}
	return -1
}

func (o *options) appendFixed(dst []byte, kind uint8, data []byte) []byte {
	switch kind {
	case windowScale:
		return appendDec(append(dst, ' '), uint32(data[0]))
	case maximumSegment:
		return appendDec(append(dst, ' '), uint32(binary.BigEndian.Uint16(data)))
	case timestamps:
		dst = appendDec(append(dst, " val "...), binary.BigEndian.Uint32(data))
		return appendDec(append(dst, " ecr "...), binary.BigEndian.Uint32(data[4:]))
	case scps:
		dst = appendBytes(append(dst, " cap "...), data[:1])
		return appendDec(append(dst, " id "...), uint32(data[1]))
	case userTimeout:
		return appendUserTimeout(dst, binary.BigEndian.Uint16(data))
	case md5Signature:
		return o.appendSignature(dst, data)
	default:
		return appendDec(append(dst, ' '), binary.BigEndian.Uint32(data))
	}
}

// appendUserTimeout writes the raw value and, in seconds, what it means (RFC 5482 §3).
func appendUserTimeout(dst []byte, v uint16) []byte {
	dst = appendHex(append(dst, " 0x"...), uint64(v))
	seconds := uint32(v >> 1)
	if v&1 != 0 {
		seconds *= 60
	}
	return appendDec(append(dst, ' '), seconds)
}

// appendSignature writes an MD5 signature (RFC 2385), which without a secret is not checked.
func (o *options) appendSignature(dst, data []byte) []byte {
	why := " shared secret not supplied with -M, can't check - "
	if !o.complete {
		why = " snaplen too short, can't check - "
	}
	return appendBytes(append(dst, why...), data)
}

func (o *options) appendSACK(dst []byte, size int) ([]byte, result) {
	if size%8 != 0 {
		return append(dst, " invalid sack"...), fine
	}
	dst = append(appendDec(append(dst, ' '), uint32(size/8)), ' ')
	for i := 0; i < size; i += 8 {
		if res := o.room(i + 8); res != fine {
			return dst, res
		}
		dst = append(dst, '{')
		dst = appendDec(dst, binary.BigEndian.Uint32(o.bytes[i:])-o.sack)
		dst = append(dst, ':')
		dst = appendDec(dst, binary.BigEndian.Uint32(o.bytes[i+4:])-o.sack)
		dst = append(dst, '}')
	}
	return dst, fine
}

// appendAuthentication writes RFC 5925 §2.2's option.
func (o *options) appendAuthentication(dst []byte, size int) ([]byte, result) {
	if size < 2 {
		return append(dst, " (invalid)"...), fine
	}
	for i, name := range [2]string{" keyid ", " rnextkeyid "} {
		if res := o.room(i + 1); res != fine {
			return dst, res
		}
		dst = appendDec(append(dst, name...), uint32(o.bytes[i]))
	}
	if size == 2 {
		return dst, fine
	}
	dst = append(dst, " mac 0x"...)
	return o.appendCaptured(dst, 2, size)
}

func (o *options) appendUnknown(dst []byte, size int) ([]byte, result) {
	if size > 0 {
		dst = append(dst, " 0x"...)
	}
	return o.appendCaptured(dst, 0, size)
}

// appendCaptured writes what was captured of an option's bytes from start to end.
func (o *options) appendCaptured(dst []byte, start, end int) ([]byte, result) {
	captured := min(end, len(o.bytes))
	dst = appendBytes(dst, o.bytes[start:captured])
	return dst, o.room(end)
}

const fastOpenMagic = 0xf989 // RFC 7413 §A.1, under RFC 6994

func appendExperiment(dst, data []byte) ([]byte, result) {
	if len(data) < 2 {
		return dst, bad
	}
	dst = append(dst, '-')
	if binary.BigEndian.Uint16(data) != fastOpenMagic {
		return appendBytes(dst, data[:2]), fine
	}
	return appendFastOpen(append(dst, "tfo"...), data[2:]), fine
}

// appendFastOpen writes a cookie, or a request for one (RFC 7413 §4.1.1).
func appendFastOpen(dst, cookie []byte) []byte {
	switch n := len(cookie); {
	case n == 0:
		return append(dst, " cookiereq"...)
	case n%2 != 0 || n < 4 || n > 16:
		return append(dst, " (invalid)"...)
	}
	return appendBytes(append(dst, " cookie "...), cookie)
}
