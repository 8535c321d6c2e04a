package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// completeReading tells shells the values that the flags of reading take.
func completeReading(c *cobra.Command, formats string) {
	complete(c, "output", strings.Fields(strings.NewReplacer(",", "", " or ", " ").Replace(formats)))
	complete(c, "color", []string{"auto", "always", "never"})
	complete(c, "flow", nil)
	var states []string
	for _, end := range []string{"", "client:", "server:"} {
		for s := flows.Unknown + 1; s < flows.NumStates; s++ {
			states = append(states, end+s.String())
		}
	}
	complete(c, "state", states)
	var names []string
	for _, r := range analyzer.Rules {
		if _, err := analyzer.ParseFinding(r.Name); err == nil { // not those of the capture alone
			names = append(names, r.Name)
		}
	}
	complete(c, "finding", names)
	complete(c, "where", nil)
	for _, r := range analyzer.Rules {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	for s := analyzer.Info; s <= analyzer.Error; s++ {
		names = append(names, s.String())
	}
	complete(c, "fail-on", names)
}

// complete tells shells the values of a flag, also after others and a comma.
func complete(c *cobra.Command, flag string, values []string) {
	err := c.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		all := make([]string, len(values))
		for i, v := range values {
			all[i] = before + v
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}
