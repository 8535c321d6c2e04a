package diff

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// pair is a flow before and the one that it became; either can be nil.
type pair struct{ was, is *row }

// match finds for each flow to a server before the one that it is now: by client address and port or, where these
// differ from run to run, by order. Pairs of flows that are alike are only counted.
func match(was, is []row) (alike uint64, pairs []pair) {
	slices.SortFunc(was, byNumber)
	slices.SortFunc(is, byNumber)
	same, wasLeft, isLeft, ok := byClient(was, is)
	if !ok {
		return byOrder(pointers(was), pointers(is))
	}
	for _, p := range same {
		if p.was.outcome == p.is.outcome {
			alike++
		} else {
			pairs = append(pairs, p)
		}
	}
	more, rest := byOrder(wasLeft, isLeft)
	for _, p := range rest { // of other ports, and not alike: what has one to do with the other?
		if p.was != nil {
			pairs = append(pairs, pair{was: p.was})
		}
		if p.is != nil {
			pairs = append(pairs, pair{is: p.is})
		}
	}
	return alike + more, pairs
}

func byNumber(a, b row) int { return cmp.Compare(a.number, b.number) }

func pointers(rows []row) []*row {
	all := make([]*row, len(rows))
	for i := range rows {
		all[i] = &rows[i]
	}
	return all
}

// byClient matches flows of the same client address and port, the first with the first, and gives the others too. It is false
// where that is true of fewer than half: ports that are equal by chance say nothing.
func byClient(was, is []row) (pairs []pair, wasLeft, isLeft []*row, ok bool) {
	of := make(map[netip.AddrPort][]*row, len(was))
	for i := range was {
		of[was[i].client] = append(of[was[i].client], &was[i])
	}
	for i := range is {
		now := &is[i]
		if before := of[now.client]; len(before) > 0 {
			pairs = append(pairs, pair{before[0], now})
			of[now.client] = before[1:]
		} else {
			isLeft = append(isLeft, now)
		}
	}
	for i := range was {
		if left := of[was[i].client]; len(left) > 0 && left[0] == &was[i] {
			wasLeft = append(wasLeft, left[0])
			of[was[i].client] = left[1:]
		}
	}
	return pairs, wasLeft, isLeft, 2*len(pairs) >= min(len(was), len(is)) && len(pairs) > 0
}

// byOrder matches flows by their order: the longest common subsequence of outcomes stays, and what differs between is paired
// one by one. The order of flows that run side by side means little, so of what is left flows with the same
// outcome are alike too. More than some 50 differences apart, the subsequence is no longer the longest.
func byOrder(was, is []*row) (alike uint64, pairs []pair) {
	alike = uint64(len(was))
	var gaps [][2][]*row
	for _, d := range lcs.DiffRunes(outcomesOf(was), outcomesOf(is)) {
		alike -= uint64(d.End - d.Start)
		gaps = append(gaps, [2][]*row{was[d.Start:d.End], is[d.ReplStart:d.ReplEnd]})
	}
	moved := inBoth(gaps)
	alike += total(moved)
	wasMoved, isMoved := moved, maps.Clone(moved)
	var left [2][]*row
	for _, g := range gaps {
		before, now := without(g[0], wasMoved), without(g[1], isMoved)
		n := min(len(before), len(now))
		for i := range n {
			pairs = append(pairs, pair{before[i], now[i]})
		}
		left[0], left[1] = append(left[0], before[n:]...), append(left[1], now[n:]...)
	}
	n := min(len(left[0]), len(left[1]))
	for i := range n {
		pairs = append(pairs, pair{left[0][i], left[1][i]})
	}
	for _, r := range left[0][n:] {
		pairs = append(pairs, pair{was: r})
	}
	for _, r := range left[1][n:] {
		pairs = append(pairs, pair{is: r})
	}
	return alike, pairs
}

// outcomesOf are the outcomes of rows, in order, as what a longest common subsequence is looked for in.
func outcomesOf(rows []*row) []rune {
	all := make([]rune, len(rows))
	for i, r := range rows {
		all[i] = r.outcome
	}
	return all
}

// inBoth counts, by outcome, how many flows left before have one left now.
func inBoth(gaps [][2][]*row) map[int32]int {
	var counts [2]map[int32]int
	for side := range counts {
		counts[side] = map[int32]int{}
		for _, g := range gaps {
			for _, r := range g[side] {
				counts[side][r.outcome]++
			}
		}
	}
	both := map[int32]int{}
	for outcome, n := range counts[0] {
		if m := min(n, counts[1][outcome]); m > 0 {
			both[outcome] = m
		}
	}
	return both
}

func total(counts map[int32]int) (n uint64) {
	for _, c := range counts {
		n += uint64(c)
	}
	return n
}

// without is rows without as many of each outcome as drop has, which it uses up.
func without(rows []*row, drop map[int32]int) (left []*row) {
	for _, r := range rows {
		if drop[r.outcome] > 0 {
			drop[r.outcome]--
		} else {
			left = append(left, r)
		}
	}
	return left
}
