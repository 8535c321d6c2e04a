package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

func newInterfaces() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "interfaces",
		Short: "What can be captured on, and whether you may",
		Example: `  tcpwhy interfaces
  tcpwhy interfaces -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := oneOf("format", format, "text", "json", "jsonl"); err != nil {
				return err
			}
			devices, err := pcaps.Devices()
			if err != nil {
				return &failure{statusCapture, err}
			}
			w := newWriter(c.OutOrStdout(), false)
			if format == "text" {
				err = listInterfaces(w, devices)
			} else {
				err = encodeInterfaces(w, devices, format == "jsonl")
			}
			if err = errors.Join(err, w.flush()); err != nil {
				return err
			}
			for _, d := range devices {
				if d.Err == pcaps.ErrNoRight && format == "text" {
					_, err = fmt.Fprintln(c.ErrOrStderr(), "once, as root:  setcap cap_net_raw+ep $(command -v tcpwhy)")
					break
				}
			}
			return err
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "text", "`FORMAT`: text, json or jsonl")
	return c
}

func listInterfaces(to io.Writer, devices []pcaps.Device) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INTERFACE\tSTATE\tCAPTURE\tADDRESSES")
	for _, d := range devices {
		state, capture := "down", "yes"
		if d.Up {
			state = "up"
		}
		if d.Err != nil {
			capture = "no: " + d.Err.Error()
		}
		if d.Err == pcaps.ErrDown {
			capture = "no" // the column before says why
		}
		var addresses []string
		for _, a := range d.Addresses {
			addresses = append(addresses, a.String())
		}
		if len(addresses) == 0 {
			addresses = []string{"-"}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", report.Plain(d.Name), state, report.Plain(capture), strings.Join(addresses, " "))
	}
	return w.Flush()
}

// interfaceJSON is an interface as other programs read it.
type interfaceJSON struct {
	Interface string         `json:"interface"`
	Addresses []netip.Prefix `json:"addresses"`
	Up        bool           `json:"up"`
	Capture   bool           `json:"capture"`
	Reason    *string        `json:"reason"` // why not
}

func encodeInterfaces(w io.Writer, devices []pcaps.Device, lines bool) error {
	all := []interfaceJSON{}
	for _, d := range devices {
		i := interfaceJSON{Interface: d.Name, Addresses: append([]netip.Prefix{}, d.Addresses...), Up: d.Up, Capture: d.Err == nil}
		if d.Err != nil {
			reason := d.Err.Error()
			i.Reason = &reason
		}
		all = append(all, i)
	}
	encoder := json.NewEncoder(w)
	if !lines {
		return encoder.Encode(all)
	}
	for _, i := range all {
		if err := encoder.Encode(i); err != nil {
			return err
		}
	}
	return nil
}
