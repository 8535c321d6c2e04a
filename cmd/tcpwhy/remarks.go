package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tcpwhy/pcaps"
)

// remark says what about a capture explains that so little was found in it.
func remark(w io.Writer, source *pcaps.Source) {
	unknown := source.UnknownLinks()
	for _, linktype := range slices.Sorted(maps.Keys(unknown)) {
		fmt.Fprintf(w, "link type %s is not known: %s skipped\n", pcaps.LinkName(linktype), count(unknown[linktype], "packet"))
	}
	if n := source.Decoder().SpacesOverflowed(); n > 0 {
		fmt.Fprintf(w, "more VLANs and tunnels than can be told apart: %s of the last of them taken for one network\n", count(n, "TCP segment"))
	}
	if n := source.Late(); n > 0 {
		fmt.Fprintf(w, "%s later than the year 2255, or with no right clock: taken for that time\n", count(n, "packet"))
	}
	hosts, all := source.Unsummed()
	switch {
	case len(hosts) == 0:
	case all:
		fmt.Fprintln(w, "no checksum is right: captured where none are computed (a loopback interface, virtual machines or containers of one host); "+
			"without --check-sums all segments count")
	default:
		fmt.Fprintf(w, "all that %s sent has wrong checksums, and what others sent has right ones: captured at that host, before its network card "+
			"filled them in; without --check-sums its segments count\n", listed(hosts))
	}
}

// listed names a few of what there is.
func listed[T fmt.Stringer](list []T) string {
	const few = 3
	var names []string
	for _, v := range list[:min(few, len(list))] {
		names = append(names, v.String())
	}
	if len(list) > few {
		names = append(names, fmt.Sprintf("%d more", len(list)-few))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}
