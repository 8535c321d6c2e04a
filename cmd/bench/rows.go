package main

import "fmt"

// row is a line of the table: a ratio of what commands took, and the most that it may be.
type row struct {
	capture  string // that the commands read; "" where they make what they read
	what     string
	commands []string
	ratio    func([]usage) float64
	most     float64
}

func cpu(u usage) float64  { return u.cpu.Seconds() }
func wall(u usage) float64 { return u.wall.Seconds() }
func rss(u usage) float64  { return float64(u.rss) }

// over is what the first command took, over what all others took together.
func over(of func(usage) float64) func([]usage) float64 {
	return func(u []usage) float64 {
		others := 0.0
		for _, other := range u[1:] {
			others += of(other)
		}
		return of(u[0]) / others
	}
}

// peers are run so that each does its work, and says as little of it as it can.
var peers = []struct {
	capture, command string
	most             float64 // of its CPU time, for tcpwhy flows and tcpwhy report
}{
	{"w1s.pcap", "tcptrace -n w1s.pcap", 1. / 12},
	{"w1s.pcap", "softflowd -6 -m 1000000 -r w1s.pcap", 1. / 6},
	{"w1s.pcap", "tshark -r w1s.pcap -q -z conv,tcp", 1. / 30},
	{"w1s.pcap", "tshark -r w1s.pcap -T fields -e tcp.stream -e tcp.completeness", 1. / 150},
	{"w3s.pcap", "tcptrace -n w3s.pcap", 1. / 15},
	{"w1.pcap", "tcptrace -n w1.pcap", 1. / 12},
	{"w1.pcap", "argus -r w1.pcap -w /dev/null", 1. / 6},
	{"w1.pcap", "nfpcapd -r w1.pcap -l out", 1. / 8},
	{"w1.pcap", "tcpdump -r w1.pcap -w /dev/null", 1.8},
	{"w2.pcap", "tcptrace -n w2.pcap", 1. / 5},
	{"w2.pcap", "tcpdump -r w2.pcap -w /dev/null", 1.2},
	{"w3.pcap", "tcpdump -r w3.pcap -w /dev/null", 4},
	{"w4.pcap", "tcptrace -n w4.pcap", 1. / 8},
	{"w4.pcap", "tcpdump -r w4.pcap -w /dev/null", 0.6},
}

func rows() (all []row) {
	for _, p := range peers {
		for _, of := range []string{"flows", "report"} {
			all = append(all, row{p.capture, "CPU", []string{"tcpwhy " + of + " " + p.capture, p.command}, over(cpu), p.most})
		}
	}
	all = append(all,
		row{"w1s.pcap", "CPU", []string{"tcpwhy -S w1s.pcap", "tcpdump -S -nn -r w1s.pcap"}, over(cpu), 1. / 5},
		row{"w4.pcap", "CPU", []string{"tcpwhy w4.pcap", "tcpdump -nn -r w4.pcap"}, over(cpu), 1. / 5},
		row{"w1.pcap", "CPU", []string{"tcpwhy report w1.pcap", "tcpwhy flows w1.pcap"}, over(cpu), 2},
	)
	for _, c := range []struct {
		capture string
		most    float64
	}{{"w1.pcap", 1 / 1.7}, {"w3.pcap", 1 / 1.7}, {"w4.pcap", 1}} {
		for _, of := range []string{"flows", "report"} {
			all = append(all, row{c.capture, "time with two workers", []string{"tcpwhy " + of + " --workers 2 " + c.capture, "tcpwhy " + of + " " + c.capture}, over(wall), c.most})
		}
	}
	const flows = 500_000
	all = append(all, row{"w1.pcap", "CPU for JSON, of a microsecond a flow", []string{"tcpwhy flows -o jsonl w1.pcap", "tcpwhy flows w1.pcap"},
		func(u []usage) float64 { return (cpu(u[0]) - cpu(u[1])) / (flows * 1e-6) }, 1})
	// What is not plain pcap may cost what unpacking it costs, and the tenth that measurements of the same thing differ by.
	for _, c := range []struct{ capture, unpack string }{
		{"w1s.pcapng", ""}, {"w1s.pcap.gz", "gzip -dc w1s.pcap.gz"}, {"w1s.pcap.zst", "zstd -dc w1s.pcap.zst"},
	} {
		commands := []string{"tcpwhy flows " + c.capture, "tcpwhy flows w1s.pcap"}
		if c.unpack != "" {
			commands = append(commands, c.unpack)
		}
		all = append(all, row{c.capture, "CPU", commands, over(cpu), 1.1})
	}
	all = append(all, row{"w3.pcap", "memory, of 200 MB", []string{"tcpwhy report --max-memory 200MB w3.pcap"}, per(200e6), 1})
	for _, flows := range []int{1_000_000, 10_000_000} {
		for _, kind := range []struct {
			name, what string
			bytes      float64
		}{{"live4", "an IPv4 flow", 160}, {"live6", "an IPv6 flow", 200}, {"lone", "a lone SYN", 64}} {
			all = append(all, row{"", fmt.Sprintf("memory, of %.0f bytes %s", kind.bytes, kind.what),
				[]string{stored(kind.name, flows, 0)}, per(kind.bytes * float64(flows)), 1})
		}
	}
	return append(all, growth())
}

// per is the memory that a command took, over a number of bytes.
func per(bytes float64) func([]usage) float64 {
	return func(u []usage) float64 { return rss(u[0]) / bytes }
}

// stored is a command that has all flows of a workload in its memory at the end.
func stored(kind string, flows, rounds int) string {
	return fmt.Sprintf("bench write %s-%d-%d | tcpwhy flows --max-flows 0 --max-memory 100GB -", kind, flows, rounds)
}

// growth is how many cache misses explain what a packet costs more with ten million flows than with ten thousand. It
// takes as many as the slot of a table and a record of 160 bytes have cache lines.
func growth() row {
	const many, few, packets = 10_000_000, 10_000, 10_000_000
	const misses = 1 + 3
	commands := []string{
		stored("live4", many, packets/many), stored("live4", many, 0),
		stored("live4", few, packets/few), stored("live4", few, 0),
		fmt.Sprintf("bench chase %d %d", many, packets), fmt.Sprintf("bench chase %d 0", many),
		fmt.Sprintf("bench chase %d %d", few, packets), fmt.Sprintf("bench chase %d 0", few),
	}
	return row{"", "CPU of a packet: growth from 10,000 to 10 million flows, over that of a cache miss", commands,
		func(u []usage) float64 {
			took := func(i int) float64 { return cpu(u[i]) - cpu(u[i+1]) }
			return (took(0) - took(2)) / (took(4) - took(6))
		}, misses}
}
