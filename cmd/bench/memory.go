package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"runtime/metrics"
	"time"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
	"tcpwhy/pcaps/workload"
)

// chase loads one line of a record after the other, in an order that depends on what is in them: as many steps as
// that take as long as the memory's latency, and the work of an index, each.
func chase(records, steps int) byte {
	const size = 160
	memory := make([]byte, records*size)
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1 // so that it is there
	}
	at, found := uint64(1), byte(0)
	for range steps {
		at = at*6364136223846793005 + 1442695040888963407 + uint64(found)
		line, _ := bits.Mul64(at, uint64(records))
		found = memory[line*size]
	}
	return found
}

// pauses follows a workload, and times each batch of segments.
type pauses struct {
	decoder *pcaps.Decoder
	tracker *flows.Lanes
	segment flows.Segment
	flow    flows.Flow
	n       int
	batch   time.Duration
	work    time.Duration

	Longest time.Duration
	Work    time.Duration // longest of a batch that the processor was at it: not what it did for others in between
	GC      time.Duration // longest that a collection stopped everything, which is in Longest, too
	Batches [40]int       // by their times: the i-th took less than 2^i us
}

const batchSize = 512

func (p *pauses) Write(f *pcaps.Frame) error {
	p.decoder.Decode(f, &p.segment)
	if p.n%batchSize == 0 {
		p.work = threadTime()
	}
	began := time.Now()
	p.tracker.Observe(&p.segment)
	for p.tracker.Finished(&p.flow) {
	}
	p.batch += time.Since(began)
	if p.n++; p.n%batchSize == 0 {
		p.Batches[bits.Len64(uint64(p.batch.Microseconds()))]++
		p.Longest = max(p.Longest, p.batch)
		p.Work = max(p.Work, min(p.batch, threadTime()-p.work))
		p.batch = 0
	}
	return nil
}

func (p *pauses) Size() int64  { return 0 }
func (p *pauses) Flush() error { return nil }
func (p *pauses) Close() error { return nil }

// findPauses writes the pauses of a workload as JSON.
func findPauses(w workload.Workload, to io.Writer) error {
	p := pauses{decoder: pcaps.NewDecoder(), tracker: flows.NewLanes(flows.Config{Events: true, Transitions: true})}
	runtime.LockOSThread() // which threadTime is of
	if err := w.Write(&p, nil); err != nil {
		return err
	}
	p.GC = longestStop()
	return json.NewEncoder(to).Encode(&p)
}

// longestStop is how long a collection of garbage has stopped all goroutines at the most, as finely as the runtime counts it.
func longestStop() time.Duration {
	read := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(read)
	h := read[0].Value.Float64Histogram()
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > 0 {
			return time.Duration(h.Buckets[i+1] * float64(time.Second))
		}
	}
	return 0
}

// String is a table of the histogram.
func (p *pauses) String() string {
	s := "| a batch took less than | batches |\n|--:|--:|\n"
	for i, n := range p.Batches {
		if n > 0 {
			s += fmt.Sprintf("| %v | %d |\n", time.Microsecond<<i, n)
		}
	}
	return s
}
