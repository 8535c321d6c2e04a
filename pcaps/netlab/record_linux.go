package netlab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// recorder makes the capture file of one side.
type recorder interface {
	stop() ([]byte, error) // the file; nil if nothing passed
}

func (l *Lab) record(s *Scenario) (map[Side]recorder, error) {
	recorders := map[Side]recorder{}
	for side, h := range l.Hosts {
		if side == int(Server) && s.Net == Loopback {
			break
		}
		var err error
		h.Do(func() { recorders[Side(side)], err = l.recorder(s) })
		if err != nil {
			return nil, err
		}
	}
	return recorders, nil
}

// recorder starts one in the namespace of the calling thread.
func (l *Lab) recorder(s *Scenario) (recorder, error) {
	if s.Recorder == Any {
		return startTcpdump()
	}
	name := "eth0"
	if s.Net == Loopback {
		name = "lo"
	}
	c, err := startCapture(name)
	if err != nil {
		return nil, err
	}
	return &interfaceRecorder{l, s.Recorder, c}, nil
}

// interfaceRecorder writes what passed one interface.
type interfaceRecorder struct {
	lab  *Lab
	kind Recorder
	*capture
}

func (r *interfaceRecorder) stop() ([]byte, error) {
	if err := r.end(); err != nil {
		return nil, err
	}
	var frames []captured
	for _, f := range r.frames {
		if f.time.Before(r.lab.from) {
			continue
		}
		if r.kind == Trunk {
			f.frame = tagged(f.frame, 42)
		}
		frames = append(frames, f)
		if r.kind == Mirror {
			f.time = f.time.Add(2 * time.Microsecond)
			frames = append(frames, f)
		}
	}
	if len(frames) == 0 {
		return nil, nil
	}
	return pcap(frames), nil
}

// tagged is the frame with an 802.1Q tag.
func tagged(frame []byte, vlan uint16) []byte {
	b := append([]byte(nil), frame[:12]...)
	b = append(b, 0x81, 0x00, byte(vlan>>8), byte(vlan))
	return append(b, frame[12:]...)
}

// tcpdump is a recorder of all interfaces of a namespace.
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

func (t *tcpdump) stop() ([]byte, error) {
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
