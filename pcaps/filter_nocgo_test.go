//go:build !cgo

package pcaps

import (
	"errors"
	"testing"
)

func TestNoFilter(t *testing.T) {
	_, err := Open([]string{put(t, "a.pcap", mixed())}, Config{Filter: "tcp"})
	var fe *FilterError
	if want := "filter 'tcp': this build has no filters (built without cgo and libpcap)"; !errors.As(err, &fe) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
