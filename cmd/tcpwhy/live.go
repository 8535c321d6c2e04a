package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// capturing is how interfaces are captured on.
type capturing struct {
	interfaces []string
	backend    pcaps.Backend
	snaplen    int
	ring       int // KiB
	modest     bool
	duration   time.Duration
	user       string
}

func (l *capturing) flags(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&l.interfaces, "interface", "i", nil, "capture on `IFACE`, or on any; arguments are then a filter (repeatable)")
	fs.Var(&oneValue[pcaps.Backend]{&l.backend, pcaps.ParseBackend, ""}, "capture", "capture through `WAY`: pcap (libpcap) or afpacket (Linux's AF_PACKET, the default there)")
	fs.VarP(aNumber(&l.snaplen, pcaps.DefaultSnaplen, 0, math.MaxInt32), "snapshot-length", "s", "capture `LEN` bytes of a packet, 0: all; packets of files are as long as they are")
	fs.VarP(aNumber(&l.ring, pcaps.DefaultRing>>10, 1, math.MaxInt32>>10), "buffer-size", "B", "`KIB` of the kernel's buffer for an interface")
	fs.BoolVarP(&l.modest, "no-promiscuous-mode", "p", false, "capture only what the interface takes anyway")
	fs.Var(aTime(&l.duration, 0, time.Microsecond), "duration", "capture for this `TIME`, then end as after an interrupt")
	fs.VarP(aName(&l.user, "user"), "relinquish-privileges", "Z", "as root: become `USER` once interfaces and files are open, before anything is written: USER has to be allowed to make the files of -w and others")
}

func (l *capturing) on() bool { return len(l.interfaces) > 0 }

func (l *capturing) check() error {
	if l.user != "" {
		if err := mayBecome(l.user); err != nil {
			return err
		}
	}
	for i, name := range l.interfaces {
		if name == "" {
			return usage("-i: it names no interface")
		}
		if slices.Contains(l.interfaces[:i], name) {
			return usage("-i %s: once is enough", report.Plain(name))
		}
	}
	if slices.Contains(l.interfaces, pcaps.AnyInterface) && len(l.interfaces) > 1 {
		return usage("-i any is all interfaces: it goes with no other")
	}
	return nil
}

// open begins to capture, with so many workers.
func (l *capturing) open(c *cobra.Command, file string, workers int, config pcaps.Config) (*pcaps.Source, error) {
	source, err := pcaps.OpenLive(l.interfaces, pcaps.Live{
		Backend: l.backend, Snaplen: l.snaplen, Ring: l.ring << 10, Rings: workers, NotPromiscuous: l.modest, File: file,
	}, config)
	if err != nil {
		return nil, l.explain(c, err)
	}
	if err := source.Unshared(); err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "%s: one of %d workers reads all packets (%v)\n", report.Plain(strings.Join(l.interfaces, ", ")), workers, err)
	}
	return source, nil
}

// limit says that the capture is on, and ends it when its time is over, or c is interrupted. The function that it returns
// is to be called after the capture.
func (l *capturing) limit(c *cobra.Command, source *pcaps.Source) (end func()) {
	fmt.Fprintf(c.ErrOrStderr(), "listening on %s\n", report.Plain(strings.Join(l.interfaces, ", ")))
	unhook := context.AfterFunc(c.Context(), source.Stop)
	if l.duration == 0 {
		return func() { unhook() }
	}
	timer := time.AfterFunc(l.duration, source.Stop)
	return func() { unhook(); timer.Stop() }
}

// explain adds to what is wrong with interfaces how it can be mended.
func (l *capturing) explain(c *cobra.Command, err error) error {
	var all []error
	for _, err := range leaves(err) {
		all = append(all, explained(c, err))
	}
	return errors.Join(all...)
}

func explained(c *cobra.Command, err error) error {
	var e *pcaps.CaptureError
	if !errors.As(err, &e) {
		return err
	}
	name := quoted(e.Interface)
	switch e.Err {
	case pcaps.ErrNoRight:
		err = &advised{err, fmt.Sprintf(`  once, as root:  setcap cap_net_raw+ep $(command -v tcpwhy)
  or pipe:        sudo tcpdump -i %s -U -w - tcp | %s -`, name, c.CommandPath())}
	case pcaps.ErrDown:
		err = &advised{err, "  as root:  ip link set " + name + " up"}
	case pcaps.ErrNoInterface:
		if devices, failed := pcaps.Devices(); failed == nil {
			err = fmt.Errorf("%w (there are: %s)", err, strings.Join(nearest(e.Interface, devices), ", "))
		}
	}
	return &failure{statusCapture, err}
}

// nearest are the names of interfaces, those first that begin most as name does; of many, the first.
func nearest(name string, devices []pcaps.Device) []string {
	var names []string
	for _, d := range devices {
		names = append(names, report.Plain(d.Name))
	}
	alike := func(s string) int {
		n := 0
		for n < min(len(s), len(name)) && s[n] == name[n] {
			n++
		}
		return n
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(alike(b), alike(a)) })
	const enough = 12
	if len(names) > enough {
		names = append(names[:enough], "...: tcpwhy interfaces lists all")
	}
	return names
}
