package analyzer

import (
	"testing"
	"time"
)

func TestAdmission(t *testing.T) {
	const s = int64(time.Second)
	for name, c := range map[string]struct {
		taken, ignored []int64 // seconds
		want           bool    // of the last one ignored
	}{
		"three, and none taken":     {nil, []int64{100, 100, 100}, true},
		"two":                       {nil, []int64{100, 100}, false},
		"as many taken":             {[]int64{100, 100, 100}, []int64{100, 100, 100}, true},
		"more taken":                {[]int64{100, 100, 100, 100}, []int64{100, 100, 100}, false},
		"in several seconds":        {nil, []int64{100, 101, 102, 103}, false},
		"more taken a second later": {[]int64{101, 101, 101, 101, 101}, []int64{100, 100, 100}, true},
		"as long ago as is known":   {[]int64{115}, []int64{100, 100, 100}, true},
		"too long ago":              {[]int64{116}, []int64{100, 100, 100}, false},
		"a second taken anew":       {[]int64{84, 84, 84, 84, 100}, []int64{100, 100, 100}, true},
		"before 1970":               {[]int64{-100}, []int64{-100, -100, -100}, true},
	} {
		var a admission
		for _, at := range c.taken {
			a.take(at*s + 1)
		}
		var got bool
		for _, at := range c.ignored {
			got = a.ignore(at*s + 2)
		}
		if got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
