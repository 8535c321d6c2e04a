package flows

// provokes marks h as sent what draws a challenge ACK where it holds the connection: a SYN with any
// number, or a RST that is not exact (RFC 5961 §3.2, §4.2). Anything else that it is sent takes the mark off.
func (h *half) provokes() { h.has |= provoked }

// challenges reports whether s is the challenge ACK: it says again where its sender stands, and no more.
func (h *half) challenges(s *Segment) bool {
	return h.is(provoked) && s.Len == 0 && s.Flags&control == ACK && h.is(hasAck) && s.Ack == h.ack && s.Seq == h.nxt
}
