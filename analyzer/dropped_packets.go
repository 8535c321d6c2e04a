package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The capture lost packets: the kernel had no room for them when the capturing program was too slow, or the mirror port
// was oversubscribed. A lost packet looks like one that was never sent, so findings that rest on absence are no longer
// certain.
//
//   - counted: the capture itself says so.
//   - unseen: the ends acknowledge what the capture does not have.
var droppedPackets = &Rule{
	Name:     "dropped-packets",
	Title:    "the capture lost packets",
	RFC:      "RFC 9293 §3.4; draft-ietf-opsawg-pcapng (Interface Statistics Block)",
	Severity: Notice,
	Capture:  judgeDroppedPackets,
}

// shownDrops is how many interfaces are named: a pcapng file can have 65,536 of them.
const shownDrops = 5

func judgeDroppedPackets(p *CapturePass) {
	t := &p.Totals
	var lost uint64
	drops := slices.DeleteFunc(slices.Clone(p.Facts.Drops), func(d Drop) bool { return d.Packets == 0 })
	slices.SortStableFunc(drops, func(a, b Drop) int { return cmp.Compare(b.Packets, a.Packets) })
	var where []string
	for i, d := range drops {
		lost += d.Packets
		if i < shownDrops {
			where = append(where, strings.TrimSpace(d.Interface+" "+d.File)+" "+commas(d.Packets))
		}
	}
	if more := len(drops) - len(where); more > 0 {
		where = append(where, "and on "+of(uint64(more), "interface", "interfaces")+" more")
	}
	f := Finding{Confidence: Certain, Flows: t.MissingIn,
		Next: "a larger buffer (tcpdump -B 65536), fewer bytes of each packet (-s 128), a filter, a faster disk; of a mirror port: less on it, or capture at the host"}
	unseen := fmt.Sprintf("acknowledged, but not in the capture: segments at %s in %s", of(t.Missing, "place", "places"), of(t.MissingIn, "flow", "flows"))
	switch {
	case lost > 0:
		f.Variant = "counted"
		f.Summary = fmt.Sprintf("%s lost before they could be captured: %s", of(lost, "packet was", "packets were"), strings.Join(where, ", "))
		f.Why = "the capture counts them"
		if t.Missing > 0 {
			f.Why += "; " + unseen
		}
	case t.Missing > 0:
		f.Variant, f.Confidence = "unseen", Likely
		f.Summary = unseen
		f.Why = "what was acknowledged had arrived, so it was sent; the capture lost it, or it took another way"
	default:
		return
	}
	f.Why += "; what rests on packets that are not there is less certain"
	p.Report(f)
}
