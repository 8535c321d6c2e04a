package report

import (
	"io"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
)

// FindingJSON writes a finding a line; at the ceiling also how many flows were given up before, and at which.
type FindingJSON struct {
	W       io.Writer
	Names   *Names
	Ceiling *analyzer.Ceiling // what was given up so far for want of room; nil: nothing
	buf     []byte
}

// Finding writes n.
func (j *FindingJSON) Finding(n *analyzer.Finding) error {
	j.buf = appendFinding(j.buf[:0], n, j.Names)
	if n := howMany(j.Ceiling); n > 0 {
		j.buf = strconv.AppendUint(append(j.buf[:len(j.buf)-1], `,"given_up":`...), n, 10)
		j.buf = append(appendLimits(j.buf, j.Ceiling), '}')
	}
	j.buf = append(j.buf, '\n')
	_, err := j.W.Write(j.buf)
	return err
}

// FindingCSV writes a header and a finding a line: the keys of FindingJSON, lists with a space, or "; " where they
// are of sentences, absent values empty.
type FindingCSV struct {
	W       io.Writer
	Names   *Names
	Ceiling *analyzer.Ceiling // what was given up so far for want of room; nil: nothing
	buf     []byte
	started bool
}

const findingHeader = "finding,severity,confidence,flow,client,server,vlan,tunnel,endpoint,file,packet,time,packets,variant,cause," +
	"flows,clients,lasted_ns,since,until,summary,why,ruled_out,next,mend,given_up,limits\n"

// Finding writes n, and the header before the first one.
func (c *FindingCSV) Finding(n *analyzer.Finding) error {
	b := c.header(c.buf[:0])
	b = csvName(b, n.Rule.Name)
	b = csvName(b, n.Severity.String())
	b = csvName(b, n.Confidence.String())
	b = csvNumber(b, n.Flow)
	b = csvJSON(b, appendEndpoint(nil, n.Client))
	b = csvJSON(b, appendEndpoint(nil, n.Server))
	space := c.Names.space(n.Space)
	var tags []string
	for _, id := range space.vlan {
		tags = append(tags, strconv.Itoa(int(id)))
	}
	b = csvName(b, strings.Join(tags, " "))
	b = csvString(b, space.tunnel)
	b = csvName(b, n.Endpoint.String())
	if n.Packet == 0 {
		b = append(b, ',')
	} else {
		b = csvString(b, c.Names.File(n.File))
	}
	b = csvNumber(b, n.Packet)
	b = csvJSON(b, appendMoment(nil, n.Time))
	var packets []string
	for _, p := range n.Packets {
		packets = append(packets, strconv.FormatUint(p, 10))
	}
	b = csvName(b, strings.Join(packets, " "))
	b = csvName(b, n.Variant)
	b = csvName(b, n.Cause)
	b = csvNumber(b, n.Flows)
	b = csvNumber(b, n.Clients)
	b = csvNumber(b, uint64(n.Lasted))
	b = csvJSON(b, appendMoment(nil, n.Since))
	b = csvJSON(b, appendMoment(nil, n.Until))
	for _, s := range [...]string{n.Summary, n.Why, strings.Join(n.RuledOut, "; "), n.Next, n.Mend} {
		b = csvString(b, s)
	}
	b = csvNumber(b, howMany(c.Ceiling))
	b = csvLimits(b, c.Ceiling)
	b[len(b)-1] = '\n'
	c.buf = b
	_, err := c.W.Write(b)
	return err
}

// Close writes the header where there was no finding.
func (c *FindingCSV) Close() error {
	_, err := c.W.Write(c.header(nil))
	return err
}

func (c *FindingCSV) header(b []byte) []byte {
	if c.started {
		return b
	}
	c.started = true
	return append(b, findingHeader...)
}

// csvNumber appends a number, and nothing for 0: there is none.
func csvNumber(b []byte, n uint64) []byte {
	if n == 0 {
		return append(b, ',')
	}
	return csvUint(b, n)
}

// csvJSON appends a JSON string that needs no escaping, without its quotes; nothing for null.
func csvJSON(b, value []byte) []byte {
	if string(value) != "null" {
		b = append(b, value[1:len(value)-1]...)
	}
	return append(b, ',')
}
