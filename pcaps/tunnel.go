package pcaps

// tunnelKind is a kind of tunnel, as Space.Tunnel names it.
type tunnelKind uint8

const (
	tunnelGRE tunnelKind = iota
)

func (t tunnelKind) String() string { return [...]string{"gre"}[t] }
