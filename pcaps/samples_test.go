package pcaps

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// sampleCaptures are the capture files in testdata.
func sampleCaptures(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir("testdata", func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(filepath.Ext(path), "pcap") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal("no captures: ", err)
	}
	return files
}

// framesOf reads all frames of a capture.
func framesOf(t *testing.T, file string) (frames []Frame) {
	t.Helper()
	s, err := Open([]string{file}, Config{Tap: func(f *Frame) error {
		frames = append(frames, *f)
		frames[len(frames)-1].Data = bytes.Clone(f.Data)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for err == nil {
		_, err = s.Next(new(flows.Segment))
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return frames
}

// setApart writes n into the addresses of TCP packets, so that captures of the same addresses can be in one file.
func setApart(t *testing.T, frames []Frame, n int) {
	t.Helper()
	was := map[flows.Addr]flows.Addr{}
	d := NewDecoder()
	for i := range frames {
		var before, after flows.Segment
		f := &frames[i]
		if d.Decode(f, &before) != TCP {
			continue
		}
		places := []int{12 + 1, 16 + 1}
		if before.IP[0]>>4 == 6 {
			places = []int{8 + 2, 24 + 2}
		}
		for _, at := range places {
			before.IP[at], before.IP[at+1] = byte(n>>8), byte(n)
		}
		d.Decode(f, &after)
		for old, changed := range map[flows.Addr]flows.Addr{before.Src: after.Src, before.Dst: after.Dst} {
			if other, known := was[changed]; known && other != old {
				t.Fatalf("%v and %v have become one", old, other)
			}
			was[changed] = old
		}
	}
}

// unlikeStreams are the captures in which tshark's streams and completeness are not our flows', and why. The names are
// patterns of those of files.
var unlikeStreams = map[string]string{
	"demo.pcap":             "a SYN of another number on a live connection: see peer-rebooted",
	"peer-rebooted.*":       "a SYN of another number opens a stream at once; a flow only if it is answered, and the challenge ACK and the RST before that are the old connection's",
	"syn-on-established.*":  "a SYN of another number opens a stream, which the rest of the live connection goes to",
	"old-syn-first.*":       "an old SYN opens a stream, and what was meant for it goes to that of the new one",
	"old-syn-after-reset.*": "an old SYN after the end of its connection is of its number, and stays in its stream",
	"syn-flood.*":           "the first packet of a stream leaves no bit but that of a SYN; here it is a SYN-ACK",
	"ack-to-listener.*":     "the first packet of a stream leaves no bit but that of a SYN; here it is a RST",
	"scan.*":                "the first packet of a stream leaves no bit but that of a SYN; here it is a SYN with RST",
}

// unlikeRTTs are the captures in which tshark's initial RTT is not the time of our handshake, and why.
var unlikeRTTs = map[string]string{
	"demo.pcap":                 "all of those below",
	"refused.*":                 "is also told where there was no handshake",
	"refused-by-firewall.*":     "is also told where there was no handshake",
	"reuse-after-refusal.*":     "is also told where there was no handshake",
	"many-flows.*":              "is also told where there was no handshake",
	"abort-syn-rcvd.*":          "is also told where there was no handshake",
	"captured-twice.*":          "begins at the second copy of the SYN",
	"syn-ack-lost.*":            "begins at the last SYN; which one was answered, the SYN-ACK's time stamp says",
	"peer-rebooted.*":           "begins at the last SYN; the one that was answered is the first",
	"challenge-from-syn-rcvd.*": "ends at a forged ACK",
	"fast-open*":                "ends at the server's data, handshake or none",
	"simultaneous-open*":        "begins at the last of both SYNs; what from one end is a split handshake, we do not time",
	"duplicated.*":              "begins at the last copy of the SYN; which one was answered, the time stamps say",
	"wrap-at-both-ends.*":       "begins at the last of both SYNs",
	"self-connect.*":            "is told of a socket connected to itself, whose handshake we do not time",
	"old-syn-first.*":           "begins at the last SYN of the four-tuple",
	"old-syn-after-reset.*":     "goes on in a stream that is over",
	"syn-on-established.*":      "begins at a SYN that opens nothing",
}

// reason is that of the pattern which a file's name matches, and the pattern.
func reason(t *testing.T, known map[string]string, file string) (pattern, why string) {
	t.Helper()
	for pattern, why := range known {
		is, err := filepath.Match(pattern, filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		if is {
			return pattern, why
		}
	}
	return "", ""
}

// TestSampleCapturesAsTshark: what tshark says of all sample captures. It reads them as one file, as it
// takes half a second to start.
func TestSampleCapturesAsTshark(t *testing.T) {
	files := sampleCaptures(t)
	var all []Frame
	counts := make([]int, len(files))
	for i, file := range files {
		frames := framesOf(t, file)
		if i > 0 {
			setApart(t, frames, i)
		}
		counts[i] = len(frames)
		all = append(all, frames...)
	}
	want := tshark(t, put(t, "all.pcapng", ngOf(all)))
	if len(want) != len(all) {
		t.Fatalf("tshark read %d packets of %d", len(want), len(all))
	}
	differed := map[string]bool{}
	for i, file := range files {
		got := follow(t, file)
		of := want[:counts[i]]
		want = want[counts[i]:]
		for _, c := range []struct {
			differ []string
			known  map[string]string
			what   string
		}{
			{got.packetsAre(of), nil, "packets"},
			{got.streamsAre(of), unlikeStreams, "streams"},
			{got.rttsAre(of), unlikeRTTs, "RTTs"},
		} {
			if len(c.differ) == 0 {
				continue
			}
			pattern, why := reason(t, c.known, file)
			differed[c.what+pattern] = true
			if why == "" {
				t.Errorf("%s:\n%s", file, strings.Join(c.differ, "\n"))
			}
		}
	}
	for what, known := range map[string]map[string]string{"streams": unlikeStreams, "RTTs": unlikeRTTs} {
		for name, why := range known {
			if !differed[what+name] {
				t.Errorf("%s: %s are as tshark's, though tshark's %s", name, what, why)
			}
		}
	}
}

// rttsAre holds the times of handshakes against tshark's initial RTTs, which it tells to the nanosecond.
func (f *followed) rttsAre(want []sharked) (differ []string) {
	told := map[uint64]string{}
	for i := range f.segments {
		if w := want[f.segments[i].Packet-1]; w.rtt != "" && f.flow[i] != 0 {
			told[f.flow[i]] = w.rtt
		}
	}
	for number, flow := range f.flows {
		ours := flow.Opening.Handshake
		theirs, is := told[number]
		seconds, err := strconv.ParseFloat(theirs, 64)
		d := time.Duration(seconds*1e9 + 0.5)
		switch {
		case is && err != nil:
			differ = append(differ, err.Error())
		case is && !ours.OK:
			differ = append(differ, fmt.Sprintf("flow %d: tshark has an initial RTT of %v, we none: %v", number, d, flow.Opening.Outcome))
		case !is && ours.OK:
			differ = append(differ, fmt.Sprintf("flow %d: handshake in %v, tshark has no initial RTT", number, ours.D))
		case is && ours.D != d:
			differ = append(differ, fmt.Sprintf("flow %d: handshake in %v, tshark's initial RTT is %v", number, ours.D, d))
		}
	}
	return differ
}
