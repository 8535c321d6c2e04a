package analyzer_test

import (
	"fmt"
	"log"
	"net/netip"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// A capture in memory, for who wants to look at its flows in any order.
func ExampleRun_ReadAll() {
	source, err := pcaps.Open([]string{"../pcaps/testdata/demo.pcap"}, pcaps.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	run := analyzer.Run{Source: source.Segments()}
	capture, err := run.ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(capture.Flows), "flows,", len(capture.Found("half-open")), "half-open")

	slow := &capture.Flows[34]
	fmt.Println("flow", slow.Number, slow.Opening.Outcome, "and", slow.Closing.Outcome)
	fmt.Println("server", slow.Server().Addr, slow.Server().States())
	for _, n := range capture.Of(slow.Number) {
		fmt.Println(n.Severity, n.Rule.Name, "shown by packets", n.Packets)
	}
	// Output:
	// 50 flows, 3 half-open
	// flow 35 complete and orderly
	// server 198.51.100.20:8443 [LISTEN SYN_RCVD ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED]
	// warning syn-ack-after-ack shown by packets [403 404 415 424]
}

// Only the flows to one server, each as soon as it is finished: nothing is kept.
func ExampleRun_Read() {
	source, err := pcaps.Open([]string{"../pcaps/testdata/demo.pcap"}, pcaps.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	server, err := analyzer.ParseEndpoint("198.51.100.20:8443")
	if err != nil {
		log.Fatal(err)
	}
	run := analyzer.Run{
		Source: source.Segments(),
		Choice: analyzer.Choice{Server: []analyzer.Endpoint{server}},
		Judge:  &analyzer.Judge{},
		Flows:  []analyzer.FlowOutput{printer{}},
	}
	if _, err := run.Read(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 192.0.2.17:51608 complete, ready in 298µs
	// 192.0.2.17:51616 complete, ready in 2.045293s, syn-retransmitted
	// 192.0.2.17:51614 complete, ready in 3.03094s, syn-ack-after-ack
	// 192.0.2.18:40900 complete, ready in 3.03094s, syn-ack-after-ack
}

type printer struct{}

func (printer) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	fmt.Print(f.Client().Addr, " ", f.Opening.Outcome, ", ready in ", f.Opening.ServerReady.D)
	for _, n := range found {
		fmt.Print(", ", n.Rule.Name)
	}
	fmt.Println()
	return nil
}

// What a test of network code would assert: the server is done with every connection.
func ExampleAnalysis() {
	source, err := pcaps.Open([]string{"../pcaps/testdata/demo.pcap"}, pcaps.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	run := analyzer.Run{Source: source.Segments()}
	capture, err := run.ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	server := netip.MustParseAddrPort("198.51.100.10:443")
	for i := range capture.Flows {
		if f := &capture.Flows[i]; f.Server().Addr == server && f.Server().State() != flows.Closed {
			fmt.Println("flow", f.Number, "was left in", f.Server().State())
		}
	}
	// Output:
	// flow 2 was left in TIME_WAIT
	// flow 23 was left in SYN_RCVD
	// flow 24 was left in SYN_RCVD
	// flow 26 was left in UNKNOWN
}
