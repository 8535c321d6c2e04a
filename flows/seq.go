package flows

// Seq is a TCP sequence number: a point on a circle of 2^32 (RFC 9293 §3.4).
// Compare with Before and Sub, never with < or >.
type Seq uint32

// Before reports whether s lies before u on the circle, less than half of it away.
func (s Seq) Before(u Seq) bool { return int32(s-u) < 0 }

// Sub is the signed distance from u to s, in [-2^31, 2^31).
func (s Seq) Sub(u Seq) int32 { return int32(s - u) }

// Max is the later of the two.
func (s Seq) Max(u Seq) Seq {
	if s.Before(u) {
		return u
	}
	return s
}
