package pcaps

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
)

const (
	// maxOpen bounds the files that are open at once, however many there are.
	maxOpen = 64
	// Buffers from 16 kB to 4 MB read within 10 % of each other; many files get small ones.
	bufferOfOne  = 256 << 10
	bufferOfMany = 64 << 10
)

// errOverlap is for compressed files, which cannot be put aside without unpacking them from the
// beginning again at every turn.
var errOverlap = fmt.Errorf("more than %d compressed captures overlap in time: unpack them first", maxOpen)

// merge reads several files as one, by the time of their packets; of equal times the earlier
// file goes first. A file's own packets keep their order, also where its times step back. Of
// a file that is being read one buffer is in memory; of the others, only where they stand.
type merge struct {
	inputs []*input
	due    []turn   // of the inputs that have a frame, as a heap: due[0] is next
	begun  bool     // pipes too have been asked for their first frame
	handed bool     // due[0]'s frame was handed out
	open   []*input // regular files that are open
	spare  [][]byte // buffers
	errs   []error  // of inputs that could not be read to their end

	stopped     atomic.Bool // they are not to be read to their end
	interrupted atomic.Bool // which is to be told
}

// turn is an input's place in the heap. The time is here so that sorting does not
// touch the inputs, which are far apart in memory: a packet among 50 files costs a fifth less.
type turn struct {
	time int64 // of in.frame
	in   *input
}

// before tells which of two inputs is next.
func (t turn) before(u turn) bool {
	return t.time < u.time || t.time == u.time && t.in.index < u.in.index
}

// openMerge opens every input, and reads the first frame of each regular file, to know when it is
// due. An input that cannot be opened, or is no capture, fails it; what is wrong further inside is
// kept for the end. What comes out of pipes is not waited for.
func openMerge(paths []string, open func(path string) (File, error)) (*merge, error) {
	m := &merge{}
	for i, path := range paths {
		in := newInput(path, int32(i))
		in.opens, in.stopped = open, &m.stopped
		m.inputs = append(m.inputs, in)
	}
	var errs []error
	for i, in := range m.inputs {
		if in.path == "-" && slices.Contains(paths[:i], "-") {
			errs = append(errs, in.fail(errors.New("can be read only once")))
			continue
		}
		if err := in.open(); err != nil {
			errs = append(errs, in.fail(err))
			continue
		}
		if !in.regular {
			continue
		}
		m.open = append(m.open, in)
		if !m.start(in) {
			break
		}
	}
	kept := m.errs[:0]
	for _, err := range m.errs {
		if errors.Is(err, ErrNotCapture) {
			errs = append(errs, err)
		} else {
			kept = append(kept, err)
		}
	}
	m.errs = kept
	if len(errs) > 0 {
		m.close()
		return nil, errors.Join(errs...)
	}
	return m, nil
}

// next returns the frame that is next in time, valid until the next call. After the last it returns io.EOF, or
// what was wrong with the inputs that could not be read to their end.
func (m *merge) next() (*Frame, error) {
	if m.stopped.Load() {
		m.leave()
		return nil, m.end()
	}
	if !m.begun {
		m.begun = true
		for _, in := range m.inputs {
			if !in.regular {
				m.start(in)
			}
		}
	}
	if m.handed {
		in := m.due[0].in
		err := in.format.next(&in.frame)
		if err == nil && len(m.due) == 1 {
			return &in.frame, nil
		}
		m.handed = false
		if err == nil {
			m.due[0].time = in.frame.Time
			m.down(0)
		} else {
			m.finish(in, err)
			m.pop()
		}
	}
	for len(m.due) > 0 {
		in := m.due[0].in
		if in.isOpen() || m.takeUp(in) {
			m.handed = true
			return &in.frame, nil
		}
		m.pop()
	}
	return nil, m.end()
}

func (m *merge) alone() *input {
	if len(m.due) != 1 || !m.handed || m.stopped.Load() {
		return nil
	}
	return m.due[0].in
}

// end is what to say after the last frame.
func (m *merge) end() error {
	if len(m.errs) == 0 {
		return io.EOF
	}
	return errors.Join(m.errs...)
}

func (m *merge) stop() { m.stopped.Store(true) }

func (m *merge) interrupt() {
	m.interrupted.Store(true)
	m.stop()
}

// leave tells of the files that are not read further, if that was not to be.
func (m *merge) leave() {
	if !m.interrupted.Load() {
		return
	}
	waiting := m.due
	if m.handed {
		waiting = waiting[1:]
	}
	for _, in := range m.inputs {
		if in.size < 0 || in.ended {
			continue
		}
		next := in.stream.packets + 1
		if slices.ContainsFunc(waiting, func(t turn) bool { return t.in == in }) {
			next-- // it was read, and not handed out
		}
		m.errs = append(m.errs, in.fail(fmt.Errorf("%w before packet %d", ErrInterrupted, next)))
	}
}

