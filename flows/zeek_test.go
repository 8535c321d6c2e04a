package flows

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// zeekPacket is one packet of a test, written as
//
//	> S. 100 501 +20 win0 gap bad
//
// direction (> is from who sends from the client's port), flags as tcpdump writes them
// ("none" for none), sequence number, ack where the flags have it, payload bytes, and what
// else there is to say.
type zeekPacket struct {
	Segment
	from uint8
	gaps uint32
	bad  bool
}

// parseZeekPackets reads packets separated by semicolons. ISNs lie close to the end of the
// numbers, so that relative ones cross it.
func parseZeekPackets(t testing.TB, s string, clientPort, serverPort uint16) (ps []zeekPacket) {
	t.Helper()
	base := [2]Seq{-250 & (1<<32 - 1), -50 & (1<<32 - 1)}
	for line := range strings.SplitSeq(s, ";") {
		words := strings.Fields(line)
		if len(words) < 3 {
			t.Fatalf("packet %q is too short", line)
		}
		p := zeekPacket{Segment: Segment{SrcPort: clientPort, DstPort: serverPort, Window: 1000}}
		switch words[0] {
		case ">":
		case "<":
			p.from = 1
			p.SrcPort, p.DstPort = serverPort, clientPort
		default:
			t.Fatalf("direction in %q", line)
		}
		p.Flags = parseFlags(t, words[1])
		p.Seq = base[p.from] + number(t, words[2])
		words = words[3:]
		if p.Flags.Any(ACK) {
			p.Ack = base[1-p.from] + number(t, words[0])
			words = words[1:]
		}
		for _, w := range words {
			switch {
			case w == "win0":
				p.Window = 0
			case w == "gap":
				p.gaps = 1
			case w == "bad":
				p.bad = true
			case w[0] == '+':
				p.Len = uint32(number(t, w[1:]))
			default:
				t.Fatalf("word %q in %q", w, line)
			}
		}
		ps = append(ps, p)
	}
	return ps
}

func number(t testing.TB, s string) Seq {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return Seq(n)
}

// zeekRun tells z of packets as the owner of a flow's record does.
type zeekRun struct {
	z       zeek
	iss     [2]Seq
	nxt     [2]Seq
	sent    [2]bool
	payload bool
}

func (r *zeekRun) add(p *zeekPacket, a *zeekArena) {
	r.z.update(&p.Segment, p.from, r.iss[p.from], r.nxt[p.from], p.gaps, p.bad, a)
	if p.bad {
		return
	}
	if p.Flags.Any(SYN) && !r.sent[p.from] {
		r.iss[p.from] = p.Seq
	}
	if !r.sent[p.from] || r.nxt[p.from].Before(p.End()) {
		r.nxt[p.from] = p.End()
	}
	r.sent[p.from] = true
	r.payload = r.payload || p.Len > 0
}

func zeekVerdict(ps []zeekPacket) string {
	var r zeekRun
	var a zeekArena
	for i := range ps {
		r.add(&ps[i], &a)
	}
	return r.z.connState(r.payload, &a) + " " + string(r.z.appendHistory(nil, &a))
}

const shake = "> S 100; < S. 500 101; > . 101 501; " // the handshake

