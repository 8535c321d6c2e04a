package tcpdump_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// FuzzOptions: the TCP options that the decoder takes are those that the line shows.
func FuzzOptions(f *testing.F) {
	for _, o := range []string{
		"020405b4 0402 080a 00000001 00000000 01 030307", "0101 080a 00000001 00000002", "0101 050a 00000001 00000002",
		"0101 0512 00000001 00000002 7fffffff 80000000", "2204aabb", "fe04f989", "00000000", "0300 0304 0201", "ff", "0801",
	} {
		f.Add(uint16(syn), unhex(o))
		f.Add(uint16(ack), unhex(o))
	}
	const raw, mostShift = 101, 14 // the link type of a bare IP packet; RFC 7323 §2.3
	f.Fuzz(func(t *testing.T, flags uint16, options []byte) {
		options = options[:min(len(options), 40)]
		options = append(options[:len(options):len(options)], make([]byte, -len(options)&3)...)
		packet := over4(6, header(byte(flags), hex.EncodeToString(options), 0))
		var seg flows.Segment
		if v := pcaps.NewDecoder().Decode(&pcaps.Frame{LinkType: raw, Data: packet, Wire: len(packet)}, &seg); v != pcaps.TCP || !seg.HeaderOK || seg.Cut {
			t.Fatalf("%v %+v", v, seg)
		}
		line := string((&tcpdump.Printer{Absolute: true}).Append(nil, &seg))
		for _, c := range []struct {
			has  bool
			text string
		}{
			{seg.HasTS, fmt.Sprintf("TS val %d ecr %d", seg.TSVal, seg.TSEcr)},
			{seg.HasSACK, fmt.Sprintf(":%d}", uint32(seg.SACKEnd))},
			{seg.HasWScale && seg.WScale < mostShift, fmt.Sprintf("wscale %d", seg.WScale)},
			{seg.HasWScale && seg.WScale >= mostShift, "wscale "},
		} {
			// Behind an option of a wrong length tcpdump goes on at another place than the length says, or gives up.
			if c.has && !strings.Contains(line, c.text) && !strings.Contains(line, "[len ") && !strings.Contains(line, "[bad opt]") {
				t.Errorf("no %q in %s", c.text, line)
			}
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }); i >= 0 {
			t.Errorf("prints %q", line)
		}
	})
}
