package diff

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// IsSaved reports whether a file that begins with these bytes, a few hundred, is JSON, and so no capture.
func IsSaved(begins []byte) bool {
	begins = bytes.TrimLeft(begins, " \t\r\n")
	return len(begins) > 0 && (begins[0] == '{' || begins[0] == '[')
}

// maxValue bounds the bytes of a value, which has to be in memory as a whole, and of what may stand before it: the report of 20,000 servers, the most
// that are told apart, comes to 400 MB where each shows nearly everything.
const maxValue = 512 << 20

// Load reads what `flows -o jsonl`, `flows -o json` or `report -o json` wrote. It fails where r does, or holds something
// else.
func (c *Comparison) Load(name string, r io.Reader) (*Snapshot, error) {
	return c.load(name, r, maxValue)
}

func (c *Comparison) load(name string, r io.Reader, most int64) (*Snapshot, error) {
	value := &io.LimitedReader{R: r, N: most}
	b := bufio.NewReaderSize(value, 64<<10)
	d := json.NewDecoder(b)
	array, err := isArray(b)
	if err != nil {
		return nil, err
	}
	if array {
		if _, err := d.Token(); err != nil {
			return nil, err
		}
	}
	s := c.Snapshot(name)
	s.Kind = SavedFlows
	n := 1
	for ; d.More(); n++ {
		value.N = most
		var err error
		if s.Flows > 0 && s.Kind == SavedFlows {
			err = s.nextFlow(d) // in half the time
		} else {
			err = s.next(d, n)
		}
		if value.N <= 0 {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", n, plainly(err))
		}
	}
	if value.N <= 0 {
		return nil, fmt.Errorf("value %d: more than %d MiB", n, most>>20)
	}
	if array {
		if _, err := d.Token(); err != nil {
			return nil, plainly(err)
		}
	}
	switch _, err := d.Token(); err {
	case io.EOF:
		return s, nil
	case nil:
		return nil, errNotSaved
	default:
		return nil, plainly(err)
	}
}

// isArray reports whether an array comes next.
func isArray(b *bufio.Reader) (bool, error) {
	for n := 1; ; n++ {
		begins, err := b.Peek(n)
		if err != nil {
			return false, err
		}
		switch begins[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return begins[n-1] == '[', nil
		}
	}
}

// next takes the n-th value of what was saved, from 1: a flow or, alone, a report.
func (s *Snapshot) next(d *json.Decoder, n int) error {
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return err
	}
	var keys struct {
		Opening, Client, Servers, Capture json.RawMessage
		Finding, Line                     json.RawMessage
	}
	if err := json.Unmarshal(value, &keys); err != nil {
		return err
	}
	switch {
	case keys.Finding != nil:
		return errors.New("findings alone cannot be compared: save report -o json or flows -o jsonl")
	case keys.Line != nil:
		return errors.New("packets cannot be compared: save flows -o jsonl or report -o json")
	case keys.Opening != nil && keys.Client != nil:
		return s.nextFlow(json.NewDecoder(bytes.NewReader(value)))
	case keys.Servers != nil && keys.Capture != nil && n == 1:
		s.Kind = SavedReport
		return s.loadReport(value)
	case keys.Servers != nil && keys.Capture != nil:
		return errors.New("a second report: one can be compared")
	}
	return errNotSaved
}

var errNotSaved = errors.New("neither a flow of flows -o jsonl nor a report of report -o json")

// plainly is what is wrong with JSON, in words for who did not write it.
func plainly(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return errors.New("is cut short")
	case errors.As(err, &kind):
		return fmt.Errorf("%s cannot be what is a JSON %s", cmp.Or(kind.Field, "a flow or a report"), kind.Value)
	}
	return err
}
