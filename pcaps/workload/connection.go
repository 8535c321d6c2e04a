package workload

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// connection plays one connection. A packet that it sends passes now; what answers it passes a turn later.
type connection struct {
	workload *Workload
	random   *rand.Rand
	now      int64
	ends     [2]end
	kind     *kind
	plan     Plan
	planned  func(*Plan)
	out      packet
	yield    func(*packet) bool
	stopped  bool
}

const (
	client = 0
	server = 1
)

type end struct {
	addr  netip.AddrPort
	next  flows.Seq // that it sends
	got   flows.Seq // that it acknowledges
	turn  time.Duration
	id    uint16
	ttl   uint8
	clock uint32 // of its time stamps at the beginning, ms
	heard uint32 // the last time stamp that came
}

// packets are those of the i-th connection of a workload.
func (c *connection) packets(i int) stream {
	return func(yield func(*packet) bool) {
		c.yield = yield
		c.ends[client] = c.end(clientAddr(i), 64)
		c.ends[server] = c.end(serverAddr(c.random.IntN(servers), c.ends[client].addr.Addr().Is6()), 64)
		c.begin(c.choose())
		c.kind.play(c)
		c.tell()
	}
}

func (c *connection) end(at netip.AddrPort, ttl int) end {
	return end{
		addr: at, next: flows.Seq(c.random.Uint32()), id: uint16(c.random.Uint32()), clock: c.random.Uint32(),
		ttl: uint8(ttl - c.random.IntN(20)), turn: c.between(100*time.Microsecond, 40*time.Millisecond),
	}
}

// Clients are as many as hosts are on one side of a busy link; their addresses are spread over the whole
// Internet. Each has its ports in turn, from one of its own, so that no two connections have the same four-tuple by
// chance.
const (
	clients   = 50_000
	servers   = 200
	firstPort = 32768
	ports     = 60999 - firstPort + 1
)

func clientAddr(i int) netip.AddrPort {
	host := uint32(i % clients)
	port := uint16(firstPort + (i/clients+int(host)*7919)%ports)
	if host%10 == 9 {
		return netip.AddrPortFrom(addr6(host), port)
	}
	return netip.AddrPortFrom(addr4(host), port)
}

// addr4 is an address between 16.0.0.0 and 79.255.255.255: another one for each number below 2^30.
func addr4(n uint32) netip.Addr {
	n = 16<<24 + n*2_654_435_761&(1<<30-1)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func addr6(n uint32) netip.Addr {
	n *= 2_654_435_761
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 15: 1})
}

func serverAddr(n int, is6 bool) netip.AddrPort {
	port := [...]uint16{443, 8443, 9443}[n%3]
	if is6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0xff, 15: byte(n)}), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), port)
}

// between is a random time, short ones more often than long ones.
func (c *connection) between(least, most time.Duration) time.Duration {
	f := c.random.Float64()
	return least + time.Duration(f*f*f*float64(most-least))
}

// chance is true as many times in a thousand.
func (c *connection) chance(perMille int) bool { return c.random.IntN(1000) < perMille }

func (c *connection) begin(k *kind) {
	c.kind = k
	c.plan = Plan{Kind: k.name, Client: c.ends[client].addr.String(), Server: c.ends[server].addr.String()}
	c.plan.Opening.Outcome, c.plan.Closing.Outcome = k.opening.String(), k.closing.String()
}

func (c *connection) tell() {
	if c.planned != nil {
		c.planned(&c.plan)
	}
}

func (c *connection) wait(d time.Duration) { c.now += int64(d) }

// turn waits until an end's answer to what has just passed passes.
func (c *connection) turn(side int) { c.wait(c.ends[side].turn) }

// send has a segment pass, and arrive.
func (c *connection) send(from int, flags flows.Flags, length int) {
	c.lose(from, flags, length)
	c.arrive(from)
}

// lose has a segment pass that does not arrive, at least not yet.
func (c *connection) lose(from int, flags flows.Flags, length int) {
	c.pass(from, c.ends[from].next, flags, length)
	c.ends[from].next = c.out.end()
}

