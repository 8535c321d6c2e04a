package tcpdump

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestAppendDec(t *testing.T) {
	check := func(v uint32) {
		if got, want := string(appendDec([]byte("x"), v)), "x"+strconv.FormatUint(uint64(v), 10); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for v := range uint32(100_000) { // every group of four digits, as the last and as one before
		check(v)
		check(v * 10_001)
		check(^v)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		check(random.Uint32() >> random.IntN(32))
	}
}
