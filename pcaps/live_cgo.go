//go:build cgo

package pcaps

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// blockTime is how long the kernel keeps a packet to itself, to hand out several at once. It is what makes a
	// person at the screen wait.
	blockTime = 10 * time.Millisecond
	// idleTime is how long what is written may wait in buffers while packets keep coming.
	idleTime = 20 * time.Millisecond
	// settleTime is after which a packet that has passed is there to be read: the kernel looks at a block every
	// blockTime, and hands over what it has seen before; and the machine may be busy.
	settleTime = 2*blockTime + 30*time.Millisecond
)

// OpenLive captures on interfaces, merged by packet time; AnyInterface, alone, is all there are. The filter runs in
// the kernel. It fails with a *CaptureError for each that cannot be captured on, or with a *FilterError.
func OpenLive(interfaces []string, l Live, c Config) (*Source, error) {
	if l.Snaplen <= 0 || l.Snaplen > maxRecord {
		l.Snaplen = DefaultSnaplen
	}
	if l.Ring <= 0 {
		l.Ring = DefaultRing
	}
	if l.File == "" {
		l.File = strings.Join(interfaces, ",")
	}
	if err := checkNames(c.Filter); err != nil {
		return nil, err
	}
	frames, err := openDevices(interfaces, l, c.Filter)
	if err != nil {
		return nil, err
	}
	return &Source{files: []string{l.File}, frames: frames, unshared: frames.unshared, decoder: NewDecoder(), config: c}, nil
}

// device is an interface, or several, opened for capture.
type device interface {
	// interfaces may be called while other goroutines are in read, where there are several readers.
	interfaces() []Interface
	close()
}

// reader reads a device, or its share of one.
type reader interface {
	// read sets all of f but File and Number to the next packet, whose bytes are valid until the next
	// call. It reports false where there is none yet: at once after another one, later when none came in blockTime.
	read(f *Frame) (bool, error)
	// silent reports whether all that has passed was read, as far as it can tell. It may be called while another goroutine
	// is in read.
	silent() bool
}

var errOneHandle = errors.New("libpcap has one of each interface")

// openHandles opens each interface with libpcap.
func openHandles(names []string, l Live, expr string) (*capture, error) {
	c := &capture{}
	if l.Rings > 1 {
		c.unshared = errOneHandle
	}
	var errs []error
	for i, name := range names {
		h, err := openHandle(name, l, expr)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		h.number = int32(i)
		c.devices, c.readers = append(c.devices, h), append(c.readers, h)
	}
	if len(errs) == 0 {
		return c, nil
	}
	for _, d := range c.devices {
		d.close()
	}
	for _, err := range errs {
		if _, ok := err.(*FilterError); ok {
			return nil, err // the others are the same
		}
	}
	return nil, errors.Join(errs...)
}

// lost says that an interface which is being captured on has gone, or gone down.
type lost struct {
	name string
	err  error
}

func (l *lost) Error() string { return l.name + ": " + l.err.Error() }

// ending is how a device ends that is lost: what had passed is there to be read for a while.
type ending struct {
	err   error // nil: it does not end
	since time.Time
}

// wait waits for what may still come, and returns the error once nothing can.
func (e *ending) wait() error {
	if time.Since(e.since) > settleTime {
		return e.err
	}
	time.Sleep(blockTime)
	return nil
}

// capture reads devices as one, by the time of their packets.
type capture struct {
	devices  []device
	readers  []reader
	unshared error    // why there are fewer of them than were asked for
	queues   []*queue // one for each reader, where there are several
	ready    chan struct{}
	timer    *time.Timer
	busy     bool // frames were taken out of queues since it was said that there is none
	frame    Frame
	packets  uint64
	idled    int64        // time of the packet before which there was a pause, ns
	held     bool         // frame was read, and a pause made before it is handed out
	stopped  atomic.Int64 // when, ns since 1970; 0: not yet
	err      error        // of readers that failed
	known    []Interface  // as it was at the end
}

func (c *capture) next() (*Frame, error) {
	if !c.held {
		var ok bool
		var err error
		if len(c.readers) == 1 {
			ok, err = c.read(c.readers[0], &c.frame)
		} else {
			ok, err = c.merge(&c.frame)
		}
		if err == io.EOF {
			return nil, c.end()
		}
		if err != nil {
			c.fail(err)
			return nil, c.end()
		}
		if !ok {
			return nil, nil
		}
		// Where there is always a packet to read, what came of the last ones has to get out all the same.
		if since := c.frame.Time - c.idled; since > int64(idleTime) || since < 0 {
			c.idled, c.held = c.frame.Time, true
			return nil, nil
		}
	}
	c.held = false
	c.packets++
	c.frame.Number = c.packets
	return &c.frame, nil
}

// read reads on until the capture is stopped, and then to what passed until that moment.
func (c *capture) read(r reader, f *Frame) (bool, error) {
	ok, err := r.read(f)
	if at := c.stopped.Load(); at != 0 && err == nil {
		// A reader's own packets come in order, but for those that two processors stamp.
		if ok && f.Time > at+int64(time.Millisecond) || !ok && time.Now().UnixNano() > at+int64(settleTime) {
			return false, io.EOF
		}
	}
	return ok, err
}

// fail notes why a reader has ended, which ends the capture.
func (c *capture) fail(err error) {
	if c.err == nil {
		e := &ReadError{Name: c.devices[0].interfaces()[0].Name, Packets: c.packets, Err: err}
		if l, ok := err.(*lost); ok {
			e.Name, e.Err = l.name, l.err
		}
		c.err = e
	}
	c.stop()
}

func (c *capture) stop()      { c.stopped.CompareAndSwap(0, time.Now().UnixNano()) }
func (c *capture) interrupt() { c.stop() }

func (c *capture) end() error {
	if c.err != nil {
		return c.err
	}
	return io.EOF
}

func (c *capture) interfaces() []Interface {
	if c.known != nil {
		return c.known
	}
	var all []Interface
	for _, d := range c.devices {
		all = append(all, d.interfaces()...)
	}
	return all
}

func (c *capture) of(f *Frame) Interface { return c.interfaces()[f.Interface] }

func (c *capture) bytes() (read, total int64) { return 0, 0 }
func (c *capture) piped() bool                { return true }
func (c *capture) alone() *input              { return nil }

func (c *capture) close() {
	if c.known != nil {
		return
	}
	c.stop()
	for _, q := range c.queues {
		q.abandon()
	}
	c.known = append([]Interface{}, c.interfaces()...)
	for _, d := range c.devices {
		d.close()
	}
}
