package spelling

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"half-open", "half-closed", "refused", "reset"}
	for word, want := range map[string]string{
		"half-opne": "half-open", "halfopen": "half-open", "half_closed": "half-closed", "refussed": "refused",
		"": "", "kubernetes": "", "open": "",
	} {
		if got, ok := Nearest(word, words); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", word, got, ok, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1},
		{"abc", "xbc", 1}, {"kitten", "sitting", 3},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
