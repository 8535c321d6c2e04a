package analyzer

import "math/bits"

// Present counts the different things that are there, of those that come and go: exactly up to some, then by a sample of them.
// A sketch as in Distinct could let none go. The zero value has none.
type Present struct {
	all   uint64            // that are there, one thing as often as it is
	times map[uint64]uint64 // by hash, how often it is there, of one hash in 2^skip
	skip  int
}

// presentSample is as many as are kept, some 50 kB: an estimate is mostly within 3 % (1/√n, n being at least half of these).
const presentSample = 2048

func (p *Present) add(h uint64) {
	p.all++
	p.insert(h, 1)
}

func (p *Present) insert(h, times uint64) {
	if !p.samples(h) {
		return
	}
	if p.times == nil {
		p.times = map[uint64]uint64{}
	}
	p.times[h] += times
	for len(p.times) > presentSample {
		p.thin(p.skip + 1)
	}
}

// remove has one go that was added.
func (p *Present) remove(h uint64) {
	p.all--
	switch p.times[h] {
	case 0: // not of the sample
	case 1:
		delete(p.times, h)
	default:
		p.times[h]--
	}
}

// merge adds what is in o.
func (p *Present) merge(o *Present) {
	p.all += o.all
	p.thin(max(p.skip, o.skip))
	for h, times := range o.times {
		p.insert(h, times)
	}
}

func (p *Present) thin(skip int) {
	if skip == p.skip {
		return
	}
	p.skip = skip
	for h := range p.times {
		if !p.samples(h) {
			delete(p.times, h)
		}
	}
}

func (p *Present) samples(h uint64) bool { return bits.TrailingZeros64(h) >= p.skip }

// N is how many there are, never more than were added.
func (p *Present) N() uint64 { return min(uint64(len(p.times))<<p.skip, p.all) }

// Words is how many of what, "about" where that is an estimate, to three digits.
func (p *Present) Words(one, many string) string {
	return words(p.N(), p.all, p.skip == 0, one, many)
}
