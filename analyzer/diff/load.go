package diff

import (
	"bufio"
	"bytes"
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

// Load reads what `flows -o jsonl`, `flows -o json` or `report -o json` wrote. It fails where r does, or holds something
// else.
func (c *Comparison) Load(name string, r io.Reader) (*Snapshot, error) {
	b := bufio.NewReaderSize(r, 64<<10)
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
	for n := 1; d.More(); n++ {
		var err error
		if s.Flows > 0 && s.Kind == SavedFlows {
			err = s.nextFlow(d) // in half the time
		} else {
			err = s.next(d, n)
		}
		if err != nil {
			return nil, fmt.Errorf("value %d: %w", n, plainly(err))
		}
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
		return fmt.Errorf("%s is no %s", kind.Field, kind.Type)
	}
	return err
}
