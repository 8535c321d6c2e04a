package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

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
			if len(args) != 1 || args[0] == "" {
				return usage("man takes one folder, into which the pages are written: tcpwhy man DIR")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			c.Root().DisableAutoGenTag = true
			withStatuses(c.Root())
			if err := writePages(c.Context(), c.Root(), args[0]); err != nil {
				return &failure{statusOutput, fmt.Errorf("%s: %w", report.Plain(args[0]), withoutPath(err))}
			}
			return nil
		},
	}
}

// writePages writes the pages of c and of what is below it, as every output is written: by root, too.
func writePages(ctx context.Context, c *cobra.Command, dir string) error {
	for _, below := range c.Commands() {
		if !below.IsAvailableCommand() || below.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writePages(ctx, below, dir); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	if err := doc.GenMan(c, &doc.GenManHeader{Section: "1", Source: "tcpwhy"}, &page); err != nil {
		return err
	}
	return new(ledger).write(ctx, "man", filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"), false, page.Bytes())
}

// withStatuses has the description of c, and of what is below it, end with the exit statuses.
func withStatuses(c *cobra.Command) {
	for _, below := range c.Commands() {
		withStatuses(below)
	}
	if c.Long == "" {
		c.Long = c.Short
	}
	text, ok := c.Annotations[exitStatuses]
	if !ok {
		text = c.Root().Annotations[exitStatuses]
	}
	c.Long += "\n\n# EXIT STATUS\n" + strings.ReplaceAll("\n"+text, "\n", "\n\t") + "\n"
}