// arrive lets everything arrive that an end has sent.
func (c *connection) arrive(from int) {
	c.ends[1-from].got, c.ends[1-from].heard = c.ends[from].next, c.out.tsval
}

// again has a segment pass that has passed before.
func (c *connection) again(from int, seq flows.Seq, flags flows.Flags, length int) {
	sent := &c.plan.Retransmissions.Client
	if from == server {
		sent = &c.plan.Retransmissions.Server
	}
	switch {
	case flags.Any(flows.FIN):
		sent.FIN++
	case length > 0:
		sent.Data++
	}
	c.pass(from, seq, flags, length)
}

// pass has a segment of any number pass.
func (c *connection) pass(from int, seq flows.Seq, flags flows.Flags, length int) {
	e := &c.ends[from]
	e.id++
	c.out = packet{at: c.now, from: e.addr, to: c.ends[1-from].addr, seq: seq, flags: flags, length: length,
		id: e.id, ttl: e.ttl, tsval: e.clock + uint32((c.now-start)/int64(time.Millisecond)), tsecr: e.heard}
	if flags.Any(flows.ACK) {
		c.out.ack = e.got
	}
	c.plan.count(&c.out, from)
	if !c.stopped {
		c.stopped = !c.yield(&c.out)
	}
}

func (c *connection) open() {
	isn := c.ends[client].next
	c.lose(client, flows.SYN, 0)
	if c.chance(10) {
		c.wait(time.Second)
		c.again(client, isn, flows.SYN, 0)
	}
	c.arrive(client)
	c.turn(server)
	c.send(server, flows.SYN|flows.ACK, 0)
	c.turn(client)
	c.send(client, flows.ACK, 0)
	c.plan.Opening.Connect = c.plan.Last.Sub(c.plan.First)
}

// talk is one to three requests, and their answers.
func (c *connection) talk() {
	for range 1 + c.random.IntN(3) - c.random.IntN(2) {
		c.wait(c.between(0, 4*time.Second))
		c.transfer(client, 1)
		c.turn(server)
		c.transfer(server, c.workload.Response+c.random.IntN(c.workload.Response+1))
	}
}

// transfer is so many segments of data, with an ACK of every second and of the last, unless the
// other end's own data is to carry that. One segment in a hundred is lost, and one comes early.
func (c *connection) transfer(from, segments int) {
	const data = flows.PSH | flows.ACK
	e := &c.ends[from]
	for i := 1; i <= segments; i++ {
		c.wait(c.between(10*time.Microsecond, 200*time.Microsecond))
		length := maxSegment
		if i == segments {
			length = 100 + c.random.IntN(700)
		}
		seq := e.next
		switch {
		case c.chance(10):
			c.lose(from, data, length)
			c.wait(220*time.Millisecond + e.turn)
			c.again(from, seq, data, length)
		case c.chance(10) && i+1 < segments:
			c.pass(from, seq+maxSegment, data, length)
			c.wait(20 * time.Microsecond)
			c.pass(from, seq, data, length)
			e.next += 2 * maxSegment
			i++
		default:
			c.lose(from, data, length)
		}
		c.arrive(from)
		if from == server && (i%2 == 0 || i == segments) {
			c.turn(client)
			c.send(client, flows.ACK, 0)
		}
	}
}

// fin sends a FIN, after whatever came before it.
func (c *connection) fin(from int) {
	c.turn(from)
	if c.plan.Closing.First == "" {
		c.plan.Closing.First = [...]flows.Closer{flows.ByClient, flows.ByServer}[from].String()
	}
	c.send(from, flows.FIN|flows.ACK, 0)
}

// close is orderly, in three packets or in four.
func (c *connection) close() {
	first := c.random.IntN(2)
	c.fin(first)
	if c.chance(500) {
		c.turn(1 - first)
		c.send(1-first, flows.ACK, 0)
	}
	c.fin(1 - first)
	c.turn(first)
	c.send(first, flows.ACK, 0)
}

func (c *connection) reset(from int, flags flows.Flags) {
	c.turn(from)
	c.plan.Closing.ResetBy = [...]flows.Closer{flows.ByClient, flows.ByServer}[from].String()
	c.send(from, flows.RST|flags, 0)
}
