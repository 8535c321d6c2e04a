package netlab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// RecordPackets is a Record that has nothing of the analyzer's in it: a plain AF_PACKET socket, or tcpdump.
func RecordPackets(s *Scenario, _ Side) (Recording, error) {
	if s.Recorder == Any {
		return startTcpdump()
	}
	c, err := startCapture(s.device())
	if err != nil {
		return nil, err
	}
	return &interfaceRecording{s.Recorder, c}, nil
}

// device is the interface that a capture is made on.
func (s *Scenario) device() string {
	switch {
	case s.Recorder == Any:
		return "any"
	case s.Net == Loopback:
		return "lo"
	}
	return "eth0"
}

// interfaceRecording writes what passed one interface.
type interfaceRecording struct {
	kind Recorder
	*capture
}

func (r *interfaceRecording) Stop() ([]byte, error) {
	if err := r.end(); err != nil || len(r.frames) == 0 {
		return nil, err
	}
	return pcap(r.kind.apply(r.frames)), nil
}

// apply makes of frames as a host has them what the recorder would have got of them.
func (k Recorder) apply(frames []captured) (all []captured) {
	for _, f := range frames {
		if k == Trunk {
			f.frame = tagged(f.frame, 42)
		}
		all = append(all, f)
		if k == Mirror {
			f.time = f.time.Add(2 * time.Microsecond)
			all = append(all, f)
		}
	}
	return all
}

// tagged is the frame with an 802.1Q tag.
func tagged(frame []byte, vlan uint16) []byte {
	b := append([]byte(nil), frame[:12]...)
	b = append(b, 0x81, 0x00, byte(vlan>>8), byte(vlan))
	return append(b, frame[12:]...)
}

// tcpdump is a Recording of all interfaces of a namespace.
type tcpdump struct {
	file string
	cmd  *exec.Cmd
	last string // line that it said
	said chan struct{}
}

func startTcpdump() (*tcpdump, error) {
	f, err := os.CreateTemp("", "netlab-*.pcap")
	if err != nil {
		return nil, err
	}
	f.Close()
	t := &tcpdump{file: f.Name(), said: make(chan struct{})}
	t.cmd = exec.Command("tcpdump", "-i", "any", "-Z", "root", "--immediate-mode", "-U", "-s", "4096", // a full-sized snaplen leaves room for eight packets
		"--time-stamp-precision=nano", "-w", t.file, "tcp")
	stderr, err := t.cmd.StderrPipe()
	if err == nil {
		err = t.cmd.Start()
	}
	if err != nil {
		os.Remove(t.file)
		return nil, err
	}
	said := ""
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = lines.Text()
		if strings.Contains(said, "listening on") {
			go func() {
				for lines.Scan() {
					t.last = lines.Text()
				}
				close(t.said)
			}()
			return t, nil
		}
	}
	os.Remove(t.file)
	return nil, fmt.Errorf("tcpdump: %v: %s", t.cmd.Wait(), said)
}

func (t *tcpdump) Stop() ([]byte, error) {
	defer os.Remove(t.file)
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil {
		return nil, err
	}
	<-t.said
	if err := t.cmd.Wait(); err != nil {
		return nil, fmt.Errorf("tcpdump: %w", err)
	}
	if t.last != "0 packets dropped by kernel" {
		return nil, fmt.Errorf("tcpdump: %s", t.last)
	}
	return os.ReadFile(t.file)
}