func TestZeek(t *testing.T) {
	for _, test := range []struct{ name, packets, want string }{
		// What happened, in terms of a flow.
		{"SYN only", "> S 100", "S0 S"},
		{"SYN repeated", "> S 100; > S 100; > S 100", "S0 S"},
		{"SYN, RST", "> S 100; < R. 0 101", "REJ Sr"},
		{"SYN, two RSTs", "> S 100; < R. 0 101; < R. 0 101", "REJ Sr"},
		{"half open", "> S 100; < S. 500 101", "S1 Sh"},
		{"half open, SYN-ACK repeated", "> S 100; < S. 500 101; < S. 500 101", "S1 Sh"},
		{"complete", "> S 100; < S. 500 101; > . 101 501", "S1 ShA"},
		{"complete, with data", shake + "> P. 101 501 +20; < . 501 121; < P. 501 121 +9; > . 121 510", "S1 ShADad"},
		{"third segment carries data", "> S 100; < S. 500 101; > P. 101 501 +20; < . 501 121", "S1 ShDa"},
		{"FIN of the client", shake + "> F. 101 501; < . 501 102", "S2 ShAFa"},
		{"FIN of the server", shake + "< F. 501 101; > . 101 502", "S3 ShAf"},
		{"both FINs, last ACK", shake + "> F. 101 501; < F. 501 102; > . 102 502", "SF ShAFf"},
		{"both FINs, no last ACK", shake + "> F. 101 501; < . 501 102; < F. 501 102; < F. 501 102", "SF ShAFaf"},
		{"RST after both FINs", shake + "> F. 101 501; < F. 501 102; > R 102", "SF ShAFfR"},
		{"RST from the server after both FINs", shake + "> F. 101 501; < F. 501 102; < R 502", "SF ShAFfr"},
		{"client RST", shake + "> P. 101 501 +20; > R. 121 501", "RSTO ShADR"},
		{"client FIN, client RST", shake + "> F. 101 501; > R. 102 501", "RSTO ShAFR"},
		{"client FIN, client RST, server FIN", shake + "> F. 101 501; > R. 102 501; < F. 501 102", "SF ShAFRf"},
		{"server RST", shake + "> P. 101 501 +20; < R. 501 121", "RSTR ShADr"},
		{"server RST, no payload", shake + "< R. 501 101", "RSTR ShAr"},
		{"both RST, no payload", shake + "< R. 501 101; > R 101", "REJ ShArR"},
		{"both RST, payload", shake + "> P. 101 501 +1; < R. 501 101; > R 102", "RSTR ShADrR"},
		{"client FIN, server RST", shake + "> F. 101 501; < R. 501 102", "RSTR ShAFr"},
		{"SYN, client RST", "> S 100; > R 101", "RSTOS0 SR"},
		{"SYN, server ACK, client RST", "> S 100; < . 777 90; > R 90", "RSTOS0 SaR"},
		{"SYN, client ACK, client RST", "> S 100; > . 101 7; > R 101", "OTH SAR"},
		{"SYN, client FIN", "> S 100; > F. 101 0", "SH SF"},
		{"SYN, client data", "> S 100; > P. 101 0 +9", "S0 SD"},
		{"SYN-ACK, server RST", "< S. 500 101; < R 501", "OTH HR"},
		{"SYN-ACK, server FIN", "< S. 500 101; < F. 501 101", "SH HF"},
		{"midstream, data both ways", "> P. 101 501 +9; < P. 501 110 +9", "OTH Dd"},
		{"midstream, server RST", "> P. 101 501 +9; < R. 501 110", "RSTRH Dr"},
		{"midstream, client RST", "> P. 101 501 +9; > R. 110 501", "OTH DR"},
		{"midstream, both close", "> F. 101 501; < F. 501 102", "SF Ff"},
		{"midstream, client closes", "> F. 101 501; < . 501 102", "SH Fa"},
		{"midstream, server closes", "> . 101 501; < F. 501 101", "SHR Af"},

		// Letters.
		{"data on a FIN is F", shake + "> FP. 101 501 +5; < F. 501 107 +7", "SF ShAFf"},
		{"FIN again, same end", shake + "> FP. 101 501 +5; > F. 106 501", "S2 ShAF"},
		{"FIN again, further on", shake + "> F. 101 501; > FP. 101 501 +5", "S2 ShAFF"},
		{"three ends of FIN", shake + "> F. 101 501; > F. 102 501; > F. 101 501; > F. 101 501", "S2 ShAFFF"},
		{"RST again, another number", shake + "< R 501; < R 502; < R 502; < R 501", "RSTR ShArrr"},
		{"FIN and RST do not disturb each other", shake +
			"> F. 101 501; > R 102; > F. 101 501; > R 102; > R 103; > F. 101 501; > R 103; > F. 104 501; > F. 104 501",
			"RSTO ShAFRRF"},
		{"RST and FIN do not disturb each other", shake + "> R 102; > F. 101 501; > R 102; > F. 101 501; > R 101",
			"RSTO ShARFR"},
		{"SYN with another number", "> S 100; > S 150", "S0 S"},
		{"SYN after the close, same number", shake + "> F. 101 501; > S 100", "S2 ShAF"},
		{"SYN after the close, another number", shake + "> F. 101 501; > S 900; > S 900; > S 100; > S 100", "S2 ShAFSS"},
		{"SYN-ACK after the close", shake + "< F. 501 101; < S. 500 101; < S. 600 101", "S3 ShAfh"},
		{"SYN-ACK after a forged RST", "> S 100; < R. 0 101; < S. 500 101; > . 101 501; < R 501", "REJ SrhA"},
		{"the same, RST further on", "> S 100; < R. 0 101; < S. 500 101; > . 101 501; < R 502", "REJ SrhAr"},
		{"FIN and RST together", shake + "> FR. 101 501; > FR. 101 501", "RSTO ShAI"},
		{"SYN and FIN", "> SF 100", "SH Q"},
		{"SYN and RST", "> SR 100; < . 0 101", "OTH Qa"},
		{"all three", "> SFR 100", "OTH I"},
		{"SYN and FIN in answer", "> S 100; < SF. 500 101", "S3 Sq"},
		{"no flags", "> none 100; < none 500", "OTH "},
		{"no flags, data", "> none 100 +5", "OTH D"},
		{"nothing but ACK in answer", "> S 100; < . 500 101; < . 500 101", "S0 Sa"},
		{"data in answer", "> S 100; < P. 500 101 +5", "OTH Sd"},
		{"ACK, then SYN-ACK", "> S 100; < . 400 90; < S. 500 101; > . 101 501", "S1 SahA"},
		{"simultaneous open", "> S 100; < S 500; > S. 100 501; < S. 500 101", "S1 Ss"},
		{"data on SYN and SYN-ACK", "> S 100 +10; < S. 500 111 +10; > . 111 511", "S1 SThtA"},
		{"first RST with data", "> S 100; < R. 0 101 +3", "REJ Srt"},
		{"midstream, then SYN", "> . 101 501; > S 100", "S0 AS"},
		{"midstream both ways, then SYN", "> . 101 501; < . 501 101; > S 100", "OTH AaS"},
		{"FIN, RST and FIN with RST on the way", shake + "> F. 101 501; > R 102; < FR. 501 102", "REJ ShAFRi"},

		// Zero windows.
		{"zero window", shake + "< . 501 101 win0; > . 101 501 win0", "S1 ShAawW"},
		{"zero window on SYN", "> S 100 win0", "S0 SW"},
		{"none on RST", "> S 100; < R. 0 101 win0", "REJ Sr"},
		{"none after own RST", shake + "< R 501; < . 501 101 win0", "RSTR ShAra"},
		{"none after the peer's FIN", shake + "> F. 101 501; < . 501 102 win0", "S2 ShAFa"},
		{"still after own FIN", shake + "> F. 101 501; > . 102 501 win0", "S2 ShAFW"},

		// Retransmissions.
		{"data again", shake + "> P. 101 501 +20; > P. 101 501 +20", "S1 ShADT"},
		{"data out of order", shake + "> P. 121 501 +20; > P. 101 501 +20", "S1 ShADT"},
		{"data again and more", shake + "> P. 101 501 +20; > P. 101 501 +21", "S1 ShAD"},
		{"keep-alive with a byte", shake + "> P. 101 501 +20; > . 120 501 +1", "S1 ShADT"},
		{"keep-alive without", shake + "> P. 101 501 +20; > . 120 501", "S1 ShAD"},
		{"SYN again with its data", "> S 100 +10; > S 100 +10", "S0 ST"},
		{"FIN again with its data", shake + "> FP. 101 501 +5; > FP. 101 501 +5", "S2 ShAFT"},
		{"first data after the FIN alone is not", shake + "> F. 106 501; > P. 101 501 +5", "S2 ShAFDT"},
		{"RST with data", shake + "> R. 101 501 +8", "RSTO ShART"},
		{"RST with data far off", shake + "> R. 2000000 501 +8", "RSTO ShAR"},
		{"not after RST", shake + "> P. 101 501 +20; > R 121; > P. 101 501 +20", "RSTO ShADR"},
		{"midstream", "> P. 101 501 +20; > P. 101 501 +20", "OTH DT"},
		{"no letter yet", "> S 100; < . 500 101; < P. 400 101 +5", "OTH Sad"},

		// Gaps: only where both ends are cleanly open or closing.
		{"gap", shake + "< . 501 201 gap", "S1 ShAaG"},
		{"gap of the server", shake + "> . 101 901 gap", "S1 ShAg"},
		{"gap told by a FIN", shake + "< F. 501 201 gap", "S3 ShAfG"},
		{"gap told by a RST", shake + "< R. 501 201 gap", "RSTR ShAr"},
		{"gap midstream", "> . 101 501; < . 501 201 gap", "OTH Aa"},

		// Checksums.
		{"bad checksum", "> S 100 bad", "OTH C"},
		{"bad checksum, then good", "> S 100 bad; > S 100; < S. 500 101 bad; < S. 500 101", "S1 CSch"},
		{"bad RST", shake + "< R 501 bad", "S1 ShAc"},

		// Roles.
		{"SYN after the SYN-ACK", "< S. 500 101; > S 100; > . 101 501", "S1 Hs^A"},
		{"SYN after the SYN-ACK, another's", "< S. 500 101; > S 99; > . 100 501", "OTH Hsa"},
		{"SYN-ACK, then ACK", "< S. 500 101; > . 101 501", "OTH ^hA"},
		{"SYN-ACK, then data of its sender", "< S. 500 101; < P. 501 101 +5", "OTH ^hd"},
		{"SYN-ACK, then ACK, both close", "< S. 500 101; > . 101 501; > F. 101 501; < F. 501 102", "SF ^hAFf"},
		{"SYN-ACK with zero window, then ACK", "< S. 500 101 win0; > . 101 501", "OTH HWa"},
		{"SYN-ACK again, then ACK", "< S. 500 101; < S. 500 101; > . 101 501", "OTH ^hA"},
		{"SYN-ACK, then RST", "< S. 500 101; > R 101", "REJ Hr"},
		{"SYN-ACK, then RST of its sender", "< S. 500 101; < R 501", "OTH HR"},
	} {
		if got := zeekVerdict(parseZeekPackets(t, test.packets, 40000, 9000)); got != test.want {
			t.Errorf("%s: got %q, want %q\n  %s", test.name, got, test.want, test.packets)
		}
	}
}

