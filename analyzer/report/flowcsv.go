package report

import (
	"io"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// FlowCSV writes a header and a line per flow (RFC 4180, lines ended as Unix does): the keys of
// FlowJSON, nested ones joined with a dot, lists with a space, absent values empty.
type FlowCSV struct {
	W       io.Writer
	Names   *Names
	Ceiling *analyzer.Ceiling // what was given up so far for want of room; nil: nothing

	buf     []byte
	started bool
}

const csvHeader = "flow,file,client,server,client_ip,client_port,server_ip,server_port,roles,vlan,tunnel," +
	"community_id,first,last,packets.client,packets.server,payload_bytes.client,payload_bytes.server," +
	"flags.client.syn,flags.client.syn_ack,flags.client.fin,flags.client.rst," +
	"flags.server.syn,flags.server.syn_ack,flags.server.fin,flags.server.rst," +
	"retransmissions.client.syn,retransmissions.client.syn_ack,retransmissions.client.data,retransmissions.client.fin," +
	"retransmissions.server.syn,retransmissions.server.syn_ack,retransmissions.server.data,retransmissions.server.fin," +
	"states.client,states.server," +
	"opening.outcome,opening.kind,opening.syn_to_syn_ack_ns,opening.syn_ack_to_ack_ns,opening.handshake_ns," +
	"opening.connect_ns,opening.server_ready_ns,opening.ambiguous,opening.syn_sent,opening.syn_ack_sent," +
	"closing.outcome,closing.first,closing.reset_by,closing.fin_to_ack_ns,closing.fin_to_fin_ns,closing.close_ns," +
	"conn_state,history,completeness," +
	"capture.midstream,capture.one_way,capture.missing_segments,capture.duplicates," +
	"capture.truncated,capture.ended_open,capture.evicted,capture.early,capture.without_row,capture.limits,findings\n"

// Flow writes f, and the header before the first one.
func (c *FlowCSV) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	c.buf = c.header(c.buf[:0])
	c.buf = c.append(c.buf, f, found)
	_, err := c.W.Write(c.buf)
	return err
}

// Close writes the header where there was no flow: no rows is an answer too.
func (c *FlowCSV) Close() error {
	_, err := c.W.Write(c.header(nil))
	return err
}

func (c *FlowCSV) header(b []byte) []byte {
	if c.started {
		return b
	}
	c.started = true
	return append(b, csvHeader...)
}

func (c *FlowCSV) append(b []byte, f *flows.Flow, found []*analyzer.Finding) []byte {
	client, server := f.Client(), f.Server()
	b = csvUint(b, f.Number)
	b = csvString(b, c.Names.File(f.File))
	b = append(client.Addr.AppendTo(b), ',')
	b = append(server.Addr.AppendTo(b), ',')
	b = append(client.Addr.Addr().AppendTo(b), ',')
	b = csvUint(b, uint64(client.Addr.Port()))
	b = append(server.Addr.Addr().AppendTo(b), ',')
	b = csvUint(b, uint64(server.Addr.Port()))
	b = csvName(b, f.Roles.String())
	space := c.Names.space(f.Via)
	for i, id := range space.vlan {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendUint(b, uint64(id), 10)
	}
	b = append(b, ',')
	b = csvString(b, space.tunnel)
	b = append(flows.AppendCommunityID(b, client.Addr, server.Addr), ',')
	b = append(appendTime(b, f.First), ',')
	b = append(appendTime(b, f.Last), ',')
	for _, n := range [...]uint64{client.Packets, server.Packets, client.PayloadBytes, server.PayloadBytes} {
		b = csvUint(b, n)
	}
	for _, e := range [...]*flows.Endpoint{client, server} {
		for _, n := range [...]uint32{e.Counts.SYN, e.Counts.SYNACK, e.Counts.FIN, e.Counts.RST} {
			b = csvUint(b, uint64(n))
		}
	}
	for _, e := range [...]*flows.Endpoint{client, server} {
		r := &e.Retransmissions
		for _, n := range [...]uint32{r.SYN, r.SYNACK, r.Data, r.FIN} {
			b = csvUint(b, uint64(n))
		}
	}
	for _, e := range [...]*flows.Endpoint{client, server} {
		for i, s := range e.States() {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, s.String()...)
		}
		b = append(b, ',')
	}
	o := &f.Opening
	b = csvName(b, o.Outcome.String())
	b = csvName(b, o.Kind.String())
	for _, e := range [...]flows.Elapsed{o.SYNToSYNACK, o.SYNACKToACK, o.Handshake, o.Connect, o.ServerReady} {
		b = csvElapsed(b, e)
	}
	b = csvBool(b, o.Ambiguous)
	b = csvUint(b, uint64(o.SYNs))
	b = csvUint(b, uint64(o.SYNACKs))
	t := &f.Closing
	b = csvName(b, t.Outcome.String())
	b = csvName(b, t.First.String())
	b = csvName(b, t.ResetBy.String())
	for _, e := range [...]flows.Elapsed{t.FINToACK, t.FINToFIN, t.Close} {
		b = csvElapsed(b, e)
	}
	b = csvName(b, f.ConnState)
	b = csvName(b, f.History)
	b = csvUint(b, uint64(f.Completeness))
	k := &f.Capture
	b = csvBool(b, k.Midstream)
	b = csvBool(b, k.OneWay)
	b = csvUint(b, uint64(k.MissingSegments))
	b = csvUint(b, uint64(k.Duplicates))
	b = csvBool(b, k.Truncated)
	b = csvBool(b, k.EndedOpen)
	b = csvBool(b, k.Resumed)
	if k.Early {
		b = append(b, "true"...)
	}
	b = append(b, ',')
	if howMany(c.Ceiling) > 0 {
		b = strconv.AppendUint(b, c.Ceiling.Shed.N(), 10)
	}
	b = csvLimits(append(b, ','), c.Ceiling)
	for i, n := range found {
		if repeated(found, i) {
			continue
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, n.Rule.Name...)
	}
	return append(b, '\n')
}

// Each of these appends one field and the comma behind it.

func csvUint(b []byte, n uint64) []byte { return append(strconv.AppendUint(b, n, 10), ',') }

func csvBool(b []byte, v bool) []byte { return append(strconv.AppendBool(b, v), ',') }

func csvName(b []byte, s string) []byte { return append(append(b, s...), ',') }

func csvElapsed(b []byte, e flows.Elapsed) []byte {
	if e.OK {
		b = strconv.AppendInt(b, int64(e.D), 10)
	}
	return append(b, ',')
}

// csvLimits appends at which ceiling flows were given up, if any were.
func csvLimits(b []byte, ceiling *analyzer.Ceiling) []byte {
	if howMany(ceiling) == 0 {
		return append(b, ',')
	}
	return csvString(b, strings.Join(ceiling.Limits(), " "))
}

// csvString puts ' before what a spreadsheet would take for a formula.
func csvString(b []byte, s string) []byte {
	s = Plain(s)
	if len(s) > 1 && strings.ContainsRune("=+-@", rune(s[0])) {
		s = "'" + s
	}
	if !strings.ContainsAny(s, `",`) {
		return csvName(b, s)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"', ',')
}
