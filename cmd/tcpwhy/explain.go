package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer/explain"
	"tcpwhy/analyzer/report"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [WORD...]",
		Short: "Say what a word means: a finding, a state, an error, another tool's verdict",
		Long: `A word of tcpwhy's output, in any spelling; the error that a program got, a counter of nstat's, a
setting of sysctl's; or another tool's verdict: Zeek's conn_state and history, Wireshark's
tcp.completeness. "findings" lists what can be found, "limits" the times that findings wait for,
"metrics" what --where and --fail-on are written in. Without a word, those that have a page are
listed.`,
		Example: `  tcpwhy explain half-open
  tcpwhy explain SYN_RECV
  tcpwhy explain ECONNREFUSED ListenOverflows tcp_fin_timeout
  tcpwhy explain challenge ACK
  tcpwhy explain S1 ShADadFfA 31`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explain.Words(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			w := newWriter(c.OutOrStdout(), false)
			err := explainAll(w, args)
			return errors.Join(err, w.flush())
		},
	}
}

func explainAll(w *writer, words []string) error {
	if len(words) == 0 {
		for _, word := range explain.Words() {
			if _, err := fmt.Fprintln(w, word); err != nil {
				return err
			}
		}
		return nil
	}
	// The notes under a packet are several words.
	if whole := strings.Join(words, " "); len(words) > 1 {
		if _, _, ok := explain.Lookup(whole); ok {
			words = []string{whole}
		}
	}
	for i, word := range words {
		title, text, ok := explain.Lookup(word)
		if !ok {
			if near, ok := explain.Suggest(word); ok {
				return usage("%s: no such word (is it %s?)", report.Plain(word), near)
			}
			return &advised{usage("%s: no such word", report.Plain(word)), "  tcpwhy explain lists them"}
		}
		separator := ""
		if i > 0 {
			separator = "\n"
		}
		if _, err := fmt.Fprintf(w, "%s%s\n\n%s\n", separator, title, text); err != nil {
			return err
		}
	}
	return nil
}
