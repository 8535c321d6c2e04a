package explain

import "tcpwhy/analyzer/spelling"

// Suggest is the page whose name is nearest to a word that has none; ok is false if nothing
// is near.
func Suggest(word string) (near string, ok bool) {
	var names, of []string
	read(func(p page) bool {
		for _, name := range p.names {
			names, of = append(names, fold(name)), append(of, p.names[0])
		}
		return true
	})
	name, ok := spelling.Nearest(fold(word), names)
	for i := range names {
		if ok && names[i] == name {
			return of[i], true
		}
	}
	return "", false
}
