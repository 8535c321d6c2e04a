//go:build cgo

package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tcpwhy/pcaps/netlab"
)

var soak = flag.Duration("soak", 30*time.Second, "how long TestSoak captures; from 5m on, memory has to stop growing")

// TestSoak: connections come and go, a flood of SYNs of forged senders runs beside, interfaces go down, away, and come
// back; -i any counts what was sent, to the packet, and its memory is that of the flows that are not over. So it is with one
// worker, and with two, that have a ring each.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ", *soak)
	}
	t.Parallel()
	l := newLab(t)
	port, err := l.there.Open("v0")
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	listener, err := func() (n net.Listener, err error) {
		l.here.Do(func() { n, err = net.Listen("tcp4", "192.0.2.1:0") })
		return
	}()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	l.churn(listener.Addr().String()) // so that the neighbours know each other
	l.arrived(0)
	before := l.count(l.here, "Tcp", "InSegs", "OutSegs")
	var captures []*soaked
	for _, workers := range []string{"1", "2"} {
		p := l.command("flows", "-i", "any", "-o", "csv", "--workers", workers, "tcp")
		p.Stdout = nil
		p.begin()
		p.await("listening on")
		captures = append(captures, &soaked{program: p, workers: workers})
	}

	const rate = 1000 // SYNs a second
	flood, connections, flaps := 0, 0, 0
	began := time.Now()
	for round := 0; time.Since(began) < *soak; round++ {
		for range rate / 10 {
			if err := port.Send(forged(flood)); err != nil {
				t.Fatal(err)
			}
			flood++
		}
		for range 5 {
			l.churn(listener.Addr().String())
			connections++
		}
		if round%20 == 10 {
			l.arrived(flood) // what still waits at an interface that goes down is lost
			l.ip(l.here, "link add d0 type veth peer name d1", "link set d0 up", "link set v0 down")
			l.ip(l.here, "link set v0 up", "link del d0")
			flaps++
			l.churn(listener.Addr().String()) // again until it is through
			connections++
		}
		if round%10 == 0 {
			for _, c := range captures {
				c.memory = append(c.memory, resident(t, c.Process.Pid))
			}
		}
		time.Sleep(time.Until(began.Add(time.Duration(round+1) * 100 * time.Millisecond)))
	}
	l.arrived(flood)
	sent := flood + l.count(l.here, "Tcp", "InSegs", "OutSegs") - before
	t.Logf("%v: %d segments, of them %d forged SYNs, %d connections, %d flaps", *soak, sent, flood, connections, flaps)
	for _, c := range captures {
		memory, last := c.memory, resident(t, c.Process.Pid)
		_, said := c.interrupt()
		read, lost := number(t, said, "packets? read"), number(t, said, "packets? dropped by kernel")
		if read+lost != sent || lost > 0 {
			t.Errorf("--workers %s: %d segments were sent; said %s", c.workers, sent, said)
		}
		if flows := number(t, said, "flows"); flows != flood+connections {
			t.Errorf("--workers %s: %d SYNs and %d connections; said %s", c.workers, flood, connections, said)
		}
		t.Logf("--workers %s: %d MB of memory after 1 s, %d MB at the end", c.workers, memory[1]>>10, last>>10)
		// A SYN without an answer is over 180 s later.
		open := min(flood, 190*rate) + min(connections, 70*60)
		if grown := last - memory[1]; grown > 8<<10+open {
			t.Errorf("--workers %s: %d kB more memory for %d flows that are not over", c.workers, grown, open)
		}
		if n := len(memory); n >= 300 && last > memory[210]*5/4 {
			t.Errorf("--workers %s: memory grows: %d MB after 210 s, %d MB after %d s", c.workers, memory[210]>>10, last>>10, n)
		}
	}
}

// soaked is a capture that goes on.
type soaked struct {
	*program
	workers string
	memory  []int // kB, one a second
}

// forged is the SYN number n of a flood, each of another sender. It is sent to all hosts of the link: this host's IP counts it, its TCP
// takes no broadcast, and none is answered.
func forged(n int) []byte {
	b := make([]byte, 14+20+20)
	copy(b, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x66\x08\x00\x45\x00\x00\x28")
	ip, tcp := b[14:34], b[34:]
	ip[8], ip[9] = 64, 6
	binary.BigEndian.PutUint32(ip[12:], 198<<24|18<<16+uint32(n)%(1<<17))
	copy(ip[16:], []byte{192, 0, 2, 1})
	binary.BigEndian.PutUint16(tcp, uint16(1024+n>>17))
	binary.BigEndian.PutUint16(tcp[2:], 443)
	binary.BigEndian.PutUint32(tcp[4:], uint32(n)*2654435761)
	tcp[12], tcp[13] = 5<<4, 2
	return b
}

// churn makes a connection from there to here, from its SYN to the last ACK.
func (l *lab) churn(address string) {
	l.Helper()
	var err error
	l.there.Do(func() {
		var c net.Conn
		if c, err = net.DialTimeout("tcp4", address, 10*time.Second); err != nil {
			return
		}
		if _, err = c.Write(make([]byte, 100)); err == nil {
			c.(*net.TCPConn).CloseWrite()
			_, err = io.ReadAll(c)
		}
		c.Close()
	})
	if err != nil {
		l.Fatal(err)
	}
}

// arrived waits until all that was sent from there has come to this host's kernel, the forged SYNs, too.
func (l *lab) arrived(forged int) {
	l.Helper()
	var sent, come int
	for range 1000 {
		sent, come = forged+l.count(l.there, "Tcp", "OutSegs"), l.count(l.here, "Ip", "InReceives")
		if come == sent {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.Fatalf("%d segments were sent, %d packets have come", sent, come)
}

// count is the sum of some counters of a host's kernel (/proc/net/snmp), of one protocol.
func (l *lab) count(n *netlab.Namespace, protocol string, counters ...string) (sum int) {
	l.Helper()
	var b []byte
	var err error
	n.Do(func() { b, err = os.ReadFile("/proc/thread-self/net/snmp") })
	if err != nil {
		l.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch {
		case f[0] != protocol+":":
		case names == nil:
			names = f
		default:
			for i, name := range names {
				if slices.Contains(counters, name) {
					n, _ := strconv.Atoi(f[i])
					sum += n
				}
			}
		}
	}
	return sum
}

// resident is how much memory a process has, in kB.
func resident(t *testing.T, pid int) (n int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, b, _ = bytes.Cut(b, []byte("VmRSS:"))
	fmt.Sscan(string(b), &n)
	return n
}
