package netlab

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Evidence is kept as lines, one record each:
//
//	SECONDS LOCAL REMOTE move FROM TO CAUSE
//	SECONDS LOCAL REMOTE rst             a RST was sent
//	SECONDS LOCAL REMOTE rst-no-socket   in answer to a segment that no socket was found for
//	SECONDS LOCAL REMOTE look KIND [STATE]
//	SECONDS LOCAL REMOTE look none KIND LEFT   gone; KIND was there, with LEFT to go on its timer
func (r *record) String() string {
	head := fmt.Sprintf("%d.%09d %s %s ", r.time.Unix(), r.time.Nanosecond(), r.local, r.remote)
	switch {
	case r.what == moved:
		return head + fmt.Sprintf("move %s %s %s", r.from, r.to, r.cause)
	case r.what == sentRST && r.noSocket:
		return head + "rst-no-socket"
	case r.what == sentRST:
		return head + "rst"
	case r.look.kind == none:
		return head + fmt.Sprintf("look none %s %v", r.before.kind, r.before.timer)
	}
	return head + fmt.Sprintf("look %s %s", r.look.kind, r.look.state)
}

func parseRecord(line string) (r record, err error) {
	bad := fmt.Errorf("%q is no evidence", line)
	f := strings.Fields(line)
	if len(f) < 4 {
		return r, bad
	}
	seconds, nanos, _ := strings.Cut(f[0], ".")
	s, err1 := strconv.ParseInt(seconds, 10, 64)
	ns, err2 := strconv.ParseInt(nanos, 10, 64)
	local, err3 := netip.ParseAddrPort(f[1])
	remote, err4 := netip.ParseAddrPort(f[2])
	for _, e := range []error{err1, err2, err3, err4} {
		if e != nil {
			return r, fmt.Errorf("%w: %w", bad, e)
		}
	}
	r = record{time: time.Unix(s, ns).UTC(), local: local, remote: remote}
	switch {
	case f[3] == "move" && len(f) == 7:
		r.what, r.from, r.to, r.cause = moved, f[4], f[5], f[6]
	case f[3] == "rst":
		r.what = sentRST
	case f[3] == "rst-no-socket":
		r.what, r.noSocket = sentRST, true
	case f[3] == "look" && len(f) == 7 && f[4] == "none":
		r.what = looked
		if r.before.kind, err = parseKind(f[5]); err != nil {
			return r, err
		}
		r.before.timer, err = time.ParseDuration(f[6])
	case f[3] == "look" && len(f) == 6:
		r.what, r.look.state = looked, f[5]
		r.look.kind, err = parseKind(f[4])
	default:
		err = bad
	}
	return r, err
}

func parseKind(s string) (kind, error) {
	for _, k := range []kind{none, full, request, timeWait} {
		if k.String() == s {
			return k, nil
		}
	}
	return none, fmt.Errorf("%q is no kind of socket", s)
}
