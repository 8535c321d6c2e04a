//go:build !unix

package pcaps

import (
	"os"
	"time"
)

// readable does not know how to wait: the read does.
func readable(*os.File, time.Duration) bool { return true }