// The ports of the first packet may tell Zeek that its receiver is the originator.
func TestZeekSwap(t *testing.T) {
	for _, test := range []struct {
		first          string
		client, server uint16
		want           string
	}{
		{"< S. 500 101", 40000, 443, "OTH ^h"},
		{"< S. 500 101", 40000, 444, "OTH H"},
		{"< P. 500 101 +5", 40000, 443, "OTH ^d"},
		{"< R. 500 101", 40000, 443, "RSTRH ^r"},
		{"< F. 500 101", 40000, 443, "SHR ^f"},
		{"< F. 500 101 bad", 40000, 443, "OTH ^c"},
		{"< S 500", 40000, 443, "S0 S"}, // a SYN is the originator's
		{"< SF 500", 40000, 443, "SH Q"},
		{"> S. 500 101", 40000, 443, "OTH H"}, // destination alone
		{"< S. 500 101", 8080, 443, "OTH H"},  // both: not by a SYN
		{"< . 500 101", 8080, 443, "OTH ^a"},
		{"< . 500 101", 80, 443, "OTH A"},
		{"< . 500 101", 443, 443, "OTH A"},
		{"< . 500 101", 6670, 6669, "OTH ^a"},
		{"< . 500 101", 6669, 6666, "OTH ^a"},
		{"< . 500 101", 6665, 6665, "OTH A"},
		{"< S. 500 101; > S 100; > . 101 501", 40000, 443, "OTH ^hSA"},
		{"< S. 500 101; > . 101 501", 40000, 443, "S1 ^hA"},
		{"< S. 500 101; < R 501", 40000, 443, "RSTRH ^hr"},
		{"< S. 500 101; < F. 501 101", 40000, 443, "SHR ^hf"},
		{"< . 500 101; > S 100; > R 101", 40000, 443, "OTH ^aSR"},
	} {
		if got := zeekVerdict(parseZeekPackets(t, test.first, test.client, test.server)); got != test.want {
			t.Errorf("%s between %d and %d: got %q, want %q", test.first, test.client, test.server, got, test.want)
		}
	}
}

