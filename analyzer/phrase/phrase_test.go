package phrase

import (
	"strings"
	"testing"
)

func TestAppend(t *testing.T) {
	for n := range 33 {
		s := strings.Repeat("x", n)
		text := Of(s)
		if got := string(text.Append([]byte("a"))); got != "a"+s || text.IsZero() != (n == 0) {
			t.Errorf("got %q, want %q after an a", got, s)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("33 bytes are taken for 32")
		}
	}()
	Of(strings.Repeat("x", 33))
}