// start reads the first frame of an input that is open. It reports false when everything was stopped.
func (m *merge) start(in *input) bool {
	if err := in.begin(m.buffer()); err != nil {
		m.finish(in, err)
		return true
	}
	if !m.advance(in) {
		return true
	}
	m.push(turn{in.frame.Time, in})
	if in.packed && in.regular && len(m.inputs) > 1 {
		// What a decompressor keeps is megabytes: it can wait until the file is due.
		m.release(in)
	}
	return len(m.open) <= maxOpen || m.makeRoom()
}

// advance reads the next frame of an input, and reports whether there is one.
func (m *merge) advance(in *input) bool {
	err := in.format.next(&in.frame)
	if err != nil {
		m.finish(in, err)
	}
	return err == nil
}

// takeUp goes on with an input that was put aside, and reports whether that could be done.
func (m *merge) takeUp(in *input) bool {
	if len(m.open) == maxOpen && !m.makeRoom() {
		return false
	}
	m.open = append(m.open, in)
	if err := in.takeUp(m.buffer()); err != nil {
		m.finish(in, err)
		return false
	}
	return true
}

// makeRoom puts aside the open file that is due last: the one that will not be missed for the longest
// time. Where none can be, it stops everything: to leave one file out would falsify the rest.
func (m *merge) makeRoom() bool {
	var last turn
	for _, in := range m.open {
		if t := (turn{in.frame.Time, in}); in.cheapToResume() && (last.in == nil || last.before(t)) {
			last = t
		}
	}
	if last.in == nil {
		m.close()
		m.errs = append(m.errs, errOverlap)
		return false
	}
	m.release(last.in)
	return true
}

// finish is done with an input: err is io.EOF or what was wrong with it.
func (m *merge) finish(in *input, err error) {
	in.ended = true
	if err != io.EOF && !m.stopped.Load() {
		m.errs = append(m.errs, in.fail(err))
	}
	m.release(in)
	in.raw.n = max(in.raw.n, in.size)
}

// release closes an input's file.
func (m *merge) release(in *input) {
	if buf := in.putAside(); buf != nil {
		m.spare = append(m.spare, buf)
	}
	if i := slices.Index(m.open, in); i >= 0 {
		m.open = slices.Delete(m.open, i, i+1)
	}
}

func (m *merge) close() {
	for _, in := range m.inputs {
		if in.isOpen() {
			m.release(in)
		}
	}
	m.due = nil
	m.handed = false
}

func (m *merge) buffer() []byte {
	if n := len(m.spare); n > 0 {
		buf := m.spare[n-1]
		m.spare = m.spare[:n-1]
		return buf
	}
	if len(m.inputs) > 1 {
		return make([]byte, bufferOfMany)
	}
	return make([]byte, bufferOfOne)
}

func (m *merge) push(t turn) {
	m.due = append(m.due, t)
	i := len(m.due) - 1
	for up := (i - 1) / 2; i > 0 && t.before(m.due[up]); up = (i - 1) / 2 {
		m.due[i] = m.due[up]
		i = up
	}
	m.due[i] = t
}

// pop forgets due[0].
func (m *merge) pop() {
	n := len(m.due) - 1
	if n < 0 { // everything was stopped
		return
	}
	m.due[0] = m.due[n]
	m.due = m.due[:n]
	m.down(0)
}

// down restores the heap where due[i] has become later. (container/heap would cost
// an interface call per comparison, for every packet.)
func (m *merge) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(m.due) {
			return
		}
		if c+1 < len(m.due) && m.due[c+1].before(m.due[c]) {
			c++
		}
		if !m.due[c].before(m.due[i]) {
			return
		}
		m.due[i], m.due[c] = m.due[c], m.due[i]
		i = c
	}
}

// interfaces of all inputs, as far as they have been read.
func (m *merge) interfaces() []Interface {
	var all []Interface
	for _, in := range m.inputs {
		if in.format == nil {
			continue
		}
		for _, i := range in.format.interfaces() {
			i.File = in.index
			all = append(all, i)
		}
	}
	return all
}

func (m *merge) of(f *Frame) Interface { return m.inputs[f.File].format.interfaces()[f.Interface] }

// piped tells whether something is read that is no regular file.
func (m *merge) piped() bool {
	return slices.ContainsFunc(m.inputs, func(in *input) bool { return !in.regular })
}

// bytes that were read of how many, as they are on disk; total is 0 where an input does not tell.
func (m *merge) bytes() (read, total int64) {
	known := true
	for _, in := range m.inputs {
		read += in.raw.n
		total += in.size
		known = known && in.size >= 0
	}
	if !known {
		total = 0
	}
	return read, total
}
