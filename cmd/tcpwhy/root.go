package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tcpwhy/analyzer/report"
)

// newRoot builds the tree of commands. The root itself prints annotated packets.
func newRoot() *cobra.Command {
	root := newPackets()
	root.Version = version()
	root.SetVersionTemplate("tcpwhy {{.Version}}\n")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var value *pflag.InvalidValueError
		if errors.As(err, &value) {
			err := value.Unwrap()
			if number := (*strconv.NumError)(nil); errors.As(err, &number) {
				err = fmt.Errorf("%q is no whole number%s", number.Num, fromNought(value.GetFlag().Value.Type()))
			}
			if value.GetFlag().Value.Type() == "duration" {
				err = fmt.Errorf("%q is no time (500ms, 10s, 5m)", value.GetValue())
			}
			return usage("--%s: %s", value.GetFlag().Name, report.Plain(err.Error()))
		}
		return usage("%s\n  %s%s --help tells what there is", report.Plain(err.Error()), elsewhere(root, err), c.CommandPath())
	})
	root.AddCommand(newFlows(), newReport(), newCheck(), newDiff(), newExplain(), newInterfaces(), newManual())
	// Help as wide as a page, whatever the terminal.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", "FlagUsagesWrapped 100 ") +
		`{{with index .Annotations "` + exitStatuses + `"}}
Exit status:
{{.}}
{{end}}`)
	return root
}

// fromNought says where the numbers of a type begin, if they do.
func fromNought(kind string) string {
	if strings.HasPrefix(kind, "uint") {
		return " from 0 on"
	}
	return ""
}

// elsewhere names the commands that have the flag that err does not know.
func elsewhere(root *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	name := unknown.GetSpecifiedName()
	var having []string
	for _, c := range slices.Concat(root.Commands(), []*cobra.Command{root}) {
		flag := c.Flags().Lookup(name)
		if unknown.GetSpecifiedShortnames() != "" {
			flag = nil
			if len(name) == 1 { // ShorthandLookup panics at a byte of UTF-8, which is two here
				flag = c.Flags().ShorthandLookup(name)
			}
		}
		if flag != nil && !c.Hidden {
			having = append(having, c.CommandPath())
		}
	}
	if having == nil {
		return ""
	}
	return "it is a flag of " + joinWords(having) + "; "
}

// oneOf checks a value of a flag that has a fixed set of them.
func oneOf(what, value string, known ...string) error {
	for _, k := range known {
		if value == k {
			return nil
		}
	}
	return usage("%s: no such %s (%s)", report.Plain(value), what, joinWords(known))
}