func TestZeekCounts(t *testing.T) {
	again := func(packet string, n int) string { return shake + strings.Repeat(packet+"; ", n) + "> . 101 501" }
	for _, test := range []struct {
		packet, one, ten, hundred string
	}{
		{"< . 501 101 win0", "S1 ShAaw", "S1 ShAaww", "S1 ShAawww"},
		{"< . 501 101 bad", "S1 ShAc", "S1 ShAcc", "S1 ShAccc"},
		{"< . 501 201 gap", "S1 ShAaG", "S1 ShAaGG", "S1 ShAaGGG"},
		{"> P. 90 501 +9", "S1 ShADT", "S1 ShADTT", "S1 ShADTTT"},
	} {
		for n, want := range map[int]string{1: test.one, 2: test.one, 9: test.one, 10: test.ten, 11: test.ten,
			99: test.ten, 100: test.hundred, 999: test.hundred} {
			if got := zeekVerdict(parseZeekPackets(t, again(test.packet, n), 40000, 9000)); got != want {
				t.Errorf("%s %d times: got %s, want %s", test.packet, n, got, want)
			}
		}
	}
	// Several holes that one segment acknowledges are as many gaps.
	ps := parseZeekPackets(t, shake+"< . 501 201 gap", 40000, 9000)
	ps[3].gaps = 10
	if got, want := zeekVerdict(ps), "S1 ShAaGG"; got != want {
		t.Errorf("ten gaps at once: got %s, want %s", got, want)
	}
}

