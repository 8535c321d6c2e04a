package metric

import (
	"fmt"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/spelling"
	"tcpwhy/flows"
)

// Word is what of a flow is told in a word: an outcome, a state, an end.
type Word struct {
	Name  string
	Doc   string   // what it is, no capital, no period
	Of    []string // all that it can be; nil: more than can be listed
	opens bool     // it is of the opening
	end   bool     // it is where an end is
	// Get is what the flow has, to be compared with a value as Parse gives it; "" where there is nothing to tell. It is
	// nil of a Word of which a flow has several, or that is told by what was found.
	Get func(*flows.Flow) string

	parse func(string) (string, error)                                    // nil: one of Of
	is    func(value string) func(*flows.Flow, []*analyzer.Finding) Truth // nil: Get gives it
}

// Words are all of them.
var Words = []Word{
	{Name: "opening", Doc: "how the opening ended", Of: named(flows.OpeningNotCaptured, flows.NumOpenings), opens: true,
		Get: func(f *flows.Flow) string { return f.Opening.Outcome.String() }},
	{Name: "kind", Doc: "the way in which it was opened", Of: named(flows.KindNotCaptured, flows.NumKinds), opens: true,
		Get: func(f *flows.Flow) string { return f.Opening.Kind.String() }},
	{Name: "closing", Doc: "how it was closed", Of: named(flows.ClosingOrderly, flows.NumClosings),
		Get: func(f *flows.Flow) string { return f.Closing.Outcome.String() }},
	{Name: "closed-by", Doc: "whose FIN went first", Of: named(flows.ByClient, flows.NumClosers),
		Get: func(f *flows.Flow) string { return f.Closing.First.String() }},
	{Name: "reset-by", Doc: "whose RST ended it", Of: named(flows.ByClient, flows.ByBoth),
		Get: func(f *flows.Flow) string { return f.Closing.ResetBy.String() }},
	{Name: "roles", Doc: "how client and server were told apart", Of: named(flows.RolesGuessed, flows.NumRoles), opens: true,
		Get: func(f *flows.Flow) string { return f.Roles.String() }},
	{Name: "client.state", Doc: "the state that the client was last seen in", Of: named(flows.Closed, flows.NumStates), parse: parseState,
		Get: func(f *flows.Flow) string { return lastState(f.Client()) }},
	{Name: "server.state", Doc: "the state that the server was last seen in", Of: named(flows.Closed, flows.NumStates), parse: parseState,
		Get: func(f *flows.Flow) string { return lastState(f.Server()) }},
	{Name: "state", Doc: "the same, of either end", Of: named(flows.Closed, flows.NumStates), parse: parseState,
		is: func(value string) func(*flows.Flow, []*analyzer.Finding) Truth {
			return func(f *flows.Flow, _ []*analyzer.Finding) Truth {
				return truth(lastState(f.Client()) == value || lastState(f.Server()) == value)
			}
		}},
	{Name: "client.states", Doc: "all states that the client went through, between quotes", parse: parsePath,
		Get: func(f *flows.Flow) string { return path(f.Client()) }},
	{Name: "server.states", Doc: "all states that the server went through, between quotes", parse: parsePath,
		Get: func(f *flows.Flow) string { return path(f.Server()) }},
	{Name: "client", Doc: "address, prefix, port or address:port of the client", end: true, parse: parseEndpoint,
		is: func(value string) func(*flows.Flow, []*analyzer.Finding) Truth { return at(value, flows.Client) }},
	{Name: "server", Doc: "address, prefix, port or address:port of the server", end: true, parse: parseEndpoint,
		is: func(value string) func(*flows.Flow, []*analyzer.Finding) Truth { return at(value, flows.Server) }},
	{Name: "conn-state", Doc: "as Zeek gives it", parse: parseAny, Get: func(f *flows.Flow) string { return f.ConnState }},
	{Name: "history", Doc: "as Zeek gives it", parse: parseAny, Get: func(f *flows.Flow) string { return f.History }},
}

// named are the names of an enumeration, from one value to before another.
func named[T interface {
	~uint8
	String() string
}](first, end T) []string {
	var names []string
	for v := first; v < end; v++ {
		names = append(names, v.String())
	}
	return names
}

// WordNamed is the Word of that name, or nil.
func WordNamed(name string) *Word {
	for i := range Words {
		if Words[i].Name == name {
			return &Words[i]
		}
	}
	return nil
}

// Parse is a value as Get gives it.
func (w *Word) Parse(value string) (string, error) {
	if w.parse != nil {
		return w.parse(value)
	}
	folded := strings.ReplaceAll(strings.ToLower(value), "_", "-")
	if slices.Contains(w.Of, folded) {
		return folded, nil
	}
	return "", fmt.Errorf("%s is never %s%s", w.Name, value, spelling.Suggest(value, w.Of, " ("+strings.Join(w.Of, " ")+")"))
}

// Lasts reports whether a flow that is seen to have this value, as Parse gives it, has it whatever else there is to be seen of it.
// How it is closed and in which states it is may have gone on; the address of an end stays where
// the ends are told apart.
func (w *Word) Lasts(value string) bool {
	return w.end || w.Name == "opening" && value != flows.OpeningInProgress.String() && value != flows.OpeningNotCaptured.String()
}

// Is is the test of a flow for a value, as Parse gives it.
func (w *Word) Is(value string) func(*flows.Flow, []*analyzer.Finding) Truth {
	if w.is != nil {
		return w.is(value)
	}
	return func(f *flows.Flow, _ []*analyzer.Finding) Truth {
		got := w.Get(f)
		if got == "" {
			return Unknown
		}
		return truth(got == value)
	}
}

func parseAny(s string) (string, error) { return s, nil }

func parseState(s string) (string, error) {
	state, ok := flows.ParseState(s)
	if !ok || state == flows.Unknown {
		states := named(flows.Closed, flows.NumStates)
		return "", fmt.Errorf("%s is no state%s", s, spelling.Suggest(s, states, " ("+strings.Join(states, " ")+")"))
	}
	return state.String(), nil
}

// parsePath reads states one after the other, as they are printed.
func parsePath(s string) (string, error) {
	var path []string
	for _, word := range strings.Fields(s) {
		state, err := parseState(word)
		if err != nil {
			return "", err
		}
		path = append(path, state)
	}
	return strings.Join(path, " "), nil
}

func path(e *flows.Endpoint) string {
	var states []string
	for _, s := range e.States() {
		states = append(states, s.String())
	}
	return strings.Join(states, " ")
}

// lastState is "" of an end that has shown nothing.
func lastState(e *flows.Endpoint) string {
	if s := e.State(); s != flows.Unknown {
		return s.String()
	}
	return ""
}

func parseEndpoint(s string) (string, error) {
	_, err := analyzer.ParseEndpoint(s)
	return s, err
}

func at(value string, side flows.Side) func(*flows.Flow, []*analyzer.Finding) Truth {
	e, _ := analyzer.ParseEndpoint(value) // it was parsed before
	return func(f *flows.Flow, _ []*analyzer.Finding) Truth { return truth(e.Match(f.Ends[side].Addr)) }
}

// Shown are the packets that show what f has, where ok; else those of what was found of it do.
func (w *Word) Shown(f *flows.Flow) (packets func(*flows.Flow) []uint64, ok bool) {
	if w.opens && f.Opening.Outcome == flows.OpeningComplete { // else what was found is of the opening
		return analyzer.OpeningPackets, true
	}
	return nil, false
}
