package flows

// completeness is Wireshark's tcp.completeness: which kinds of segment a connection has
// shown, whoever sent them, in whatever order and with whatever numbers.
type completeness uint8

const (
	sawSYN    completeness = 1 << iota // a SYN without ACK
	sawSYNACK                          // a SYN with ACK
	sawACK                             // an ACK without SYN and without payload: a bare FIN or RST too
	sawData                            // payload with ACK but no SYN, or on the SYN that comes first
	sawFIN                             // a FIN with ACK
	sawRST
)

// update adds what a segment with these flags and this many bytes of payload shows.
func (c *completeness) update(flags Flags, payload uint32) {
	switch flags & (SYN | ACK) {
	case SYN | ACK:
		*c |= sawSYNACK // its payload does not count
	case SYN:
		if payload > 0 && *c == 0 {
			*c = sawData // Fast Open (RFC 7413); not on a later SYN
		}
		*c |= sawSYN
	case ACK:
		if payload > 0 {
			*c |= sawData
		} else {
			*c |= sawACK
		}
	}
	if flags.Has(FIN | ACK) {
		*c |= sawFIN
	}
	if flags.Any(RST) {
		*c |= sawRST
	}
}
