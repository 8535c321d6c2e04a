//go:build !cgo

package pcaps

// OpenLive fails: what captures is libpcap, or compiles its filters with it.
func OpenLive(interfaces []string, _ Live, _ Config) (*Source, error) {
	return nil, &CaptureError{interfaces[0], ErrNoCapture}
}

func mayCapture(string) error { return ErrNoCapture }
