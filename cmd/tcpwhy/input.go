package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// resolve tells files from filter among the arguments and flags.
func (r *reading) resolve(c *cobra.Command, args []string) error {
	c.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "flow", "client", "server", "state", "finding", "where", "since", "until", "filter", "max-packets":
			r.choosers = append(r.choosers, "--"+f.Name+" "+quoted(f.Value.String()))
		}
		switch f.Name {
		case "max-packets", "linger", "limit", "max-flows", "max-memory":
			r.deciding = append(r.deciding, "--"+f.Name+" "+quoted(f.Value.String()))
		case "check-sums":
			r.deciding = append(r.deciding, "--check-sums="+f.Value.String())
		}
	})
	if r.where != nil {
		r.choice.Where = r.where.Condition()
	}
	if err := r.capturing.check(); err != nil {
		return err
	}
	r.ledger.user = r.capturing.user
	if err := errors.Join(r.saving.check(c.OutOrStdout()), r.ledger.writesStandard(), r.ledger.writes("-w", r.saving.path, false)); err != nil {
		return err
	}
	if r.capturing.on() && len(r.files) > 0 {
		return usage("-i and -r: packets come from interfaces or from files")
	}
	if len(r.files) > 0 || r.capturing.on() {
		if len(args) > 0 && r.filter != "" {
			return usage("two filters: -f '%s' and '%s'", r.filter, strings.Join(args, " "))
		}
		if len(args) > 0 {
			r.filter = strings.Join(args, " ")
		}
	} else {
		r.files = args
	}
	if r.capturing.on() {
		if r.separate {
			return usage("--separate is for files: what comes from interfaces is one capture")
		}
		return nil
	}
	if len(r.files) == 0 {
		return &advised{usage("no capture: name a file, or - for standard input"), "  " + c.CommandPath() + " --help tells more"}
	}
	for i, path := range r.files {
		switch path {
		case "":
			return usage("an empty word names no file")
		case "-":
			continue
		}
		if _, err := os.Stat(path); os.IsNotExist(err) && (!r.absent || isFilterWord(path)) {
			return missing(c, r.files, i)
		}
	}
	r.named = r.files
	var files []string
	for _, path := range r.files {
		if info, err := os.Stat(path); path == "-" || err != nil || !info.IsDir() {
			files = append(files, path)
			continue
		}
		in, err := pcaps.Folder(path)
		if err != nil {
			return err
		}
		files = append(files, in...)
	}
	r.files = files
	if r.saving.on() && r.separate && len(files) > 1 {
		return usage("-w: each of several captures is read by itself, which one is to be written?")
	}
	for _, path := range files {
		if err := r.ledger.reads(path); err != nil {
			return err
		}
	}
	return r.ledger.giveUpRights(c.Context(), files)
}

// missing explains why files[i], which is not there, may have been named.
func missing(c *cobra.Command, files []string, i int) error {
	name := files[i]
	if i == 0 && !c.HasParent() && !strings.ContainsAny(name, "./\\") && !isFilterWord(name) {
		if near := c.SuggestionsFor(name); len(near) > 0 {
			return usage("%s: no such command or file (is it tcpwhy %s?)", report.Plain(name), near[0])
		}
	}
	err := fmt.Errorf("%s: no such file", report.Plain(name))
	if isFilterWord(name) {
		var words, rest []string // as a shell takes the latter
		for _, f := range files {
			// Who has the names of files wrong too gets no lesson on filters that are none.
			if _, err := os.Stat(f); err == nil || f == "-" || strings.Contains(filepath.Ext(f), "cap") {
				rest = append(rest, quoted(f))
			} else {
				words = append(words, f)
			}
		}
		if len(rest) == 0 {
			rest = []string{"FILE"}
		}
		err = fmt.Errorf("%w (a filter is -f: %s -f %s %s)", err, c.CommandPath(), quoted(strings.Join(words, " ")), strings.Join(rest, " "))
	}
	return &failure{statusInput, err}
}

// isFilterWord reports whether a filter in libpcap's language can begin with s.
func isFilterWord(s string) bool {
	switch strings.TrimLeft(s, "(!") {
	case "host", "net", "port", "portrange", "src", "dst", "tcp", "udp", "icmp", "icmp6", "ip", "ip6", "arp",
		"ether", "vlan", "mpls", "proto", "less", "greater", "not", "gateway", "broadcast", "multicast", "inbound",
		"outbound", "":
		return true
	}
	return strings.HasPrefix(s, "tcp[") || strings.HasPrefix(s, "ip[")
}

// rereadable reports whether every input can be read from its beginning again.
func (r *reading) rereadable() (string, bool) {
	if r.capturing.on() {
		return strings.Join(r.capturing.interfaces, ", "), false
	}
	for _, path := range r.files {
		if _, held := r.ledger.held[path]; path == "-" && !held {
			return "standard input", false
		}
		if info, err := r.ledger.stat(path); err == nil && !info.Mode().IsRegular() {
			return filepath.Clean(path), false
		}
	}
	return "", true
}

// live reports whether an input may keep its reader waiting, who wants to see what there is. An interface does not:
// what there is is written out when nothing more comes.
func (r *reading) live() bool {
	for _, path := range r.files {
		info, err := r.ledger.stat(path)
		if err == nil && !info.Mode().IsRegular() {
			return true
		}
	}
	return false
}
