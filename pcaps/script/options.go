package script

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tcpwhy/flows"
)

// Option kinds, as IANA numbers them.
const (
	kindEOL       = 0
	kindNOP       = 1
	kindMSS       = 2
	kindWScale    = 3
	kindSACKOK    = 4
	kindSACK      = 5
	kindTS        = 8
	kindFastOpen  = 34
	kindExpt      = 254    // RFC 4727, with an identifier after the length
	exptFastOpen  = 0xf989 // RFC 6994 registry: what Fast Open used before it had a kind
	maxWScale     = 14     // RFC 7323 §2.3
	clientTSClock = 3_000_000_000
	serverTSClock = 4_294_900_000 // wraps after 67 seconds
)

// optionReader turns a list of options into bytes.
type optionReader struct {
	peer  flows.Seq // ISS that SACK blocks count from
	ack   bool
	at    time.Duration
	from  Dir
	flow  int       // its index: flows have clocks of their own, as in RFC 7323 §5.4
	tsval [2]uint32 // last of each end

	hasTS  bool
	sentTS uint32
}

func (o *optionReader) read(list string) (b []byte, err error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(list, ",") {
		w := words{strings.TrimSpace(text)}
		name := w.next()
		if b, err = o.one(b, name, &w); err != nil {
			return nil, fmt.Errorf("option %q: %w", text, err)
		}
		if w.peek() != "" {
			return nil, fmt.Errorf("option %q: %q is too much", text, w.peek())
		}
	}
	return b, nil
}

func (o *optionReader) one(b []byte, name string, w *words) ([]byte, error) {
	switch name {
	case "eol":
		return append(b, kindEOL), nil
	case "nop":
		return append(b, kindNOP), nil
	case "mss":
		n, err := parse16(w.next())
		return binary.BigEndian.AppendUint16(append(b, kindMSS, 4), n), err
	case "wscale":
		n, err := parseUint(w.next(), 255)
		return append(b, kindWScale, 3, byte(n)), err
	case "sackOK":
		return append(b, kindSACKOK, 2), nil
	case "sack":
		return o.sack(b, w)
	case "TS":
		val, ecr, err := o.timestamps(w)
		o.hasTS, o.sentTS = true, val
		b = binary.BigEndian.AppendUint32(append(b, kindTS, 10), val)
		return binary.BigEndian.AppendUint32(b, ecr), err
	case "tfo":
		cookie, err := hex.DecodeString(w.next())
		return append(append(b, kindFastOpen, byte(2+len(cookie))), cookie...), err
	case "raw":
		bytes, err := hex.DecodeString(w.next())
		if len(bytes) == 0 && err == nil {
			err = errors.New("no bytes")
		}
		return append(b, bytes...), err
	}
	return nil, errors.New("not known")
}

func (o *optionReader) sack(b []byte, w *words) ([]byte, error) {
	at := len(b)
	b = append(b, kindSACK, 0)
	for w.peek() != "" {
		left, right, ok := strings.Cut(w.next(), ":")
		if !ok {
			return nil, errors.New("not a block, as in 1:101")
		}
		for _, edge := range []string{left, right} {
			n, err := number(edge, o.peer)
			if err != nil {
				return nil, err
			}
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
	}
	if len(b)-at > 40 {
		return nil, errors.New("too many blocks")
	}
	b[at+1] = byte(len(b) - at)
	return b, nil
}

func (o *optionReader) timestamps(w *words) (val, ecr uint32, err error) {
	if w.peek() == "" {
		val = clientTSClock
		if o.from == ToClient {
			val = serverTSClock
		}
		val += uint32(o.at.Milliseconds()) + uint32(o.flow)*2_654_435_761
		if o.ack {
			ecr = o.tsval[1-o.from]
		}
		return val, ecr, nil
	}
	for _, field := range []struct {
		name string
		to   *uint32
	}{{"val", &val}, {"ecr", &ecr}} {
		if w.next() != field.name {
			return 0, 0, errors.New("not TS val N ecr N")
		}
		n, err := parseUint(w.next(), 1<<32-1)
		if err != nil {
			return 0, 0, err
		}
		*field.to = uint32(n)
	}
	return val, ecr, nil
}

// formatOptions is what optionReader would read to the same bytes.
func formatOptions(b []byte, peer flows.Seq) string {
	var list []string
	for len(b) > 0 {
		text, n := formatOption(b, peer)
		if n == 0 {
			list = append(list, "raw "+hex.EncodeToString(b))
			break
		}
		list = append(list, text)
		b = b[n:]
	}
	return "<" + strings.Join(list, ",") + ">"
}

// formatOption is the option at the start of b and its length, 0 where it is not well formed.
func formatOption(b []byte, peer flows.Seq) (string, int) {
	switch b[0] {
	case kindEOL:
		return "eol", 1
	case kindNOP:
		return "nop", 1
	}
	if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
		return "", 0
	}
	n := int(b[1])
	value := b[2:n]
	switch {
	case b[0] == kindMSS && n == 4:
		return "mss " + strconv.Itoa(int(binary.BigEndian.Uint16(value))), n
	case b[0] == kindWScale && n == 3:
		return "wscale " + strconv.Itoa(int(value[0])), n
	case b[0] == kindSACKOK && n == 2:
		return "sackOK", n
	case b[0] == kindSACK && len(value)%8 == 0:
		text := "sack"
		for ; len(value) > 0; value = value[8:] {
			left, right := binary.BigEndian.Uint32(value), binary.BigEndian.Uint32(value[4:])
			text += fmt.Sprintf(" %d:%d", flows.Seq(left).Sub(peer), flows.Seq(right).Sub(peer))
		}
		return text, n
	case b[0] == kindTS && n == 10:
		return fmt.Sprintf("TS val %d ecr %d", binary.BigEndian.Uint32(value), binary.BigEndian.Uint32(value[4:])), n
	case b[0] == kindFastOpen:
		return strings.TrimSpace("tfo " + hex.EncodeToString(value)), n
	}
	return "raw " + hex.EncodeToString(b[:n]), n
}
