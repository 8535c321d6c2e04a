package report

import (
	"io"
	"strconv"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// FlowJSON writes one JSON object per flow: on a line of its own, or all as one array. Keys are
// appended as constants, without reflection.
type FlowJSON struct {
	W           io.Writer
	Names       *Names
	Array       bool              // one document in place of lines
	Transitions bool              // with every transition
	Ceiling     *analyzer.Ceiling // what was given up so far for want of room; nil: nothing

	buf []byte
	n   int
}

// Flow writes f.
func (j *FlowJSON) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	j.buf = appendElement(j.buf[:0], j.Array, j.n)
	j.buf = j.append(j.buf, f, found)
	if !j.Array {
		j.buf = append(j.buf, '\n')
	}
	j.n++
	_, err := j.W.Write(j.buf)
	return err
}

// Close ends the document.
func (j *FlowJSON) Close() error { return closeArray(j.W, j.Array, j.n) }

// appendElement appends what goes before the n-th element of an array, counted from 0.
func appendElement(dst []byte, array bool, n int) []byte {
	switch {
	case !array:
		return dst
	case n == 0:
		return append(dst, "[\n"...)
	default:
		return append(dst, ",\n"...)
	}
}

func closeArray(w io.Writer, array bool, n int) error {
	if !array {
		return nil
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func (j *FlowJSON) append(b []byte, f *flows.Flow, found []*analyzer.Finding) []byte {
	client, server := f.Client(), f.Server()
	b = strconv.AppendUint(append(b, `{"flow":`...), f.Number, 10)
	b = appendJSONString(append(b, `,"file":`...), j.Names.File(f.File))
	b = client.Addr.AppendTo(append(b, `,"client":"`...))
	b = server.Addr.AppendTo(append(b, `","server":"`...))
	b = client.Addr.Addr().AppendTo(append(b, `","client_ip":"`...))
	b = strconv.AppendUint(append(b, `","client_port":`...), uint64(client.Addr.Port()), 10)
	b = server.Addr.Addr().AppendTo(append(b, `,"server_ip":"`...))
	b = strconv.AppendUint(append(b, `","server_port":`...), uint64(server.Addr.Port()), 10)
	b = appendName(append(b, `,"roles":`...), f.Roles.String())
	b = appendSpace(b, j.Names, f.Via)

	b = flows.AppendCommunityID(append(b, `,"community_id":"`...), client.Addr, server.Addr)
	b = appendTime(append(b, `","first":"`...), f.First)
	b = appendTime(append(b, `","last":"`...), f.Last)
	b = strconv.AppendUint(append(b, `","packets":{"client":`...), client.Packets, 10)
	b = strconv.AppendUint(append(b, `,"server":`...), server.Packets, 10)
	b = strconv.AppendUint(append(b, `},"payload_bytes":{"client":`...), client.PayloadBytes, 10)
	b = strconv.AppendUint(append(b, `,"server":`...), server.PayloadBytes, 10)
	b = appendCounts(append(b, `},"flags":{"client":`...), &client.Counts)
	b = appendCounts(append(b, `,"server":`...), &server.Counts)
	b = appendRetransmissions(append(b, `},"retransmissions":{"client":`...), &client.Retransmissions)
	b = appendRetransmissions(append(b, `,"server":`...), &server.Retransmissions)
	b = appendStates(append(b, `},"states":{"client":`...), client.States())
	b = appendStates(append(b, `,"server":`...), server.States())
	b = append(b, '}')
	if j.Transitions {
		b = appendTransitions(append(b, `,"transitions":`...), f.Transitions, j.Names)
	}
	b = appendOpening(append(b, `,"opening":`...), &f.Opening)
	b = appendClosing(append(b, `,"closing":`...), &f.Closing)
	b = appendName(append(b, `,"conn_state":`...), f.ConnState)
	b = appendName(append(b, `,"history":`...), f.History)
	b = strconv.AppendUint(append(b, `,"completeness":`...), uint64(f.Completeness), 10)
	b = appendCapture(append(b, `,"capture":`...), &f.Capture, j.Ceiling)
	b = append(b, `,"findings":[`...)
	for i, n := range found {
		if repeated(found, i) {
			continue
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = appendName(b, n.Rule.Name)
	}
	return append(b, "]}"...)
}

// appendName appends a word of ours, which needs no escaping; null for none.
func appendName(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

func appendNanoseconds(b []byte, e flows.Elapsed) []byte {
	if !e.OK {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, int64(e.D), 10)
}

// appendSpace appends the keys that are there only where there is something to say.
func appendSpace(b []byte, names *Names, number uint32) []byte {
	s := names.space(number)
	if len(s.vlan) > 0 {
		b = append(b, `,"vlan":[`...)
		for i, id := range s.vlan {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, uint64(id), 10)
		}
		b = append(b, ']')
	}
	if s.tunnel != "" {
		b = appendJSONString(append(b, `,"tunnel":`...), s.tunnel)
	}
	return b
}

func appendCounts(b []byte, c *flows.Counts) []byte {
	b = strconv.AppendUint(append(b, `{"syn":`...), uint64(c.SYN), 10)
	b = strconv.AppendUint(append(b, `,"syn_ack":`...), uint64(c.SYNACK), 10)
	b = strconv.AppendUint(append(b, `,"fin":`...), uint64(c.FIN), 10)
	b = strconv.AppendUint(append(b, `,"rst":`...), uint64(c.RST), 10)
	return append(b, '}')
}

func appendRetransmissions(b []byte, r *flows.Retransmissions) []byte {
	b = strconv.AppendUint(append(b, `{"syn":`...), uint64(r.SYN), 10)
	b = strconv.AppendUint(append(b, `,"syn_ack":`...), uint64(r.SYNACK), 10)
	b = strconv.AppendUint(append(b, `,"data":`...), uint64(r.Data), 10)
	b = strconv.AppendUint(append(b, `,"fin":`...), uint64(r.FIN), 10)
	return append(b, '}')
}

func appendStates(b []byte, states []flows.State) []byte {
	b = append(b, '[')
	for i, s := range states {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendName(b, s.String())
	}
	return append(b, ']')
}

func appendTransitions(b []byte, ts []flows.Transition, names *Names) []byte {
	b = append(b, '[')
	for i := range ts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTransition(b, &ts[i], names)
	}
	return append(b, ']')
}

func appendTransition(b []byte, t *flows.Transition, names *Names) []byte {
	b = strconv.AppendUint(append(b, `{"packet":`...), t.Packet, 10)
	if names.many {
		b = appendJSONString(append(b, `,"file":`...), names.File(t.File))
	}
	b = appendTime(append(b, `,"time":"`...), t.Time)
	b = appendName(append(b, `","endpoint":`...), t.Side.String())
	b = appendName(append(b, `,"from":`...), t.From.String())
	b = appendName(append(b, `,"to":`...), t.To.String())
	b = appendName(append(b, `,"certainty":`...), t.Certainty.String())
	b = appendWords(append(b, `,"why":`...), t.Why)
	b = append(b, `,"revised_by":`...)
	if t.RevisedBy == 0 {
		return append(b, "null}"...)
	}
	return append(strconv.AppendUint(b, t.RevisedBy, 10), '}')
}

func appendOpening(b []byte, o *flows.Handshake) []byte {
	b = appendName(append(b, `{"outcome":`...), o.Outcome.String())
	b = appendName(append(b, `,"kind":`...), o.Kind.String())
	b = appendNanoseconds(append(b, `,"syn_to_syn_ack_ns":`...), o.SYNToSYNACK)
	b = appendNanoseconds(append(b, `,"syn_ack_to_ack_ns":`...), o.SYNACKToACK)
	b = appendNanoseconds(append(b, `,"handshake_ns":`...), o.Handshake)
	b = appendNanoseconds(append(b, `,"connect_ns":`...), o.Connect)
	b = appendNanoseconds(append(b, `,"server_ready_ns":`...), o.ServerReady)
	b = appendBool(append(b, `,"ambiguous":`...), o.Ambiguous)
	b = strconv.AppendUint(append(b, `,"syn_sent":`...), uint64(o.SYNs), 10)
	b = strconv.AppendUint(append(b, `,"syn_ack_sent":`...), uint64(o.SYNACKs), 10)
	return append(b, '}')
}

func appendClosing(b []byte, t *flows.Teardown) []byte {
	b = appendName(append(b, `{"outcome":`...), t.Outcome.String())
	b = appendName(append(b, `,"first":`...), t.First.String())
	b = appendName(append(b, `,"reset_by":`...), t.ResetBy.String())
	b = appendNanoseconds(append(b, `,"fin_to_ack_ns":`...), t.FINToACK)
	b = appendNanoseconds(append(b, `,"fin_to_fin_ns":`...), t.FINToFIN)
	b = appendNanoseconds(append(b, `,"close_ns":`...), t.Close)
	return append(b, '}')
}

// appendCapture appends what of the capture kept a flow from being seen whole. At the ceiling it has whether the row was written early,
// how many flows were given up before it that have none, and at which ceiling: the last row tells of all, as each flow that has others given
// up comes to its own end later.
func appendCapture(b []byte, c *flows.Capture, ceiling *analyzer.Ceiling) []byte {
	b = appendBool(append(b, `{"midstream":`...), c.Midstream)
	b = appendBool(append(b, `,"one_way":`...), c.OneWay)
	b = strconv.AppendUint(append(b, `,"missing_segments":`...), uint64(c.MissingSegments), 10)
	b = strconv.AppendUint(append(b, `,"duplicates":`...), uint64(c.Duplicates), 10)
	b = appendBool(append(b, `,"truncated":`...), c.Truncated)
	b = appendBool(append(b, `,"ended_open":`...), c.EndedOpen)
	b = appendBool(append(b, `,"evicted":`...), c.Resumed)
	if c.Early {
		b = append(b, `,"early":true`...)
	}
	if howMany(ceiling) > 0 {
		b = strconv.AppendUint(append(b, `,"without_row":`...), ceiling.Shed.N(), 10)
		b = appendLimits(b, ceiling)
	}
	return append(b, '}')
}

// appendLimits appends at which ceiling flows were given up so far.
func appendLimits(b []byte, ceiling *analyzer.Ceiling) []byte {
	b = append(b, `,"limits":[`...)
	for i, limit := range ceiling.Limits() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, limit)
	}
	return append(b, ']')
}
