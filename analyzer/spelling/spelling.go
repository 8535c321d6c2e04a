// Package spelling finds the word that was meant by one that there is not.
package spelling

import "strings"

// Nearest is the word nearest to one that is not among them, or that has it behind a dot; ok is false if nothing is near. Of several
// that are as near it is the first.
func Nearest(word string, words []string) (near string, ok bool) {
	for _, w := range words {
		if strings.HasSuffix(w, "."+word) {
			return w, true
		}
	}
	best := max(1, len(word)/3) + 1
	for _, w := range words {
		if longer := len(word) - len(w); longer >= best || -longer >= best {
			continue // as far away as that at least
		}
		if d := distance(word, w); d < best {
			best, near, ok = d, w, true
		}
	}
	return near, ok
}

// Suggest is " (is it WORD?)" with the word nearest to one that is not among them; if nothing is near, it is what is said otherwise.
func Suggest(word string, words []string, otherwise string) string {
	if near, ok := Nearest(word, words); ok {
		return " (is it " + near + "?)"
	}
	return otherwise
}

// distance counts the letters to insert, delete or replace, or neighbours to exchange, between a and b.
func distance(a, b string) int {
	var before, last []int
	for i := 0; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		for j := range row {
			switch {
			case i == 0:
				row[j] = j
			case j == 0:
				row[j] = i
			default:
				change := 1
				if a[i-1] == b[j-1] {
					change = 0
				}
				row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					row[j] = min(row[j], before[j-2]+1)
				}
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
