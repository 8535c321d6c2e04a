package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"tcpwhy/analyzer/report"
)

// newManual is for who packages the program.
func newManual() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Example: "  tcpwhy man /usr/local/share/man/man1",
		Hidden:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("man takes one folder, into which the pages are written: tcpwhy man DIR")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			c.Root().DisableAutoGenTag = true
			if err := doc.GenManTree(c.Root(), &doc.GenManHeader{Section: "1", Source: "tcpwhy"}, args[0]); err != nil {
				return &failure{statusOutput, errors.New(report.Plain(err.Error()))}
			}
			return nil
		},
	}
}
