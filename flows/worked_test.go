package flows_test

import (
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

const (
	open3 = `+0 > S 0:0(0)
+20ms < S. 0:0(0) ack 1
+1ms > . 1:1(0) ack 1
`
	data = `+1ms > P. 1:101(100) ack 1
+20ms < . 1:1(0) ack 101
+5ms < P. 1:501(500) ack 101
+1ms > . 101:101(0) ack 501
`
)

// TestWorkedLists holds the lists of states that follow from the creed of doc.go, one row a
// connection. A leading "…" is: whatever came before.
func TestWorkedLists(t *testing.T) {
	for _, c := range []struct {
		name, packets, client, server string
	}{
		{"SYN repeated, no answer", `+0 > S 0:0(0)
+1s > S 0:0(0)`, "CLOSED SYN_SENT", ""},
		{"refused", `+0 > S 0:0(0)
+1ms < R. 0:0(0) ack 1`, "CLOSED SYN_SENT CLOSED", "CLOSED"},
		{"SYN lost once", `+0 > S 0:0(0)
+1s > S 0:0(0)
+20ms < S. 0:0(0) ack 1
+1ms > . 1:1(0) ack 1`, "CLOSED SYN_SENT ESTABLISHED", "LISTEN SYN_RCVD ESTABLISHED"},
		{"SYN-ACK lost twice", `+0 > S 0:0(0)
+20ms < S. 0:0(0) ack 1
+1s > S 0:0(0)
+20ms < S. 0:0(0) ack 1`, "CLOSED SYN_SENT", "LISTEN SYN_RCVD"},
		{"SYN-ACK repeated, client silent", `+0 > S 0:0(0)
+20ms < S. 0:0(0) ack 1
+1s < S. 0:0(0) ack 1
+2s < S. 0:0(0) ack 1`, "CLOSED SYN_SENT ESTABLISHED", "LISTEN SYN_RCVD"},
		{"SYN scan", `+0 > S 0:0(0)
+20ms < S. 0:0(0) ack 1
+1ms > R 1:1(0)`, "CLOSED SYN_SENT CLOSED", "LISTEN SYN_RCVD CLOSED"},
		{"accept queue full", open3 + `+1s < S. 0:0(0) ack 1
+1ms > . 1:1(0) ack 1`, "CLOSED SYN_SENT ESTABLISHED", "LISTEN SYN_RCVD"},
		{"accept queue full, then taken", open3 + `+1s < S. 0:0(0) ack 1
+1ms > . 1:1(0) ack 1
+1s > P. 1:101(100) ack 1
+20ms < . 1:1(0) ack 101`, "CLOSED SYN_SENT ESTABLISHED", "LISTEN SYN_RCVD ESTABLISHED"},
		{"accept queue full, then the request is gone", open3 + `+1s < S. 0:0(0) ack 1
+1ms > . 1:1(0) ack 1
+60s > P. 1:101(100) ack 1
+20ms < R 1:1(0)`, "CLOSED SYN_SENT ESTABLISHED CLOSED", "LISTEN SYN_RCVD CLOSED"},
		{"Fast Open, server closes before any ACK", `+0 > S 0:100(100) <tfo 0011223344556677>
+20ms < S. 0:0(0) ack 101
+1ms < F. 1:1(0) ack 101`, "CLOSED SYN_SENT ESTABLISHED CLOSE_WAIT", "LISTEN SYN_RCVD FIN_WAIT_1"},
		{"FIN repeated, server silent", open3 + data + `+1s > F. 101:101(0) ack 501
+200ms > F. 101:101(0) ack 501`, "… ESTABLISHED FIN_WAIT_1", "… ESTABLISHED CLOSE_WAIT"},
		{"FIN repeated, then server data with the old ack", open3 + data + `+1s > F. 101:101(0) ack 501
+200ms > F. 101:101(0) ack 501
+1s < P. 501:601(100) ack 101`, "… ESTABLISHED FIN_WAIT_1", "… ESTABLISHED"},
		{"three-segment close", open3 + data + `+1s > F. 101:101(0) ack 501
+20ms < F. 501:501(0) ack 102
+1ms > . 102:102(0) ack 502`, "… FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT", "… CLOSE_WAIT LAST_ACK CLOSED"},
		{"no last ACK", open3 + data + `+1s > F. 101:101(0) ack 501
+20ms < . 501:501(0) ack 102
+1s < F. 501:501(0) ack 102
+200ms < F. 501:501(0) ack 102`, "… FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT", "… CLOSE_WAIT LAST_ACK"},
		{"FINs cross", open3 + data + `+1s > F. 101:101(0) ack 501
+1ms < F. 501:501(0) ack 101
+20ms > . 102:102(0) ack 502
+1ms < . 502:502(0) ack 102`, "… FIN_WAIT_1 CLOSING TIME_WAIT", "… FIN_WAIT_1 CLOSING TIME_WAIT"},
		{"data to an orphan in FIN_WAIT_2", open3 + data + `+1s > F. 101:101(0) ack 501
+20ms < . 501:501(0) ack 102
+1s < P. 501:601(100) ack 102
+1ms > R 102:102(0)`, "… FIN_WAIT_1 FIN_WAIT_2 CLOSED", "… CLOSE_WAIT CLOSED"},
		{"FIN lost, RST+ACK, challenge ACK, exact RST", open3 + data + `+1s > F. 101:101(0) ack 501
+1s > R. 102:102(0) ack 501
+20ms < . 501:501(0) ack 101
+1ms > R 101:101(0)`, "… FIN_WAIT_1 CLOSED", "… ESTABLISHED CLOSED"},
		{"RST to TIME_WAIT", open3 + data + `+1s > F. 101:101(0) ack 501
+20ms < . 501:501(0) ack 102
+1s < F. 501:501(0) ack 102
+1ms > . 102:102(0) ack 502
+1s < R 502:502(0)`, "… TIME_WAIT CLOSED", "… LAST_ACK CLOSED"},
		{"met in mid-connection", `+0 > P. 101:201(100) ack 501
+1ms < . 501:501(0) ack 201
+1s > F. 201:201(0) ack 501
+20ms < F. 501:501(0) ack 202
+1ms > . 202:202(0) ack 502`, "ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT", "ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lists(parse(t, c.packets, script.Options{}).Segments())
			for i, want := range []string{c.client, c.server} {
				if tail, ok := strings.CutPrefix(want, "… "); ok && strings.HasSuffix(got[i], " "+tail) || got[i] == want {
					continue
				}
				t.Errorf("%s: got %q, want %q", flows.Side(i), got[i], want)
			}
		})
	}
}

// lists are the states of both ends of the only flow.
func lists(segs []flows.Segment) (l [2]string) {
	tr := flows.NewTracker(flows.Config{})
	for i := range segs {
		tr.Observe(&segs[i])
	}
	tr.End()
	var f flows.Flow
	for tr.Finished(&f) {
		for i := range f.Ends {
			var names []string
			for _, s := range f.Ends[i].States() {
				names = append(names, s.String())
			}
			l[i] = strings.Join(names, " ")
		}
	}
	return l
}
