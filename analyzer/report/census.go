package report

// Census is written next.
type Census struct{}

func (*Census) text(*page) {}

type intervalJSON struct{}

func (*Census) json() []intervalJSON { return nil }
