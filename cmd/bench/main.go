// Bench makes captures to measure with, in a folder that it keeps.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	dir := flag.String("dir", os.TempDir(), "`folder` of the captures")
	flag.Parse()
	for i := range captures {
		if err := captures[i].make(*dir); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}
