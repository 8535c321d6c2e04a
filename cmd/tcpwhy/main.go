// Tcpwhy reads packet captures, follows both ends of every TCP flow through the eleven states of
// RFC 9293, and says what each packet changed. Run it with --help.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// A reader that went away is an error of the write, not the end of the program.
	signal.Ignore(syscall.SIGPIPE)
	ending := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	go func() {
		// The first signal ends the run well; the second one ends it, but not at once: timeout(1) sends each twice.
		<-ctx.Done()
		time.Sleep(time.Second)
		stop()
	}()
	collectSoon()
	root := newRoot()
	stdout := &standard{File: os.Stdout}
	root.SetOut(stdout)
	_, err := root.ExecuteContextC(ctx)
	err = errors.Join(err, outputError(stdout.err))
	status := exitStatus(err)
	if status != 0 {
		complain(os.Stderr, err)
	}
	os.Exit(status)
}
