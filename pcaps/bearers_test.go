package pcaps

import (
	"fmt"
	"strings"
	"testing"

	"tcpwhy/flows"
)

// inGTP is the packets of a script, each in GTP-U under the tunnel id that a line of ids has for it.
func inGTP(t *testing.T, text, ids string) (frames [][]byte) {
	t.Helper()
	packets := scripted(t, text)
	list := strings.Fields(ids)
	if len(list) != len(packets) {
		t.Fatalf("%d packets, %d ids", len(packets), len(list))
	}
	for i, p := range packets {
		var id int64
		if _, err := fmt.Sscan(list[i], &id); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, overUDP(2152, join(x("30 ff"), be16(len(p)), be32(id), p)))
	}
	return frames
}

// Of ids that each receiver gives out, a flow has that of its first segment, whatever the others came under.
func TestBearers(t *testing.T) {
	const conversation = `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  > P. 1:101(100) ack 1
+1ms  < .  1:1001(1000) ack 101
+1ms  > F. 101:101(0) ack 1001
+1ms  < F. 1001:1001(0) ack 102
+1ms  > .  102:102(0) ack 1002
`
	const sameTuple = `
flow a client 192.0.2.1:5000 iss 1000000,2000000
flow b client 192.0.2.1:5000 iss 3000000,4000000
+0    a> S  0:0(0)
+1ms  b> S  0:0(0)
+1ms  a< S. 0:0(0) ack 1
+1ms  b< S. 0:0(0) ack 1
+1ms  b> .  1:1(0) ack 1
+1ms  a> .  1:1(0) ack 1
+1ms  a> P. 1:101(100) ack 1
+1ms  b< P. 1:11(10) ack 1
+1ms  a< R  1:1(0)
`
	for _, c := range []struct{ name, script, ids, want string }{
		{"two directions", conversation, "1 2 1 1 2 1 2 1", "1 1 1 1 1 1 1 1"},
		{"one id for both", conversation, "7 7 7 7 7 7 7 7", "7 7 7 7 7 7 7 7"},
		{"the downlink moves", conversation, "1 2 1 1 3 1 3 1", "1 1 1 1 1 1 1 1"},
		{"both move", conversation, "1 2 1 3 4 3 4 3", "1 1 1 1 1 1 1 1"},
		{"both move at every packet", conversation, "1 2 3 4 5 6 7 8", "1 1 1 1 1 1 1 1"},
		{"the same four-tuple twice at a time", sameTuple, "1 2 11 12 2 1 1 12 11", "1 2 1 2 2 1 1 2 1"},
		{"of which one moves", sameTuple, "1 2 11 12 2 1 3 12 11", "1 2 1 2 2 1 1 2 1"},
		{"in mid-connection", `
+0    <  P. 1:101(100) ack 1
+1ms  >  .  1:1(0) ack 101
+1ms  >  R  1:1(0)
`, "9 8 8", "9 9 9"},
		{"refused", "+0 > S 0:0(0)\n+1ms < R. 0:0(0) ack 1", "1 2", "1 1"},
		{"bare RST", "+0 > P. 1:11(10) ack 1\n+1ms < R 1:1(0)", "1 2", "1 1"},
		{"addresses and ports again in another bearer", `
flow a client 192.0.2.1:5000 iss 1000000,2000000
flow b client 192.0.2.1:5000 iss 1000500,2000500
+0    a> S  0:0(0)
+1ms  a< S. 0:0(0) ack 1
+1ms  a> R  1:1(0)
+9s   b> S  0:0(0)
+1ms  b< S. 0:0(0) ack 1
+1ms  b> .  1:1(0) ack 1
`, "1 2 1 3 4 3", "1 1 1 3 3 3"},
		{"quoted", `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > P. 1:1401(1400) ack 1
+1ms  icmp > frag 1300 quoting < P. 1:1401(1400) ack 1
+1ms  icmp < frag 1300 quoting > P. 1:1401(1400) ack 1
`, "1 2 1 1 2", "1 1 1 1 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder()
			var got []string
			for _, frame := range inGTP(t, c.script, c.ids) {
				var seg flows.Segment
				if v := d.Decode(&Frame{LinkType: 1, Data: frame, Wire: len(frame)}, &seg); v > Quote {
					t.Fatal(v)
				}
				got = append(got, strings.TrimPrefix(d.Space(seg.Space).Tunnel, "gtp/"))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Ids and ports that never come again cost a bounded amount of memory.
func TestBearersAreBounded(t *testing.T) {
	var b bearers
	seg := flows.Segment{Flags: flows.SYN}
	for i := range uint32(3 * waysKept) {
		seg.Src[0], seg.Src[1], seg.SrcPort = byte(i>>24), byte(i>>16), uint16(i)
		if got := b.of(i, &seg); got != i {
			t.Fatalf("%d is of flow %d", i, got)
		}
	}
	if n := len(b.young) + len(b.old); n > waysKept {
		t.Errorf("%d ways are kept", n)
	}
}
