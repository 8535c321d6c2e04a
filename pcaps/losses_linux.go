//go:build cgo

package pcaps

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// losses counts the packets that an interface had no room for, since it was opened: they never came
// as far as a capture.
type losses struct {
	name  string // "": not known
	began uint64
}

func newLosses(name string) losses {
	n, ok := readLosses(name)
	if !ok {
		return losses{}
	}
	return losses{name, n}
}

func (l losses) count() Count {
	if l.name == "" {
		return Count{}
	}
	n, ok := readLosses(l.name)
	return Count{max(n, l.began) - l.began, ok}
}

// readLosses leaves rx_dropped out: it has packets that were captured, and that nobody else wanted.
func readLosses(name string) (total uint64, ok bool) {
	for _, file := range []string{"rx_missed_errors", "rx_fifo_errors"} {
		b, err := os.ReadFile(filepath.Join("/sys/class/net", name, "statistics", file))
		if err != nil {
			return 0, false
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
		if err != nil {
			return 0, false
		}
		total += n
	}
	return total, true
}
