package flows

// Completeness is Wireshark's tcp.completeness: which kinds of segment a connection has
// shown, whoever sent them, in whatever order and with whatever numbers.
type Completeness uint8

const (
	CompletenessSYN    Completeness = 1 << iota // a SYN without ACK
	CompletenessSYNACK                          // a SYN with ACK
	CompletenessACK                             // an ACK without SYN and without payload: a bare FIN or RST too
	CompletenessData                            // payload with ACK but no SYN, or on the SYN that comes first
	CompletenessFIN                             // a FIN with ACK
	CompletenessRST
)

// update adds what a segment with these flags and this many bytes of payload shows.
func (c *Completeness) update(flags Flags, payload uint32) {
	switch flags & (SYN | ACK) {
	case SYN | ACK:
		*c |= CompletenessSYNACK // its payload does not count
	case SYN:
		if payload > 0 && *c == 0 {
			*c = CompletenessData // Fast Open (RFC 7413); not on a later SYN
		}
		*c |= CompletenessSYN
	case ACK:
		if payload > 0 {
			*c |= CompletenessData
		} else {
			*c |= CompletenessACK
		}
	}
	if flags.Has(FIN | ACK) {
		*c |= CompletenessFIN
	}
	if flags.Any(RST) {
		*c |= CompletenessRST
	}
}
