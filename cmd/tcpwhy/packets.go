package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/tcpdump"
)

const packetsLong = `Tcpwhy reads packet captures and prints each TCP packet as tcpdump does, and under it what the
packet did to each end of its connection: the states of RFC 9293, proved by what an end sends,
assumed from what is sent to it, revised where it turns out otherwise.

FILE is a pcap or pcapng file, plain or in gzip or zstd, a folder of them, or - for standard
input. Several are one capture, merged by time.`

const packetsExample = `  tcpwhy pay.pcap                             every packet, and what it changed
  tcpwhy -q pay.pcap                          only the packets that changed something
  tcpwhy -v pay.pcap                          why, and why not
  tcpwhy pay.pcap --flow 12                   one flow, as numbered by tcpwhy flows
  tcpwhy pay.pcap --server 10.0.8.20:8443 --state client:SYN_SENT
  tcpwhy -r pay.pcap port 8443                as with tcpdump; or: tcpwhy -f 'port 8443' pay.pcap
  tcpwhy pay.pcap --since +10s --until +20s   from the start; -10m is from the end
  tcpwhy -o jsonl pay.pcap | jq -c .transitions
  sudo tcpwhy -i eth0 port 8443               live; -i any is all interfaces, each packet once
  sudo tcpdump -i eth0 -U -w - tcp | tcpwhy -
                                              the same, and only tcpdump is root`

const packetsStatus = `  0  all is well
  1  check, diff or --fail-on found what it was asked to fail on
  2  wrong usage, or what cannot be judged
  3  an input could not be read, or not to its end
  4  cannot capture: no such interface, or no right to
  5  the output could not be written
The highest counts.`

// packets are the options of the command that prints packets.
type packets struct {
	reading
	printing
}

// printing is how packets are printed, as tcpdump does.
type printing struct {
	absolute, nano, number bool
	times                  int
}

func (p *printing) lines(fs *pflag.FlagSet) {
	fs.BoolVarP(&p.absolute, "absolute-tcp-sequence-numbers", "S", false, "sequence numbers as they are on the wire")
	fs.CountVarP(&p.times, "times", "t", "what a line begins with: -t no time, -tt seconds since 1970, -ttt since the line before, -tttt with the date, -ttttt since the first line")
	fs.BoolVar(&p.nano, "nano", false, "times to the nanosecond")
	fs.BoolVarP(&p.number, "number", "#", false, "the number of each packet first")
}

// accept takes these flags also where no packet is printed, so that a command of tcpdump's needs no other flags here.
func (p *printing) accept(fs *pflag.FlagSet) {
	var own pflag.FlagSet
	p.lines(&own)
	own.VisitAll(func(f *pflag.Flag) {
		f.Hidden = true
		fs.AddFlag(f)
	})
}

func newPackets() *cobra.Command {
	var p packets
	c := &cobra.Command{
		Use:         "tcpwhy [FILE...]",
		Short:       "Print packets like tcpdump, and what each did to the state of either end",
		Long:        packetsLong,
		Example:     packetsExample,
		Annotations: map[string]string{exitStatuses: packetsStatus},
		Args:        cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && c.Flags().NFlag() == 0 {
				return c.Help()
			}
			return p.run(c, args)
		},
	}
	p.flags(c, "text, json or jsonl")
	p.lines(c.Flags())
	return c
}

func (p *packets) run(c *cobra.Command, args []string) error {
	if err := p.resolve(c, args); err != nil {
		return err
	}
	if p.times > int(tcpdump.TimeOffset) {
		return usage("-t can be given up to five times")
	}
	w := newWriter(c.OutOrStdout(), p.lineByOne || p.live())
	colored, err := p.colored(w)
	if err != nil {
		return err
	}
	out := output{transitions: true, judged: true, early: true}
	switch p.format {
	case "text":
		text := &report.Packets{W: w, Verbose: p.verbose > 0, Quiet: p.quiet, Color: colored}
		out.packets, out.shown = text, func() (uint64, uint64) { return text.Shown.Packets, text.Shown.Flows }
		out.begin = func(of *capture) error {
			text.Names, text.Printer, text.Shown = of.names, p.printer(), report.Shown{}
			return p.heading(w, of.names)
		}
	case "json", "jsonl":
		objects := &report.PacketJSON{W: w, Array: p.format == "json", Quiet: p.quiet}
		out.packets, out.shown = objects, func() (uint64, uint64) { return objects.Shown.Packets, objects.Shown.Flows }
		out.begin = func(of *capture) error {
			objects.Names, objects.Printer, objects.Shown = of.names, p.printer(), report.Shown{}
			return nil
		}
		out.closers = []io.Closer{objects}
	default:
		return oneOf("format", p.format, "text", "json", "jsonl")
	}
	return p.read(c, w, &out)
}

func (p *printing) printer() *tcpdump.Printer {
	return &tcpdump.Printer{Time: tcpdump.TimeMode(p.times), Nano: p.nano, Number: p.number, Absolute: p.absolute}
}

// heading names the file that comes next, where each is read by itself.
func (r *reading) heading(w io.Writer, n *report.Names) error {
	if !r.separate {
		return nil
	}
	_, err := fmt.Fprintf(w, "%s:\n", report.Plain(n.File(0)))
	return err
}
