package main

import (
	"math"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
)

// What is held if nobody says otherwise suits a laptop: a million flows take some 130 MB where most go as they should.
const (
	defaultFlows  = 1 << 20
	defaultMemory = 1e9
)

// reading is what every command that reads packets takes.
type reading struct {
	files     []string
	named     []string // files and folders as they were given
	choosers  []string // the flags that choose among flows, as they were given
	deciding  []string // those beside a filter that decide what is a flow, which number it has, and what is found of it, as a shell takes them
	filter    string
	count     uint64
	separate  bool
	absent    bool // a file that is not there keeps no other from being read
	checkSums bool
	linger    time.Duration
	maxFlows  int
	maxMemory uint64
	workers   int
	choice    analyzer.Choice
	where     *metric.Expr // nil: all
	failOn    []*metric.Expr
	limits    []analyzer.Limit
	format    string
	color     string
	verbose   int
	quiet     bool
	lineByOne bool
	capturing capturing
	saving    saving
	ledger    *ledger
}

func (r *reading) flags(c *cobra.Command, formats string) {
	fs := c.Flags()
	fs.SortFlags = false
	r.ledger = new(ledger)
	fs.StringArrayVarP(&r.files, "read", "r", nil, "read `FILE` (- is standard input); arguments are then a filter")
	r.capturing.flags(fs)
	fs.StringVarP(&r.filter, "filter", "f", "", "only packets that `EXPR` admits, in tcpdump's language, with hosts by their addresses")
	fs.VarP(aNumber(&r.count, 0, 0, math.MaxInt64), "max-packets", "c", "stop after `N` packets, 0: all are read")
	r.saving.flags(fs)
	fs.BoolVar(&r.separate, "separate", false, "each file by itself, not all as one capture")
	fs.BoolVar(&r.checkSums, "check-sums", false, "leave out segments with a wrong IP or TCP checksum; not for captures of a host's own packets, whose network card fills them in later")
	fs.Var(aTime(&r.linger, time.Minute, 0), "linger", "how long after its end a flow is still listened to, in packet `TIME`")
	fs.Var(aNumber(&r.maxFlows, defaultFlows, 0, math.MaxInt), "max-flows", "hold at most `N` flows at a time, N/256 (1 at least) in each of 256 shares by four-tuple, so that fewer may fill one; 0: all; tcpwhy explain ceiling has what goes first")
	r.maxMemory = defaultMemory
	fs.Var(&oneValue[uint64]{&r.maxMemory, parseSize, "1GB"}, "max-memory", "stay within about `SIZE`, which can be kept from 100MB on: 200MB, 4GiB")
	fs.Var(aNumber(&r.workers, 1, 0, math.MaxInt), "workers", "share the work among `N` processors, 0: all there are: it is done sooner where these are idle, and the same comes out")
	fs.StringVarP(&r.format, "output", "o", "text", "`FORMAT`: "+formats)
	fs.StringVar(&r.color, "color", "auto", "colours: `WHEN` is auto, always or never")
	fs.CountVarP(&r.verbose, "verbose", "v", "explain more")
	fs.BoolVarP(&r.quiet, "quiet", "q", false, "say less")

	choose := func(f pflag.Value, name, words string) { fs.Var(f, name, words) }
	choose(&listOf[uint64]{&r.choice.Flows, parseNumber, "N", ""}, "flow", "only flow `N` (repeatable)")
	choose(&listOf[analyzer.Endpoint]{&r.choice.Client, analyzer.ParseEndpoint, "ENDPOINT", ""}, "client",
		"only flows of this client: address, prefix, port or address:port, as an `ENDPOINT`")
	choose(&listOf[analyzer.Endpoint]{&r.choice.Server, analyzer.ParseEndpoint, "ENDPOINT", ""}, "server", "only flows to this server, likewise an `ENDPOINT`")
	choose(&listOf[analyzer.LastState]{&r.choice.States, analyzer.ParseLastState, "STATE", ""}, "state",
		"only flows with an end last seen in `STATE`, or client:STATE, server:STATE")
	choose(&listOf[*analyzer.Rule]{&r.choice.Findings, analyzer.ParseFinding, "NAME", ""}, "finding",
		"only flows with this finding, or part of it where it is of the whole capture: `NAME`,...")
	choose(&oneValue[analyzer.When]{&r.choice.Since, analyzer.ParseWhen, ""}, "since",
		"only from `WHEN` on: RFC 3339, local time as -tttt prints it, HH:MM:SS in UTC, +10s from the start, -10m from the end")
	choose(&oneValue[analyzer.When]{&r.choice.Until, analyzer.ParseWhen, ""}, "until", "only until `WHEN`, likewise")

	choose(&oneValue[*metric.Expr]{&r.where, metric.ParseFlow, ""}, "where", "only flows of which `EXPR` holds, as 'connect > 1s'; tcpwhy explain metrics has the language")

	fs.Var(&listOf[*metric.Expr]{&r.failOn, metric.Parse, "LIMIT", ""}, "fail-on",
		"exit with 1 where there is a finding, one of a severity or graver, or EXPR holds: half-open,warning,'refused > 5%': `LIMIT`,...")
	fs.Var(&listOf[analyzer.Limit]{&r.limits, analyzer.ParseLimit, "FINDING=TIME", ""}, "limit",
		"how long something may take before it is a finding: `FINDING=TIME`; tcpwhy explain limits has them")

	completeReading(c, formats)

	// tcpdump's, which here change nothing, or are always so.
	fs.BoolP("numeric", "n", false, "accepted: names are never looked up")
	fs.BoolVarP(&r.lineByOne, "line-buffered", "l", false, "write each line at once, also into a pipe from a file")
}
