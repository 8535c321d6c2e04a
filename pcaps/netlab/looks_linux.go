package netlab

import (
	"net/netip"
	"sync"
	"time"
)

// looks are what sock_diag showed of the scenario's sockets: each four-tuple that a segment was seen
// on is looked up on either host whenever something may have changed.
type looks struct {
	lab *Lab

	mu      sync.Mutex
	tuples  []tuple
	last    map[tuple]look
	records []record
	err     error
	stop    chan struct{}
	wg      sync.WaitGroup
}

// tuple is one host's view of a connection.
type tuple struct {
	host          Side
	local, remote netip.AddrPort
}

// Time-wait and request sockets end by timers too, at which no frame is delivered.
const lookEvery = 20 * time.Millisecond

// More connections than that are not followed.
const maxTuples = 64

func startLooks(lab *Lab) *looks {
	l := &looks{lab: lab, last: map[tuple]look{}, stop: make(chan struct{})}
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
				l.look(Client, netip.AddrPort{}, netip.AddrPort{})
				l.look(Server, netip.AddrPort{}, netip.AddrPort{})
			}
		}
	}()
	return l
}

// follow adds a connection, as the client sees it.
func (l *looks) follow(client, server netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.last[tupleOf(Client, client, server)]; ok || len(l.tuples) >= 2*maxTuples {
		return
	}
	for _, host := range []Side{Client, Server} {
		t := tupleOf(host, client, server)
		l.tuples = append(l.tuples, t)
		l.last[t] = look{}
	}
}

func tupleOf(host Side, client, server netip.AddrPort) tuple {
	if host == Client {
		return tuple{Client, client, server}
	}
	return tuple{Server, server, client}
}

// around looks before and after f, which delivers a frame to a host. Client and server are those of
// the frame's segment; where it holds none, all are looked at.
func (l *looks) around(host Side, client, server netip.AddrPort, f func() error) {
	l.look(host, client, server)
	err := f()
	l.look(host, client, server)
	if err != nil {
		l.lab.Wire.fail(err)
	}
}

func (l *looks) look(host Side, client, server netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tuples {
		if t.host != host || client.IsValid() && t != tupleOf(host, client, server) {
			continue
		}
		now, err := l.lab.Hosts[host].diag.find(t.local, t.remote)
		if err != nil {
			l.err = err
			return
		}
		now.at = time.Now().UTC()
		before := l.last[t]
		l.last[t] = now
		if now.kind == before.kind && now.state == before.state {
			continue
		}
		if before.timer != 0 {
			before.timer -= now.at.Sub(before.at)
		}
		l.records = append(l.records, record{
			what: looked, time: now.at, local: t.local, remote: t.remote, look: now, before: before,
		})
	}
}

// state looks at one socket now. It is "" where there is none.
func (l *looks) state(t tuple) (string, error) {
	if t.host == Client {
		l.look(t.host, t.local, t.remote)
	} else {
		l.look(t.host, t.remote, t.local)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[t].state, l.err
}

// end stops looking, and returns what was seen.
func (l *looks) end() ([]record, error) {
	close(l.stop)
	l.wg.Wait()
	l.look(Client, netip.AddrPort{}, netip.AddrPort{})
	l.look(Server, netip.AddrPort{}, netip.AddrPort{})
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records, l.err
}
