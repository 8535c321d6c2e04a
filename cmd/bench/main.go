// Bench measures tcpwhy beside the programs that do something like it, on captures that it makes: what each takes of
// the CPU and of memory. What tcpwhy says of these captures has to be what they were planned to show.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

const about = `usage: bench [flags]               measure, and write the table to standard output
       bench make CAPTURE          make one capture
       bench write CAPTURE         write one to standard output
       bench check CAPTURE         hold what tcpwhy says of it against its plan
       bench chase RECORDS STEPS   wait for the memory as often
       bench pauses CAPTURE        how long tracking takes, batch by batch, as JSON
       bench [flags] live          capture on an interface, in network namespaces: needs root
`

func main() {
	l := lab{programs: map[string]string{}}
	var m measurement
	flag.Usage = func() {
		io.WriteString(flag.CommandLine.Output(), about)
		flag.PrintDefaults()
	}
	flag.StringVar(&l.dir, "dir", ".", "the `folder` that captures are kept in")
	tcpwhy := flag.String("tcpwhy", "tcpwhy", "the `program` to measure")
	flag.IntVar(&m.rounds, "rounds", 3, "how often each command runs")
	flag.BoolVar(&m.short, "short", false, "slices only: what can be done in a minute or two")
	flag.StringVar(&m.only, "only", "", "only what is measured on captures whose names begin with `PREFIX`")
	flag.Parse()
	if err := l.run(*tcpwhy, &m, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (l *lab) run(tcpwhy string, m *measurement, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if tcpwhy, err = filepath.Abs(tcpwhy); err != nil {
		return err
	}
	l.programs["bench"], l.programs["tcpwhy"] = self, tcpwhy
	switch {
	case len(args) == 0:
		return m.run(l, os.Stdout)
	case len(args) == 1 && args[0] == "live":
		return m.measureLive(l, os.Stdout)
	case len(args) == 3 && args[0] == "chase":
		records, err := strconv.Atoi(args[1])
		steps, err2 := strconv.Atoi(args[2])
		if err = errors.Join(err, err2); err != nil {
			return err
		}
		chase(records, steps)
		return nil
	case len(args) != 2:
		return errors.New("one capture, please")
	}
	c, err := find(args[1])
	if err != nil {
		return err
	}
	switch args[0] {
	case "make":
		return c.make(l.dir)
	case "write":
		_, err := c.write(os.Stdout, nil)
		return err
	case "check":
		return l.check(c)
	case "pauses":
		return findPauses(c.of, os.Stdout)
	}
	return fmt.Errorf("%s: what is that?", args[0])
}
