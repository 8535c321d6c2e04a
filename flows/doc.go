// Package flows works out, from nothing but the packets that passed one point of the network,
// which of the eleven TCP states (RFC 9293 §3.3.2) each end of a connection went through.
//
// # What an observer can know
//
// An observer does not run TCP: it collects evidence. There are two kinds.
//
// What an endpoint sends proves its state. A SYN proves SYN_SENT, a SYN-ACK SYN_RCVD. The ack
// number of a segment tells what its sender had received: one that covers the peer's SYN, or
// its FIN, proves that these arrived. The sequence number tells what its sender had sent
// before, even where the capture lacks it.
//
// What is sent to an endpoint only suggests its state. The segment passed the capture point;
// whether it arrived, nobody knows yet. Such a state is assumed until the endpoint sends
// something that proves it, or revised when it sends something that rules it out: a
// SYN-ACK sent again says that the ACK of it was lost or ignored, a FIN sent again that
// its ACK was lost, an ack that stays below the peer's FIN that the FIN is not there yet. Taking a
// state back takes back what was assumed after it. What was proved stands: a segment that
// contradicts it is an old duplicate or forged. No segment can prove FIN_WAIT_2, nor CLOSED
// after LAST_ACK; they stay assumed.
//
// Time alone moves states too (retries run out, FIN_WAIT_2 and TIME_WAIT end): no packet shows
// that, so it is never in a list. An end is reported as last seen in its state.
//
// # The machine
//
// The table in machine.go is Figure 5 of RFC 9293, each edge named by its evidence. One segment is
// up to four events at once: its ack is news of what the sender got, its payload of what
// the sender sent, and both, if they arrive, news for the receiver. So one FIN+ACK takes the end
// that sends it through CLOSE_WAIT to LAST_ACK, and its peer through FIN_WAIT_2 to TIME_WAIT.
// Simultaneous open and close need no case of their own in the table: they are the same
// evidence in another order.
//
//	segment.go        what goes in: one TCP header; seq.go: its numbers
//	state.go          states, and how well they are known; step.go, flow.go: what comes out
//	machine.go        events, edges; the list of states of one end
//	opening.go        SYN and SYN-ACK, and the times between them
//	numbers.go        whether sequence and ack number fit, and what is kept aside until they do
//	synchronized.go   everything with ACK: what it proves of its sender, suggests of its receiver
//	closing.go        FIN and the ACK of it, in the order in which they arrived
//	reset.go          RST: whether it would be believed, and what it says of its sender
//	challenge.go      challenge ACKs; damaged.go: wrong checksums
//	quoted.go         ICMP errors
//	incarnation.go    which of several connections on one four-tuple a segment belongs to
//	copies.go         packets that the capture holds twice
//	tracker.go        the loop over all of it; sweep.go: time-outs; table.go, slab.go, queue.go: look-up, memory
//	arrival.go        what is looked up for many segments at a time
//	lanes.go          Trackers that share the flows of a capture
//	record.go         a flow as its segment finds it; kept.go, story.go: its transitions
//	brief.go          as it is kept where all is as usual; shape.go: what such flows have in common; quick.go: what was learned of segments that were to come next
//	left.go           what the end of the capture finishes, by number; shed.go: what goes at the ceiling
//	evidence.go       how a record changes: along an edge, proved, taken back
//	describe.go       from the record of a flow to what is said of it
//	zeek.go           conn_state and history as Zeek has them
//	completeness.go   tcp.completeness as Wireshark has it; community.go: the Community ID
//	parse.go          the names of states as other tools spell them
//
// # Words
//
// A segment is one TCP header with the length of its payload. A flow is one connection on one
// four-tuple; a four-tuple that is used again begins another flow. An endpoint is one end of a
// flow; client is the end that sent, or was sent the answer to, the first SYN. The sender and
// the receiver are of the segment at hand. ISS is an initial sequence number. Sequence
// numbers live on a circle (Seq): they are compared with Before and Sub only.
//
// The package does no I/O and has no clock: time is that of the packets, so that a file read
// later gives what a live capture gave.
package flows
