package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tcpwhy/pcaps/netlab"
)

// interfaceCommands capture on an interface until they are interrupted. The last is what the others are held against.
var interfaceCommands = []string{
	"tcpwhy -q -i v0",
	"tcpwhy flows -i v0",
	"tcpdump -i v0 -B 32768 -w /dev/null", // the buffer that tcpwhy has
}

// rates are tried in turn, in packets a second, until one is found at which nothing is lost; 0 is as many as can be sent.
var rates = []int{0, 1_500_000, 1_250_000, 1_000_000, 900_000, 800_000, 700_000, 600_000, 500_000, 400_000, 300_000, 200_000, 100_000}

// packetsSent at each rate take a second at the highest, twenty at the lowest.
const packetsSent = 2_000_000

// live is a capture that went well: nothing was lost.
type live struct {
	rate int // packets a second
	cpu  time.Duration
}

// wire is two hosts with an interface v0 between them. Each has a processor of its own, and goes before all else that runs there:
// else it would be measured how long the others keep it from reading.
type wire struct{ here, there *netlab.Namespace }

func newWire() (*wire, error) {
	w := &wire{}
	if os.Geteuid() != 0 {
		return nil, errors.New("needs root: to make network namespaces, and capture in them")
	}
	if runtime.NumCPU() < 2 {
		return nil, errors.New("needs two processors: one to send")
	}
	for processor, n := range []**netlab.Namespace{&w.there, &w.here} {
		var err error
		if *n, err = netlab.NewNamespace(); err != nil {
			return nil, err
		}
		(*n).Do(func() {
			var set unix.CPUSet
			set.Set(processor)
			realTime := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
			err = errors.Join(unix.SchedSetaffinity(0, &set), unix.SchedSetAttr(0, &realTime, 0))
		})
		if err != nil {
			return nil, err
		}
	}
	err := w.here.Join(w.there, "v0")
	return w, errors.Join(err, w.here.IP("link set v0 up"), w.there.IP("link set v0 up"))
}

// measureLive finds for each command the highest rate at which it loses nothing, all in turn, round after round.
func (m *measurement) measureLive(l *lab, to io.Writer) error {
	w, err := newWire()
	if err != nil {
		say("not run: %v", err)
		return nil
	}
	defer w.here.Close()
	defer w.there.Close()
	went := map[string][]live{}
	for round := range m.rounds {
		for _, line := range interfaceCommands {
			if err := l.lacks(line); err != nil {
				say("not run: %s: %v", line, err)
				continue
			}
			for _, rate := range rates {
				got, lost, err := w.capture(l, line, rate)
				if err != nil {
					return fmt.Errorf("%s: %w", line, err)
				}
				say("%d  %8d packets/s  %7d lost  %4d ns CPU a packet  %s", round+1, got.rate, lost, got.cpu.Nanoseconds()/packetsSent, line)
				if lost == 0 {
					went[line] = append(went[line], got)
					break
				}
			}
		}
	}
	fmt.Fprintf(to, "%s, %s. Median of %d, all commands in turn; %d packets of %d bytes of 10,000 flows each time, sent by one processor, captured by another.\n\n",
		time.Now().Format(time.DateOnly), machine(), m.rounds, packetsSent, len(frames{}[0]))
	fmt.Fprintf(to, "| command | packets a second without loss | in each round | CPU a packet |\n|---|--:|---|--:|\n")
	for _, line := range interfaceCommands {
		all := went[line]
		if len(all) == 0 {
			fmt.Fprintf(to, "| %s | not run | | |\n", code(line))
			continue
		}
		var each []string
		for _, of := range all {
			each = append(each, strconv.Itoa(of.rate))
		}
		slices.SortFunc(all, func(a, b live) int { return a.rate - b.rate })
		half := all[len(all)/2]
		fmt.Fprintf(to, "| %s | %d | %s | %d ns |\n", code(line), half.rate, strings.Join(each, ", "), half.cpu.Nanoseconds()/packetsSent)
	}
	return nil
}

// capture has a command capture what is sent at a rate, and counts what it has lost.
func (w *wire) capture(l *lab, line string, rate int) (got live, lost int, err error) {
	c := l.command(line)
	said := &listening{heard: make(chan struct{})}
	c.Stderr = said
	w.here.Do(func() { err = c.Start() })
	if err != nil {
		return got, 0, err
	}
	select {
	case <-said.heard:
	case <-time.After(5 * time.Second):
		c.Process.Kill()
		return got, 0, errors.Join(errors.New("does not listen"), c.Wait())
	}
	var took time.Duration
	w.there.Do(func() { took, err = send("v0", packetsSent, rate) })
	time.Sleep(1200 * time.Millisecond) // for so long tcpdump leaves the last of them with the kernel
	if err := errors.Join(err, c.Process.Signal(os.Interrupt), c.Wait()); err != nil {
		return got, 0, err
	}
	captured, dropped := counted(said.text, "read|captured"), counted(said.text, "dropped by kernel")
	if captured < 0 || dropped < 0 {
		return got, 0, fmt.Errorf("does not tell what it lost: %s", said.text)
	}
	got = live{int(packetsSent / took.Seconds()), c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	return got, max(packetsSent-captured, dropped), nil
}

// counted is a number of packets in what a command said, -1: none.
func counted(said []byte, what string) int {
	m := regexp.MustCompile(`(\d+) packets? (?:` + what + `)`).FindSubmatch(said)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// listening is what a command says on standard error; heard is closed when it captures.
type listening struct {
	text  []byte
	heard chan struct{}
}

func (s *listening) Write(b []byte) (int, error) {
	before := strings.Contains(string(s.text), "listening on")
	s.text = append(s.text, b...)
	if !before && strings.Contains(string(s.text), "listening on") {
		close(s.heard)
	}
	return len(b), nil
}

// frames are sent together.
type frames [64][96]byte

func newFrames() (all frames) {
	for i := range all {
		f := all[i][:]
		copy(f, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00\x45\x00\x00\x52")
		f[22], f[23] = 64, unix.IPPROTO_TCP
		copy(f[26:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
		f[37], f[46], f[47] = 80, 5<<4, 0x10
	}
	return all
}

// send sends so many ACKs in mid-connection, of 10,000 flows in turn, at a rate, and returns how long that took.
func send(name string, packets, rate int) (time.Duration, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err == nil {
		err = errors.Join(unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: int(ifr.Uint32())}),
			unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1))
	}
	if err != nil {
		return 0, err
	}
	out := newFrames()
	var vectors [len(out)]unix.Iovec
	var messages [len(out)]struct {
		unix.Msghdr
		sent uint32
	}
	for i := range out {
		vectors[i].Base = &out[i][0]
		vectors[i].SetLen(len(out[i]))
		messages[i].Iov = &vectors[i]
		messages[i].SetIovlen(1)
	}
	began := time.Now()
	for sent := 0; sent < packets; {
		n := min(len(out), packets-sent)
		for i := range n {
			f, number := out[i][:], sent+i
			binary.BigEndian.PutUint16(f[18:], uint16(number))
			binary.BigEndian.PutUint16(f[34:], uint16(10_000+number%10_000))
			binary.BigEndian.PutUint32(f[38:], uint32(number/10_000))
		}
		done, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&messages[0])), uintptr(n), 0, 0, 0)
		if errno != 0 && errno != unix.ENOBUFS && errno != unix.EINTR {
			return 0, errno
		}
		if errno == 0 {
			sent += int(done)
		}
		for rate > 0 && time.Since(began) < time.Duration(sent)*time.Second/time.Duration(rate) {
		}
	}
	return time.Since(began), nil
}
