package analyzer

import (
	"fmt"
	"testing"
)

// Where a capture was taken, by TTL and by the split of the handshake.
func TestVantage(t *testing.T) {
	for _, c := range []struct {
		name               string
		client, server     string // addresses
		ttl                [2]int // of client and server
		synToSYNACK, toACK string
		place              Place
		confidence         Confidence
		host               string
	}{
		{"at the server", "192.0.2.1", "198.51.100.20", [2]int{57, 64}, "38us", "260us", PlaceServer, Likely, "198.51.100.20"},
		{"at a Windows server", "192.0.2.1", "198.51.100.20", [2]int{57, 128}, "38us", "20ms", PlaceServer, Likely, "198.51.100.20"},
		{"at the client", "192.0.2.1", "198.51.100.20", [2]int{64, 52}, "20ms", "40us", PlaceClient, Likely, "192.0.2.1"},
		{"TTL 64 set by a proxy before a far server", "192.0.2.1", "198.51.100.20", [2]int{57, 64}, "40ms", "1ms", PlaceServer, Possible, "198.51.100.20"},
		{"on one network, the server answers at once", "192.0.2.1", "192.0.2.2", [2]int{64, 64}, "30us", "200us", PlaceServer, Possible, "192.0.2.2"},
		{"on one network, the client answers at once", "192.0.2.1", "192.0.2.2", [2]int{64, 64}, "200us", "30us", PlaceClient, Possible, "192.0.2.1"},
		{"on one network, as a mirror port sees it", "192.0.2.1", "192.0.2.2", [2]int{64, 128}, "100us", "100us", PlaceNetwork, Possible, ""},
		{"one host", "127.0.0.1", "127.0.0.1", [2]int{64, 64}, "10us", "10us", PlaceSame, Likely, "127.0.0.1"},
		{"one host by its own address", "192.0.2.1", "192.0.2.1", [2]int{64, 64}, "30us", "10us", PlaceSame, Likely, "192.0.2.1"},
		{"a router halfway", "192.0.2.1", "198.51.100.20", [2]int{57, 60}, "12ms", "10ms", PlaceBetween, Likely, ""},
		{"a router in front of the server", "192.0.2.1", "198.51.100.20", [2]int{57, 63}, "300us", "10ms", PlaceNearServer, Likely, ""},
		{"the router of the client", "192.0.2.1", "198.51.100.20", [2]int{63, 57}, "12ms", "300us", PlaceNearClient, Likely, ""},
	} {
		var j Judge
		judgeAll(t, &j, fmt.Sprintf(`{{range n 3}}
flow f{{.}} client %s:{{add 40000 .}} server %s:80
{{.}}s     f{{.}}> S  0:0(0)        ttl %d
+%s        f{{.}}< S. 0:0(0) ack 1  ttl %d
+%s        f{{.}}> .  1:1(0) ack 1  ttl %[3]d
{{end}}`, c.client, c.server, c.ttl[0], c.synToSYNACK, c.ttl[1], c.toACK))
		v := j.Summary().Vantage
		host := ""
		if v.Host.IsValid() {
			host = v.Host.String()
		}
		if v.Place != c.place || v.Confidence != c.confidence || host != c.host {
			t.Errorf("%s: got %v %v at %q (%s), want %v %v at %q", c.name, v.Place, v.Confidence, host, v.Sentence(), c.place, c.confidence, c.host)
		}
		if v.SYNToSYNACK == "" || v.SYNACKToACK == "" || v.Sentence() == "" {
			t.Errorf("%s: nothing is said of it", c.name)
		}
	}
}

func TestVantageSentence(t *testing.T) {
	var j Judge
	judgeAll(t, &j, `
flow a client 192.0.2.1:40000 server 10.0.8.20:8443
0s    a> S  0:0(0)        ttl 57
+38us a< S. 0:0(0) ack 1
+260us a> . 1:1(0) ack 1  ttl 57`)
	v := j.Summary().Vantage
	if got, want := v.Sentence(), "Taken at the host 10.0.8.20: it sends with TTL 64 and answers SYN in 38us of a 298us handshake."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A TTL is told as that of all only where nearly all have it, of one server and of several.
func TestVantageTTLs(t *testing.T) {
	for _, c := range []struct{ name, ttls, want string }{
		{"one", "57", "TTL 57"},
		{"nine of ten", "{{if eq . 4}}50{{else}}57{{end}}", "TTL 57"},
		{"nine of ten, the other last", "{{if eq . 9}}50{{else}}57{{end}}", "TTL 57"},
		{"two", "{{if eq . 3 6 9}}50{{else}}57{{end}}", "various TTLs"},
		{"as many as flows", "{{add 50 .}}", "various TTLs"},
	} {
		for _, server := range []string{"198.51.100.20", "198.51.100.{{add 20 .}}"} {
			var j Judge
			judgeAll(t, &j, fmt.Sprintf(`{{range n 10}}
flow f{{.}} client 192.0.2.1:{{add 40000 .}} server %s:80
{{.}}s  f{{.}}> S  0:0(0)        ttl %s
+12ms   f{{.}}< S. 0:0(0) ack 1  ttl 60
+10ms   f{{.}}> .  1:1(0) ack 1  ttl %[2]s
{{end}}`, server, c.ttls))
			v := j.Summary().Vantage
			want := "Taken on the way between client and server: packets of the client come with " + c.want + ", those of the server with TTL 60."
			if got := v.Sentence(); got != want {
				t.Errorf("%s, %s:\ngot  %s\nwant %s", c.name, server, got, want)
			}
		}
	}
}

// A proxy is the server of some flows and the client of the others.
func TestVantageProxy(t *testing.T) {
	var j Judge
	judgeAll(t, &j, `
flow a client 192.0.2.1:40000 server 198.51.100.20:80
0s     a> S  0:0(0)        ttl 57
+38us  a< S. 0:0(0) ack 1
+20ms  a> .  1:1(0) ack 1  ttl 57
flow b client 198.51.100.20:40000 server 203.0.113.9:80
1s     b> S  0:0(0)
+20ms  b< S. 0:0(0) ack 1  ttl 52
+38us  b> .  1:1(0) ack 1`)
	v := j.Summary().Vantage
	if v.Place != PlaceHost || v.Host.String() != "198.51.100.20" || v.Flows != 2 {
		t.Errorf("got %+v", v)
	}
}

// Where nothing tells, nothing is said: no answers; or one server here and a client there.
func TestVantageUnknown(t *testing.T) {
	for name, text := range map[string]string{
		"no answer": "flow a\n0s a> S 0:0(0)",
		"two captures in one": `
flow a client 192.0.2.1:40000 server 198.51.100.20:80
0s     a> S  0:0(0)        ttl 57
+38us  a< S. 0:0(0) ack 1
+20ms  a> .  1:1(0) ack 1  ttl 57
flow b client 192.0.2.7:40000 server 203.0.113.9:80
1s     b> S  0:0(0)
+20ms  b< S. 0:0(0) ack 1  ttl 52
+38us  b> .  1:1(0) ack 1`,
	} {
		var j Judge
		judgeAll(t, &j, text)
		if v := j.Summary().Vantage; v.Place != PlaceUnknown || v.Sentence() != "" {
			t.Errorf("%s: got %s", name, v.Sentence())
		}
	}
}
