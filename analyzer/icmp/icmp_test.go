package icmp

import (
	"testing"

	"tcpwhy/flows"
)

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		quote        flows.Quote
		words, errno string
	}{
		{flows.Quote{Version: 4, Type: 3, Code: 1}, "host unreachable", "EHOSTUNREACH"},
		{flows.Quote{Version: 4, Type: 3, Code: 3}, "port unreachable", "ECONNREFUSED"},
		{flows.Quote{Version: 4, Type: 3, Code: 4, MTU: 1400}, "fragmentation needed (MTU 1400)", ""},
		{flows.Quote{Version: 4, Type: 3, Code: 13}, "communication prohibited", "EHOSTUNREACH"},
		{flows.Quote{Version: 4, Type: 3, Code: 99}, "type 3 code 99", ""},
		{flows.Quote{Version: 4, Type: 11}, "time exceeded in transit", "EHOSTUNREACH"},
		{flows.Quote{Version: 4, Type: 4}, "source quench", ""},
		{flows.Quote{Version: 6, Type: 1, Code: 0}, "no route", "ENETUNREACH"},
		{flows.Quote{Version: 6, Type: 1, Code: 1}, "communication prohibited", "EACCES"},
		{flows.Quote{Version: 6, Type: 1, Code: 4}, "port unreachable", "ECONNREFUSED"},
		{flows.Quote{Version: 6, Type: 2, MTU: 1280}, "packet too big (MTU 1280)", ""},
		{flows.Quote{Version: 6, Type: 3}, "time exceeded in transit", "EHOSTUNREACH"},
		{flows.Quote{Version: 6, Type: 4, Code: 1}, "parameter problem", "EPROTO"},
	} {
		if words := string(AppendWords(nil, &c.quote)); words != c.words {
			t.Errorf("%+v is %q, want %q", c.quote, words, c.words)
		}
		if errno := Errno(&c.quote); errno != c.errno {
			t.Errorf("%+v: connect() fails with %q, want %q", c.quote, errno, c.errno)
		}
	}
}
