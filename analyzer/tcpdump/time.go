package tcpdump

import (
	"strconv"
	"time"

	"tcpwhy/analyzer/phrase"
)

// TimeMode is what a line begins with. Its value is how often -t is given to tcpdump.
type TimeMode uint8

const (
	TimeOfDay  TimeMode = iota
	TimeNone            // -t
	TimeUnix            // -tt: seconds since 1970-01-01 UTC
	TimeDelta           // -ttt: since the packet printed before
	TimeDate            // -tttt: date and time of day
	TimeOffset          // -ttttt: since the first packet printed
)

// clock remembers the second written last, as most packets share it with the packet before,
// and the time that TimeDelta and TimeOffset count from.
type clock struct {
	second    int64       // when it began, in the printed unit
	text      phrase.Text // zero: nothing written yet
	reference int64
}

// appendTime writes ns, nanoseconds since 1970, and the space after it.
func (p *Printer) appendTime(dst []byte, ns int64) []byte {
	if p.Time == TimeNone {
		return dst
	}
	// tcpdump reads a file in the unit it prints: differences are between cut-off times.
	t := ns
	if !p.Nano {
		t = floorDiv(ns, 1000)
	}
	switch p.Time {
	case TimeUnix:
		dst = p.appendUnix(dst, t)
	case TimeDelta, TimeOffset:
		dst = p.appendDifference(dst, t)
	default:
		dst = p.appendLocal(dst, t)
	}
	return append(dst, ' ')
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// split divides a time in the printed unit into seconds and the rest.
func (p *Printer) split(t int64) (second, fraction int64) {
	second = floorDiv(t, p.perSecond())
	return second, t - second*p.perSecond()
}

func (p *Printer) perSecond() int64 {
	if p.Nano {
		return 1e9
	}
	return 1e6
}

func (p *Printer) appendFraction(dst []byte, fraction int64) []byte {
	dst = append(dst, '.')
	if p.Nano {
		dst = append(dst, '0'+byte(fraction/1e8))
		return append8(dst, eight(uint32(fraction%1e8))|ascii)
	}
	dst = append8(dst, (eight(uint32(fraction))|ascii)>>16)
	return dst[:len(dst)-2]
}

// tcpdump looks at the low 32 bits of the seconds, and refuses what was negative there.
func unprintable(second int64) bool { return uint32(second)&(1<<31) != 0 }

const timeError = "[Error converting time]"

func (p *Printer) appendUnix(dst []byte, t int64) []byte {
	second, fraction := p.split(t)
	if unprintable(second) {
		return append(dst, timeError...)
	}
	dst = appendDec(dst, uint32(second))
	return p.appendFraction(dst, fraction)
}

func (p *Printer) appendDifference(dst []byte, t int64) []byte {
	if p.clock.reference == 0 {
		p.clock.reference = t
	}
	d, sign := t-p.clock.reference, byte(' ')
	if d < 0 {
		d, sign = -d, '-'
	}
	if p.Time == TimeDelta {
		p.clock.reference = t
	}
	dst = append(dst, sign)
	second, fraction := p.split(d)
	if unprintable(second) {
		return append(dst, timeError...)
	}
	dst = appendClock(dst, int(second/3600%24), int(second/60%60), int(second%60))
	return p.appendFraction(dst, fraction)
}

func (p *Printer) appendLocal(dst []byte, t int64) []byte {
	c := &p.clock
	fraction := t - c.second
	if c.text.IsZero() || uint64(fraction) >= uint64(p.perSecond()) {
		var second int64
		if second, fraction = p.split(t); unprintable(second) {
			return append(dst, timeError...)
		}
		var room [len("2006-01-02 15:04:05")]byte
		c.second, c.text = t-fraction, phrase.Of(p.appendSecond(room[:0], second))
	}
	return p.appendFraction(c.text.Append(dst), fraction)
}

func (p *Printer) appendSecond(dst []byte, second int64) []byte {
	location := p.Location
	if location == nil {
		location = time.Local
	}
	t := time.Unix(second, 0).In(location)
	if p.Time == TimeDate {
		year, month, day := t.Date()
		dst = strconv.AppendInt(dst, int64(year), 10) // four digits: seconds end in 2262
		dst = append(dst, '-')
		dst = append2(dst, int(month))
		dst = append(dst, '-')
		dst = append2(dst, day)
		dst = append(dst, ' ')
	}
	hour, minute, sec := t.Clock()
	return appendClock(dst, hour, minute, sec)
}

func appendClock(dst []byte, hour, minute, second int) []byte {
	dst = append(append2(dst, hour), ':')
	dst = append(append2(dst, minute), ':')
	return append2(dst, second)
}

func append2(dst []byte, v int) []byte { return append(dst, byte('0'+v/10), byte('0'+v%10)) }
