package analyzer

import "time"

// admission is how many new SYNs a server answered, and how many it did not until they came again, second by
// second: in the last few, as it takes a second to know.
type admission struct {
	second         int64 // the latest
	taken, ignored [admissionSeconds]uint32
}

const admissionSeconds = 16

// slot is where a second is counted; -1 where it is too long ago.
func (a *admission) slot(at int64) int {
	second := at / int64(time.Second)
	if second-a.second >= admissionSeconds || a.second == 0 {
		*a = admission{second: second}
	}
	for a.second < second {
		a.second++
		i := (a.second%admissionSeconds + admissionSeconds) % admissionSeconds
		a.taken[i], a.ignored[i] = 0, 0
	}
	if second <= a.second-admissionSeconds {
		return -1
	}
	return int((second%admissionSeconds + admissionSeconds) % admissionSeconds)
}

// take counts a SYN that is answered.
func (a *admission) take(at int64) {
	if i := a.slot(at); i >= 0 {
		a.taken[i]++
	}
}

// ignore counts a SYN, sent then, that came again, and reports whether the server took hardly any in that second: at least
// as many were ignored as taken, and more than an accident or two.
func (a *admission) ignore(at int64) bool {
	i := a.slot(at)
	if i < 0 {
		return false
	}
	a.ignored[i]++
	return a.ignored[i] >= unheardTogether && a.ignored[i] >= a.taken[i]
}
