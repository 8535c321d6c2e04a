package main

import (
	"errors"
	"fmt"
	"slices"
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
			f, err := value.GetFlag(), value.Unwrap()
			switch f.Value.Type() { // pflag's own
			case "bool":
				err = fmt.Errorf("%q is neither true nor false", value.GetValue())
			case "count":
				err = fmt.Errorf("%q is no whole number", value.GetValue())
			}
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			return usage("%s: %s", name, report.Plain(err.Error()))
		}
		return &advised{usage("%s", report.Plain(err.Error())), "  " + elsewhere(root, err) + c.CommandPath() + " --help tells what there is"}
	})
	root.AddCommand(newFlows(), newReport(), newCheck(), newDiff(), newExplain(), newInterfaces(), newManual())
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = knownCommand
	}
	// Help as wide as a page, whatever the terminal.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", "FlagUsagesWrapped 100 ") +
		`{{with index .Annotations "` + exitStatuses + `"}}
Exit status:
{{.}}
{{end}}`)
	return root
}

// knownCommand is what cobra's help does not ask for: where words name no command, it shows the help of another one.
func knownCommand(c *cobra.Command, words []string) error {
	if _, left, err := c.Root().Find(words); err != nil || len(left) > 0 {
		return &advised{usage("help %s: no such command", report.Plain(strings.Join(words, " "))), "  tcpwhy --help lists them"}
	}
	return nil
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
