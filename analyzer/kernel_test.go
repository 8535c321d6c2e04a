package analyzer

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestKernels: what the rules of flows say of captures between the sockets of real kernels (see
// pcaps/testdata/kernel/README.md), over IPv4 and IPv6. Captures at either end can tell
// different tales: what the wire lost lies beyond one and before the other.
func TestKernels(t *testing.T) {
	for _, c := range []struct{ scenario, end, finding string }{
		{"ack-lost-always", "client", "half-open ack-lost-or-ignored"},
		{"ack-lost-always", "server", "half-open client-silent"},
		{"syn-ack-lost-always", "server", "half-open syn-ack-lost"},
		{"give-up-connecting", "*", "half-open client-reset"},
		{"accept-queue-full", "*", "syn-ack-after-ack lost-or-ignored"},
		{"ack-lost", "client", "syn-ack-after-ack lost-or-ignored"},
		{"syn-lost-always", "client", "syn-unanswered"},
		{"accept-queue-full-syn", "*", "syn-unanswered"},
		{"refused", "*", "refused"},
		{"refused-by-firewall", "*", "refused"},
		{"unreachable-port", "*", "unreachable"},
		{"unreachable-prohibited", "*", "unreachable"},
		{"syn-lost", "client", "syn-retransmitted"},
		{"syn-ack-lost", "*", "syn-retransmitted"},
		{"ack-lost", "server", "slow-handshake"},
		{"simultaneous-open", "*", "simultaneous-open"},
		{"self-connect", "*", "simultaneous-open"},
		{"simultaneous-open-syn-lost", "client", "split-handshake"},
		{"old-syn-after-reset", "client", "unsolicited-syn-ack"},
		{"fast-open-refused", "*", "fast-open-ignored"},
		{"peer-rebooted", "*", "peer-lost-state"},
		{"keepalive-reset", "*", "peer-lost-state"},

		{"last-ack-lost-always", "server", "missing-final-ack"},
		{"fin-lost-always", "client", "fin-unanswered"},
		{"data-after-close", "*", "rst-after-fin data-to-closed-socket"},
		{"close-with-unread-data-after-fin", "*", "rst-after-fin unread-data"},
		{"last-ack-duplicated", "*", "rst-after-fin time-wait-assassination"},
		{"time-wait-assassinated", "client", "rst-after-fin time-wait-assassination"},
		{"abort-established", "*", "reset"},
		{"close-with-unread-data", "*", "reset"},
		{"accept-queue-full-abort", "*", "reset"},
		{"listener-closed", "*", "reset"},
		{"rst-forged-below", "server", "rst-ignored"},
		{"rst-forged-beyond", "server", "rst-ignored"},
		{"rst-forged-in-window", "server", "rst-ignored"},
		{"rst-forged-exact", "server", "rst-ignored"},
		{"rst-forged-in-window", "server", "challenge-ack"},
		{"syn-on-established", "server", "challenge-ack"},
		{"fin-lost", "client", "fin-retransmitted"},
		{"last-ack-lost", "*", "fin-retransmitted"},
		{"simultaneous-close", "*", "simultaneous-close"},
		{"keepalive-unanswered", "client", "dead-peer"},
		{"reuse-by-client", "*", "time-wait-reuse"},
		{"reuse-by-sequence", "*", "time-wait-reuse"},
	} {
		files := kernels(t, c.scenario+".v?."+c.end+".pcap")
		for _, file := range files {
			var got []string
			for _, n := range findings(read(t, file), &Judge{}) {
				name := n.Rule.Name
				if n.Variant != "" {
					name += " " + n.Variant
				}
				got = append(got, name)
			}
			if !slices.Contains(got, c.finding) {
				t.Errorf("%s: %q is not among %q", file, c.finding, got)
			}
		}
	}
}

// TestKernelsAreWell: no rule of flows has more than a word on connections that go well, whatever the
// network does to them that TCP mends by itself.
func TestKernelsAreWell(t *testing.T) {
	for _, scenario := range []string{
		"any", "captured-twice", "client-closes", "data-lost", "data-lost-before-fin", "data-on-ack", "duplicated",
		"ecn", "fast-open", "fast-open-server-speaks-first", "fin-before-data", "fin-with-data", "half-close",
		"keepalive-answered", "loopback", "loopback-large", "mid-close", "mid-connection", "multipath",
		"no-options", "reordered", "server-closes", "simultaneous-close", "syn-cookies", "three-segment-close",
		"trunk", "urgent", "wrap-at-fin", "wrap-at-syn", "wrap-in-data", "zero-window", "zero-window-close",
	} {
		for _, file := range kernels(t, scenario+".v?.*.pcap") {
			for _, n := range findings(read(t, file), &Judge{}) {
				if n.Flow != 0 && n.Severity > Info {
					t.Errorf("%s: %s", file, line(n))
				}
			}
		}
	}
}

func kernels(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../pcaps/testdata/kernel", pattern))
	if err != nil || len(files) < 2 {
		t.Fatalf("%s: %d captures: %v", pattern, len(files), err)
	}
	return files
}
