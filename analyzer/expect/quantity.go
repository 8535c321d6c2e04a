package expect

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/verdict"
)

// Quantity is how many there may be: of flows that are chosen, or of the chosen ones that are so and so.
type Quantity struct {
	least, most bound
	text        string // as it is told: "all", "at most 3"
}

// bound is a number or a share of all.
type bound struct {
	n       float64
	percent bool
}

var (
	quantityAll = Quantity{bound{100, true}, bound{100, true}, "all"}
	quantityAny = Quantity{bound{}, bound{math.Inf(1), false}, "any"}
)

const quantityForms = "12, none, all, any, at least 3, at most 5%, 3 to 5"

func parseQuantity(s string) (Quantity, error) {
	words := strings.Fields(s)
	wrong := fmt.Errorf("%q is no quantity (%s)", s, quantityForms)
	q := quantityAny
	q.text = strings.Join(words, " ")
	var err error
	switch {
	case len(words) == 1 && words[0] == "none":
		q.most = bound{}
	case len(words) == 1 && words[0] == "all":
		return quantityAll, nil
	case len(words) == 1 && words[0] == "any":
	case len(words) == 1:
		q.least, err = parseBound(words[0])
		q.most = q.least
	case len(words) == 3 && words[0] == "at" && words[1] == "least":
		q.least, err = parseBound(words[2])
	case len(words) == 3 && words[0] == "at" && words[1] == "most":
		q.most, err = parseBound(words[2])
	case len(words) == 3 && words[1] == "to":
		q.least, err = parseBound(words[0])
		if err == nil {
			q.most, err = parseBound(words[2])
		}
		if err == nil && q.least.percent == q.most.percent && q.least.n > q.most.n {
			return q, fmt.Errorf("%q: from more to less", s)
		}
	default:
		return q, wrong
	}
	if err != nil {
		return q, wrong
	}
	return q, nil
}

func parseBound(s string) (bound, error) {
	if number, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(number, 64)
		if err == nil && !(p >= 0 && p <= 100) {
			err = strconv.ErrRange
		}
		return bound{p, true}, err
	}
	n, err := strconv.ParseUint(s, 10, 53)
	return bound{float64(n), false}, err
}

// of is the bound in 1/100 of a flow, where there are so many.
func (b bound) of(all uint64) float64 {
	if b.percent {
		return b.n * float64(all)
	}
	return 100 * b.n
}

// few and many report whether n of so many are fewer, or more, than there have to be.
func (q *Quantity) few(n, all uint64) bool  { return 100*float64(n) < q.least.of(all) }
func (q *Quantity) many(n, all uint64) bool { return 100*float64(n) > q.most.of(all) }

// exceeded reports whether n are more than there may be, however many more there are of all.
func (q *Quantity) exceeded(n uint64) bool {
	return float64(n) > q.most.n && (!q.most.percent || q.most.n == 0)
}

// needsAll reports whether one flow is enough for them to be too few.
func (q *Quantity) needsAll() bool { return q.least == bound{100, true} }

// admits reports whether n of so many are as many as there have to be.
func (q *Quantity) admits(n, all uint64) bool { return !q.few(n, all) && !q.many(n, all) }

// judge tells whether flows that hold something are as many as there have to be, of all that there are; and if not, which of them
// are not as expected.
func (q *Quantity) judge(n, all uint64, holders, others *verdict.Offenders) (metric.Truth, verdict.Offenders) {
	switch {
	case q.many(n, all):
		return metric.No, *holders
	case q.few(n, all):
		return metric.No, *others
	}
	return metric.Yes, verdict.Offenders{}
}

// expected tells what is expected of so many flows.
func (q *Quantity) expected(all uint64) string {
	switch q.text {
	case "all":
		return fmt.Sprintf("%s of %s", amount.Commas(all), amount.Of(all, "flow", "flows"))
	case "none":
		return "none of " + amount.Of(all, "flow", "flows")
	}
	return q.text + " of " + amount.Of(all, "flow", "flows")
}
