//go:build cgo

package pcaps

import (
	"net/netip"
	"regexp"
	"strings"
)

// namesKnownHere are the keywords after which a name is of a port, a protocol or a kind of frame, which this machine knows by itself.
// Anywhere else it is a host's or a network's.
var namesKnownHere = map[string]bool{
	"port": true, "portrange": true, "proto": true, "protochain": true, "ifname": true, "on": true, "rset": true, "ruleset": true,
	"reason": true, "action": true, "type": true, "subtype": true, "dir": true, "direction": true, "llc": true,
}

var (
	// What an expression is made of, as far as it matters here. Behind a backslash all is a name; $ is an ARCNET address.
	filterToken  = regexp.MustCompile(`\\[^ !()\n\t]+|\$[0-9a-fA-F]{1,2}|[][()]|[:0-9A-Za-z][-_.:0-9A-Za-z]*`)
	filterName   = regexp.MustCompile(`[0-9A-Za-z]([-_.0-9A-Za-z]*[.0-9A-Za-z])?`)
	filterNumber = regexp.MustCompile(`^([0-9]+|0[xX][0-9a-fA-F]+)$`)
	filterMAC    = regexp.MustCompile(`^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$`)
)

// checkNames is a *FilterError if libpcap would look up the name of a host or of a network. It does so while it
// compiles, and asks servers: that would tell others what is looked for, and have them choose the packets.
func checkNames(expr string) error {
	here := false      // a name would be of what this machine knows
	var outside []bool // the same of what is around parentheses, after which it goes on
	within := 0        // brackets, where there are no names
	for _, token := range filterToken.FindAllString(expr, -1) {
		switch {
		case token == "[":
			within++
		case token == "]" && within > 0:
			within--
		case within > 0:
		case token == "(":
			outside = append(outside, here)
		case token == ")":
			here = len(outside) > 0 && outside[len(outside)-1]
			outside = outside[:max(len(outside)-1, 0)]
		case token[0] == '\\':
			if !here {
				return lookedUp(expr, token[1:])
			}
		case token[0] == '$' || isAddress(token):
		default:
			for _, word := range filterName.FindAllString(token, -1) {
				switch {
				case word == "and" || word == "or" || word == "not": // after which the same is named as before
				case !isName(word):
					here = namesKnownHere[word]
				case !here:
					return lookedUp(expr, word)
				}
			}
		}
	}
	return nil
}

func lookedUp(expr, name string) error {
	return &FilterError{expr, name + " is no word of a filter, and names are not looked up: hosts and networks go by their addresses"}
}

// isAddress reports whether a word is a number or a whole address. The address of a network may be a part of one, which libpcap knows.
func isAddress(word string) bool {
	_, err := netip.ParseAddr(word)
	return err == nil || filterNumber.MatchString(word) || filterMAC.MatchString(word)
}

// isName reports whether libpcap takes a word for a name, which it does with all that are none of its keywords. "ifname" takes nothing
// else, and looks nothing up: with a name it is wrong for Ethernet alone, and that is what libpcap says.
func isName(word string) bool {
	f := filter{expr: "ifname " + word}
	p, err := f.compile(linkEthernet)
	if err == nil {
		freeProgram(p)
		return true
	}
	return !strings.Contains(err.Error(), "syntax error")
}
