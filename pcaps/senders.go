package pcaps

import (
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// senders counts, by address, what was sent with right and with wrong checksums: a host that leaves them to its
// network card, and captures what it sends before that, has none of its own right.
type senders map[flows.Addr]sums

type sums struct{ right, wrong uint64 }

const (
	maxSenders = 1 << 12 // further addresses are not counted; some 250 kB
	// fewestSent is how many segments show that a sender's checksums are all wrong: fewer may be by chance.
	fewestSent = 3
	// damagedOnTheWay is what part of the others' segments may be wrong at the most.
	damagedOnTheWay = 0.01
)

func (s *senders) count(a flows.Addr, wrong bool) {
	n, known := (*s)[a]
	if !known && len(*s) >= maxSenders {
		return
	}
	if *s == nil {
		*s = make(senders)
	}
	if wrong {
		n.wrong++
	} else {
		n.right++
	}
	(*s)[a] = n
}

// Unsummed are the addresses that sent only wrong checksums while all others sent right ones, in order:
// those of the host that the capture was made at. all says that there are no right ones at all, as
// on a loopback interface or between virtual machines. Both are empty where checksums were not verified.
func (s *Source) Unsummed() (hosts []netip.Addr, all bool) {
	var others sums
	for a, n := range s.senders {
		switch {
		case n.right > 0:
			others.right += n.right
			others.wrong += n.wrong
		case n.wrong >= fewestSent:
			hosts = append(hosts, a.Netip())
		}
	}
	if len(hosts) == 0 || float64(others.wrong) > damagedOnTheWay*float64(others.right) {
		return nil, false
	}
	slices.SortFunc(hosts, netip.Addr.Compare)
	return hosts, others.right == 0
}
