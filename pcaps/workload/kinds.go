package workload

import (
	"time"

	"tcpwhy/flows"
)

// kind is a way that connections go.
type kind struct {
	name     string
	perMille int // of the connections
	opening  flows.OpeningOutcome
	closing  flows.ClosingOutcome
	play     func(*connection)
}

// What absence shows is told by repeats, which real hosts send too, or lasts longer than it takes to be told.
var kinds = [...]kind{
	{"orderly", 805, flows.OpeningComplete, flows.ClosingOrderly, (*connection).orderly},
	{"simultaneous-close", 10, flows.OpeningComplete, flows.ClosingOrderly, (*connection).simultaneousClose},
	{"tuple-reused", 5, flows.OpeningComplete, flows.ClosingOrderly, (*connection).reused},
	{"half-closed", 10, flows.OpeningComplete, flows.ClosingHalfClosed, (*connection).halfClosed},
	{"never-closed", 30, flows.OpeningComplete, flows.ClosingOpen, (*connection).neverClosed},
	{"missing-final-ack", 10, flows.OpeningComplete, flows.ClosingMissingFinalACK, (*connection).missingFinalACK},
	{"reset", 40, flows.OpeningComplete, flows.ClosingReset, (*connection).aborted},
	{"rst-after-fin", 20, flows.OpeningComplete, flows.ClosingRSTAfterFIN, (*connection).resetAfterFIN},
	{"rst-after-close", 10, flows.OpeningComplete, flows.ClosingRSTAfterFIN, (*connection).resetAfterClose},
	{"half-open", 20, flows.OpeningHalfOpen, flows.ClosingNever, (*connection).halfOpen},
	{"refused", 20, flows.OpeningRefused, flows.ClosingNever, (*connection).refused},
	{"unanswered", 20, flows.OpeningUnanswered, flows.ClosingNever, (*connection).unanswered},
}

var bulk = kind{"bulk", 0, flows.OpeningComplete, flows.ClosingOrderly, (*connection).bulk}

// choose is the kind of a connection.
func (c *connection) choose() *kind {
	if c.workload.Bulk > 0 {
		return &bulk
	}
	n := c.random.IntN(1000)
	i := 0
	for ; n >= kinds[i].perMille; i++ {
		n -= kinds[i].perMille
	}
	return &kinds[i]
}

func (c *connection) orderly() {
	c.open()
	c.talk()
	c.close()
}

func (c *connection) neverClosed() {
	c.open()
	c.talk()
}

// reused is two connections on one four-tuple: RFC 9293 §3.6.1 allows it where the second has a larger ISN.
func (c *connection) reused() {
	c.orderly()
	c.tell()
	c.wait(2 * time.Second)
	for i := range c.ends {
		c.ends[i].next += 1 << 20
		c.ends[i].got, c.ends[i].heard = 0, 0
	}
	c.begin(c.kind)
	c.orderly()
}

// simultaneousClose has the FINs cross: neither acknowledges the other.
func (c *connection) simultaneousClose() {
	c.open()
	c.talk()
	c.wait(time.Second)
	c.lose(client, flows.FIN|flows.ACK, 0)
	c.wait(c.ends[server].turn / 2)
	c.lose(server, flows.FIN|flows.ACK, 0)
	c.plan.Closing.First = flows.ByBoth.String()
	c.arrive(client)
	c.arrive(server)
	c.wait(c.ends[server].turn / 2)
	c.send(server, flows.ACK, 0)
	c.turn(client)
	c.send(client, flows.ACK, 0)
}

// halfClosed goes on for longer than the minute after which that is worth a word.
func (c *connection) halfClosed() {
	c.open()
	c.talk()
	c.fin(client)
	c.turn(server)
	c.send(server, flows.ACK, 0)
	for range 4 {
		c.wait(15500 * time.Millisecond)
		c.transfer(server, 1)
	}
}

func (c *connection) missingFinalACK() {
	c.open()
	c.talk()
	c.fin(client)
	seq := c.ends[server].next
	c.fin(server)
	for try := range 3 {
		c.wait(300 * time.Millisecond << try)
		c.again(server, seq, flows.FIN|flows.ACK, 0)
	}
}

func (c *connection) aborted() {
	c.open()
	c.talk()
	c.reset(c.random.IntN(2), flows.ACK)
}

// resetAfterFIN is a client that has closed, and gets data then.
func (c *connection) resetAfterFIN() {
	c.open()
	c.talk()
	c.fin(client)
	c.turn(server)
	c.send(server, flows.PSH|flows.ACK, maxSegment)
	c.reset(client, 0)
}

func (c *connection) resetAfterClose() {
	c.orderly()
	c.reset(client, flows.ACK)
}

func (c *connection) halfOpen() {
	c.send(client, flows.SYN, 0)
	c.turn(server)
	isn := c.ends[server].next
	c.send(server, flows.SYN|flows.ACK, 0)
	for try := range 3 {
		c.wait(time.Second << try)
		c.again(server, isn, flows.SYN|flows.ACK, 0)
	}
}

// refused is answered as RFC 9293 §3.10.7.1 has it: with the number 0.
func (c *connection) refused() {
	c.send(client, flows.SYN, 0)
	c.turn(server)
	c.pass(server, 0, flows.RST|flows.ACK, 0)
}

func (c *connection) unanswered() {
	isn := c.ends[client].next
	c.lose(client, flows.SYN, 0)
	for try := range 3 {
		c.wait(time.Second << try)
		c.again(client, isn, flows.SYN, 0)
	}
}

func (c *connection) bulk() {
	const others = 3 + 1 + 4 // to open, to ask, and to close
	c.open()
	c.turn(client)
	c.send(client, flows.PSH|flows.ACK, 100)
	c.turn(server)
	for i := range c.workload.Bulk - others {
		c.wait(time.Duration(1+c.random.IntN(20)) * time.Microsecond)
		if i%3 == 2 {
			c.send(client, flows.ACK, 0)
		} else {
			c.send(server, flows.ACK, maxSegment)
		}
	}
	c.close()
}
