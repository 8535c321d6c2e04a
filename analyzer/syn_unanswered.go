package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Nothing answered the SYN, however often it was sent: no SYN-ACK, no RST, no ICMP error. A firewall
// drops it, the address is not in use, the SYN or every answer is lost on the way; or the server drops
// it, as Linux does with a full accept queue or a full queue of requests. A host that is up and has no
// such service answers with RST, which is refused, and not meant here.
//
// The schedule of the tries tells who waits: Linux from 6.5 on sends five tries a second apart before
// it doubles the wait (net.ipv4.tcp_syn_linear_timeouts), others double from the first (RFC 6298
// §5.5); a scanner sends one.
var synUnanswered = &Rule{
	Name:     "syn-unanswered",
	Title:    "SYN never answered, however often it was sent",
	RFC:      "RFC 9293 §3.8.3; RFC 6298 §2.1, §5.5; RFC 1122 §4.2.3.5",
	Severity: Notice,
	signs:    opening(flows.OpeningUnanswered, flows.OpeningInvalid),
	ongoing:  never,
	Flow:     judgeSYNUnanswered,
}

func judgeSYNUnanswered(p *Pass) {
	// A RST that refuses nothing is no answer, either.
	none := p.Opening.Outcome == flows.OpeningUnanswered || p.Opening.Outcome == flows.OpeningInvalid &&
		len(p.EventsOf(flows.NoteRSTNotBelieved)) > 0 && len(p.EventsOf(flows.NoteBadSYNACK)) == 0
	if !p.Over || !none || len(p.EventsOf(flows.NoteChallengeACK)) > 0 {
		return
	}
	syns, at := p.SYNs()
	if len(syns) == 0 {
		return
	}
	f := Finding{Confidence: p.Missing(), Endpoint: flows.ByServer, Packets: syns, Lasted: time.Duration(at[len(at)-1] - at[0])}
	if p.wordless {
		p.Report(f)
		return
	}
	client, server := p.Client(), p.Server()
	waited := span.String(p.Since(at[0]))
	f.Summary = fmt.Sprintf("SYN sent %s, no answer for %s", times(p.Opening.SYNs), waited)
	f.Why = fmt.Sprintf("nothing answered the SYN in %s within %s", packets(syns...), waited)
	if schedule := schedule(at); schedule != "" {
		f.Why += "; " + schedule
	} else if len(at) == 1 {
		f.Why += "; it was not sent again: a scan, or a client with a time limit below one second"
		if p.Capture.EndedOpen && p.Since(at[0]) < 2*answerTime {
			f.Why += ", or what followed was not captured"
		}
	}
	for _, e := range p.Events {
		switch e.Kind {
		case flows.NoteUnreachable:
			f.Why += fmt.Sprintf("; an ICMP error in packet %d did not end the attempt", e.At)
		case flows.NoteRSTNotBelieved:
			f.Why += fmt.Sprintf("; the RST in packet %d does not acknowledge the SYN, so it counts for nothing", e.At)
		default:
			continue
		}
		break
	}
	f.Next = fmt.Sprintf("is %[1]s the right address, and up? a firewall that drops says nothing (nft list ruleset; iptables -nvL); on %[1]s: nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPReqQFullDrop; a capture there (tcpdump -n 'host %[2]s and port %[3]d') tells whether the SYN arrives",
		server.Addr.Addr(), client.Addr.Addr(), server.Addr.Port())
	p.Report(f)
}

// schedule names the way in which the tries follow each other, or is "".
func schedule(at []int64) string {
	if len(at) < 3 {
		return ""
	}
	linear, doubling := true, true
	var last time.Duration
	for i := 1; i < len(at); i++ {
		wait := time.Duration(at[i] - at[i-1])
		if i <= 4 && (wait < 900*time.Millisecond || wait > 1200*time.Millisecond) {
			linear = false
		}
		if i > 1 && (wait < last*17/10 || wait > last*24/10) {
			doubling = false
		}
		last = wait
	}
	switch {
	case linear:
		return "a second apart, as Linux 6.5 and later try at first (net.ipv4.tcp_syn_linear_timeouts)"
	case doubling:
		return "each wait twice the one before, as RFC 6298 has it"
	}
	return ""
}
