package diff

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// timeNames are what is measured of the openings of a server's connections, as reports call it.
var timeNames = [...]string{"syn_to_syn_ack", "syn_ack_to_ack", "handshake", "connect", "server_ready"}

// timeWords are they for people.
var timeWords = [...]string{"SYN to SYN-ACK", "SYN-ACK to ACK", "handshake", "connect, from first SYN", "ready, from first SYN"}

func timesOf(o *flows.Handshake) [len(timeNames)]flows.Elapsed {
	return [...]flows.Elapsed{o.SYNToSYNACK, o.SYNACKToACK, o.Handshake, o.Connect, o.ServerReady}
}

// times is how long something took over many flows: as measured, or as a report has it.
type times struct {
	measured *analyzer.Timing // nil: not
	n        uint64
	reported []point // rising
}

// point is the time that a share of the flows did not exceed.
type point struct {
	share float64
	took  time.Duration
}

func (t *times) add(e flows.Elapsed) {
	if t.measured == nil {
		return
	}
	t.measured.Add(e)
	t.n = t.measured.N
}

// at is the time that a share of the flows did not exceed. Of a report, which has few of them, it is that of the next share
// above, or where down is set, below; false where there is none.
func (t *times) at(share float64, down bool) (time.Duration, bool) {
	if t.measured != nil {
		return t.measured.Quantile(share), t.n > 0
	}
	var found *point
	for i := range t.reported {
		p := &t.reported[i]
		if down && p.share <= share || !down && p.share >= share && found == nil {
			found = p
		}
	}
	if found == nil {
		return 0, false
	}
	return found.took, true
}

// surely is the interval that the percentile of all that could be measured lies in with a chance of 99.9%, by the order
// statistics of what was (the binomial distribution's normal approximation). It is false where too few were measured
// for one: fewer than 11 of the median, 98 of the 90th percentile, 1,072 of the 99th.
func (t *times) surely(share float64) (low, high time.Duration, ok bool) {
	const z = 3.29
	if t.n == 0 {
		return 0, 0, false
	}
	margin := z * math.Sqrt(share*(1-share)/float64(t.n))
	if share-margin < 0 || share+margin > 1 {
		return 0, 0, false
	}
	low, ok = t.at(share-margin, true)
	high, above := t.at(share+margin, false)
	return low, high, ok && above
}

// Tolerance is how much longer something may take than before. Both have to be exceeded.
type Tolerance struct {
	Share float64 // of what it took before
	By    time.Duration
}

// DefaultTolerance is twice the time, and 100 ms more: what a busy machine does to a handshake stays below that,
// a SYN sent again is above it.
func DefaultTolerance() Tolerance { return Tolerance{1, 100 * time.Millisecond} }

func (t Tolerance) String() string {
	return strconv.FormatFloat(t.Share*100, 'f', -1, 64) + "%," + t.By.String()
}

// ParseTolerance reads a percentage, a time, or both: "50%,20ms". What is not given is none.
func ParseTolerance(s string) (Tolerance, error) {
	var t Tolerance
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if percent, is := strings.CutSuffix(part, "%"); is {
			share, err := strconv.ParseFloat(percent, 64)
			if err != nil || share < 0 || math.IsInf(share, 0) || math.IsNaN(share) {
				return t, fmt.Errorf("%q is no percentage", part)
			}
			t.Share = share / 100
			continue
		}
		by, err := time.ParseDuration(part)
		if err != nil || by < 0 {
			return t, fmt.Errorf("%q is neither a percentage nor a time (50%%,20ms)", part)
		}
		t.By = by
	}
	return t, nil
}

func (t Tolerance) exceeded(was, is time.Duration) bool {
	return is-was > t.By && float64(is-was) > t.Share*float64(was)
}

// percentiles that are compared.
var percentiles = [...]struct {
	name  string
	share float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}}

// Change is a percentile that changed by more than is tolerated, and by more than chance can do.
type Change struct {
	Percentile string
	Was, Is    time.Duration
}

// changes are the percentiles in which the two differ, all one way: the slower ones, or where there are none the
// faster. It is false where no percentile of theirs could be compared.
func (t Tolerance) changes(was, is *times) (slower, faster []Change, compared bool) {
	for _, p := range percentiles {
		wasLow, wasHigh, ok := was.surely(p.share)
		isLow, isHigh, also := is.surely(p.share)
		if !ok || !also {
			continue
		}
		compared = true
		before, _ := was.at(p.share, false)
		now, _ := is.at(p.share, false)
		c := Change{p.name, before, now}
		switch {
		case isLow > wasHigh && t.exceeded(before, now):
			slower = append(slower, c)
		case isHigh < wasLow && t.exceeded(now, before):
			faster = append(faster, c)
		}
	}
	return slower, faster, compared
}
