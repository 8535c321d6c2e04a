package netlab

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The recorded lists are what the recorded evidence says, by the rules of today.
func TestJudgeRecorded(t *testing.T) {
	files, err := filepath.Glob(kernelData + "/*.states")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded scenarios: %v", err)
	}
	for _, file := range files {
		truth, err := ReadTruth(file)
		if err != nil {
			t.Fatal(err)
		}
		rs := evidence(t, truth.Raw...)
		for i := 0; i < len(truth.Flows); {
			f := truth.Flows[i]
			flows, err := judge(rs, f.Client, f.Server)
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
			for _, got := range flows {
				if i == len(truth.Flows) {
					t.Errorf("%s: one flow too many: %v", file, got)
					break
				}
				got.At = truth.Flows[i].At
				if !reflect.DeepEqual(got, truth.Flows[i]) {
					t.Errorf("%s: judged\n%v, recorded as\n%v", file, got, truth.Flows[i])
				}
				i++
			}
			if len(flows) == 0 {
				if len(f.States[Client])+len(f.States[Server]) > 0 {
					t.Errorf("%s: nothing tells of flow %d", file, i+1)
				}
				i++
			}
		}
	}
}

func evidence(t *testing.T, lines ...string) (rs []record) {
	for _, line := range lines {
		r, err := parseRecord(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.String(); got != line {
			t.Errorf("%q is written again as %q", line, got)
		}
		rs = append(rs, r)
	}
	return rs
}

const (
	atClient = " 10.0.0.1:1 10.0.0.2:2 "
	atServer = " 10.0.0.2:2 10.0.0.1:1 "
)

func TestLives(t *testing.T) {
	for _, c := range []struct {
		why  string
		raw  string
		want string // states of the lives, then what is unseen
	}{
		{"a request that ran out of time is not closed by a packet", `
			1.000000000 S look request SYN_RCVD
			4.000000000 S look none request -2ms`,
			"LISTEN SYN_RCVD; SYN_RCVD > CLOSED: its time was over"},
		{"a request that ended before its time was reset", `
			1.000000000 S look request SYN_RCVD
			1.010000000 S look none request 990ms`,
			"LISTEN SYN_RCVD CLOSED"},
		{"a RST from no socket shows what time had done", `
			1.000000000 S look request SYN_RCVD
			4.000000000 S look none request 1ms
			5.000000000 S rst-no-socket`,
			"LISTEN SYN_RCVD CLOSED"},
		{"the child of a request is the same life", `
			1.000000000 S look request SYN_RCVD
			1.010000000 S move LISTEN SYN_RCVD segment
			1.010010000 S move SYN_RCVD ESTABLISHED segment`,
			"LISTEN SYN_RCVD ESTABLISHED"},
		{"a time-wait socket in FIN_WAIT_2 is not in TIME_WAIT, and its end is not seen", `
			1.000000000 S move LISTEN SYN_RCVD segment
			1.100000000 S move SYN_RCVD FIN_WAIT_1 close
			1.200000000 S move FIN_WAIT_1 FIN_WAIT_2 segment
			1.200010000 S move FIN_WAIT_2 CLOSED segment
			1.200020000 S look time-wait FIN_WAIT_2
			2.300000000 S look none time-wait -20ms`,
			"LISTEN SYN_RCVD FIN_WAIT_1 FIN_WAIT_2; FIN_WAIT_2 > CLOSED: its time was over"},
		{"a look that comes while the time-wait socket takes the place of the full one finds neither", `
			1.000000000 S move LISTEN SYN_RCVD segment
			1.100000000 S move SYN_RCVD FIN_WAIT_1 close
			1.200000000 S move FIN_WAIT_1 FIN_WAIT_2 segment
			1.200010000 S move FIN_WAIT_2 CLOSED segment
			1.200020000 S look none full 0s
			1.200030000 S look time-wait FIN_WAIT_2
			2.300000000 S look none time-wait -20ms`,
			"LISTEN SYN_RCVD FIN_WAIT_1 FIN_WAIT_2; FIN_WAIT_2 > CLOSED: its time was over"},
		{"the time-wait socket of a later connection is not of one that was reset", `
			1.000000000 S move LISTEN SYN_RCVD segment
			1.100000000 S move SYN_RCVD FIN_WAIT_1 close
			1.200000000 S move FIN_WAIT_1 FIN_WAIT_2 segment
			1.300000000 S move FIN_WAIT_2 CLOSED segment
			1.300020000 S look none full 0s
			2.000000000 S move LISTEN SYN_RCVD segment
			2.100000000 S move SYN_RCVD FIN_WAIT_1 close
			2.200000000 S move FIN_WAIT_1 FIN_WAIT_2 segment
			2.300000000 S move FIN_WAIT_2 CLOSED segment
			2.300020000 S look time-wait TIME_WAIT`,
			"LISTEN SYN_RCVD FIN_WAIT_1 FIN_WAIT_2 CLOSED; LISTEN SYN_RCVD FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT"},
		{"FIN_WAIT_2 that no time-wait socket follows was reset", `
			1.000000000 S move LISTEN SYN_RCVD segment
			1.100000000 S move SYN_RCVD FIN_WAIT_1 shutdown
			1.200000000 S move FIN_WAIT_1 FIN_WAIT_2 segment
			1.200005000 S move FIN_WAIT_2 FIN_WAIT_2 close
			1.300000000 S move FIN_WAIT_2 CLOSED segment
			1.300020000 S look none full 0s`,
			"LISTEN SYN_RCVD FIN_WAIT_1 FIN_WAIT_2 CLOSED"},
		{"a timer that sends nothing is not seen", `
			1.000000000 S move CLOSED SYN_SENT connect
			4.000000000 S move SYN_SENT CLOSED timer`,
			"CLOSED SYN_SENT; SYN_SENT > CLOSED by timer: nothing was sent"},
		{"a timer that sends a RST is", `
			1.000000000 S move CLOSED SYN_SENT connect
			1.100000000 S move SYN_SENT ESTABLISHED segment
			4.000000000 S rst
			4.000010000 S move ESTABLISHED CLOSED timer`,
			"CLOSED SYN_SENT ESTABLISHED CLOSED"},
		{"SYN_SENT that answers for its predecessor shows that it is gone", `
			1.000000000 S move CLOSED SYN_SENT connect
			1.100000000 S move SYN_SENT ESTABLISHED segment
			2.000000000 S move ESTABLISHED CLOSED disconnect
			3.000000000 S move CLOSED SYN_SENT connect
			3.010000000 S rst`,
			"CLOSED SYN_SENT ESTABLISHED CLOSED; CLOSED SYN_SENT"},
		{"what has no beginning is an error", `
			1.000000000 S move SYN_RCVD ESTABLISHED segment`,
			"out of nowhere"},
	} {
		var lines []string
		for line := range strings.Lines(c.raw) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, strings.Replace(line, " S ", atServer, 1))
			}
		}
		ls, err := lives(evidence(t, lines...))
		var got []string
		for _, l := range ls {
			got = append(got, strings.Join(append([]string{strings.Join(l.states, " ")}, l.unseen...), "; "))
		}
		if err != nil {
			got = []string{err.Error()[:len("out of nowhere")]}
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.why, s, c.want)
		}
	}
}

// A list that does not end where the socket is must not pass for evidence.
func TestAgrees(t *testing.T) {
	rs := evidence(t,
		"1.000000000"+atClient+"move CLOSED SYN_SENT connect",
		"1.100000000"+atClient+"look full ESTABLISHED",
	)
	if _, err := judge(rs, rs[0].local, rs[0].remote); err == nil {
		t.Error("SYN_SENT, though the socket is ESTABLISHED")
	}
}