// A hole is one gap, however many segments acknowledge beyond it before it is given up.
func TestZeekGap(t *testing.T) {
	var z zeek
	var a zeekArena
	for i, test := range []struct {
		from uint8
		edge Seq
		want uint32
	}{{0, 0, 1}, {0, 0, 0}, {1, 0, 1}, {0, 100, 1}, {0, 100, 0}, {1, 0, 0}, {0, 0, 1}} {
		if got := z.gap(test.from, test.edge, &a); got != test.want {
			t.Errorf("%d: end %d, hole at %d: got %d, want %d", i, test.from, test.edge, got, test.want)
		}
	}
	z.release(&a)
	if got := z.gap(0, 0, &a); got != 1 {
		t.Error("a hole of the flow that had this record before was remembered")
	}
}

// A history longer than the record holds goes on elsewhere, up to a limit, and what one
// flow leaves there is not found by the next.
func TestZeekLongHistory(t *testing.T) {
	var a zeekArena
	for round := range 3 {
		var runs [5]zeekRun
		want := [len(runs)]string{}
		for n := range 40 {
			for i := range runs {
				runs[i].add(&parseZeekPackets(t, fmt.Sprintf("> R %d", 100+n*(i+1)), 40000, 9000)[0], &a)
				want[i] += "R"
			}
		}
		for i := range runs {
			if got := string(runs[i].z.appendHistory([]byte("x"), &a)); got != "x"+want[i] {
				t.Fatalf("round %d: got %s, want x%s", round, got, want[i])
			}
			runs[i].z.release(&a)
			if runs[i].z != (zeek{}) {
				t.Fatal("a released value is not zero")
			}
		}
		if len(a.mores) != len(runs) || len(a.free) != len(runs) {
			t.Fatalf("round %d: %d held, %d free, want %d of both", round, len(a.mores), len(a.free), len(runs))
		}
	}
	var r zeekRun
	p := zeekPacket{Segment: Segment{Flags: RST, Window: 1}}
	for range 10 * zeekMaxMore {
		p.Seq += 7
		r.add(&p, &a)
	}
	if got, want := len(r.z.appendHistory(nil, &a)), zeekInline+zeekMaxMore; got != want {
		t.Errorf("history of a flood: %d letters, want %d", got, want)
	}
}

func TestZeekSize(t *testing.T) {
	if got := unsafe.Sizeof(zeek{}); got > 24 {
		t.Errorf("zeek takes %d bytes of every flow's record, want 24 at most", got)
	}
}

// The paths of nearly all segments allocate nothing.
func TestZeekAllocates(t *testing.T) {
	ps := parseZeekPackets(t, shake+"> P. 101 501 +20; < . 501 121; < P. 501 121 +9; > P. 101 501 +20; "+
		"> . 121 510; > F. 121 510; < F. 510 122; > . 122 511; > R 122", 40000, 9000)
	var a zeekArena
	a.of(&zeek{}) // what grows, grows once
	a.mores[0].letters = make([]byte, 0, 64)
	a.free = append(a.free, 1)
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		var r zeekRun
		for i := range ps {
			r.add(&ps[i], &a)
		}
		_ = r.z.connState(true, &a)
		buf = r.z.appendHistory(buf[:0], &a)
		r.z.release(&a)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkZeek(b *testing.B) {
	bench := func(name, packets string) {
		b.Run(name, func(b *testing.B) {
			ps := parseZeekPackets(b, packets, 40000, 9000)
			var a zeekArena
			var r zeekRun
			for i := range ps {
				r.add(&ps[i], &a)
			}
			last := &ps[len(ps)-1]
			iss, nxt := r.iss[last.from], last.Seq
			b.ReportAllocs()
			for b.Loop() {
				r.z.update(&last.Segment, last.from, iss, nxt, 0, false, &a)
			}
		})
	}
	bench("ack", shake+"> P. 101 501 +20; < . 501 121")
	bench("data", shake+"> P. 101 501 +20; > P. 121 501 +20")
	bench("rst", shake+"> R 101")
	b.Run("flow", func(b *testing.B) { // a whole short connection
		ps := parseZeekPackets(b, shake+"> P. 101 501 +20; < . 501 121; < P. 501 121 +9; > . 121 510; "+
			"> F. 121 510; < F. 510 122; > . 122 511", 40000, 9000)
		var a zeekArena
		b.ReportAllocs()
		for b.Loop() {
			var r zeekRun
			for i := range ps {
				r.add(&ps[i], &a)
			}
			r.z.release(&a)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(ps)), "ns/packet")
	})
}
