package pcaps

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzBlocks builds whole pcapng blocks of what it is given, so that chance gets behind their lengths, which stand at
// both ends. Each is three bytes (its kind, and the length of what is in it), and its contents.
func FuzzBlocks(f *testing.F) {
	kinds := []uint32{blockInterface, blockEnhancedPacket, blockSimplePacket, blockPacket, blockStatistics, blockSection, 4, 10}
	for _, v := range variants() {
		if !isPcapng(v.file.b) {
			continue
		}
		var seed []byte
		big := v.file.b[8] == byteOrderMagic>>24
		o := order{big}
		for b := v.file.b; len(b) > 0; {
			size := int(o.u32(b[4:])+3) &^ 3
			if size > len(b) { // a section of the other byte order
				break
			}
			for i, k := range kinds {
				if k == o.u32(b) {
					body := b[8 : size-4]
					seed = append(append(seed, byte(i)), be16(len(body))...)
					seed = append(seed, body...)
				}
			}
			b = b[size:]
		}
		f.Add(big, seed)
	}
	f.Fuzz(func(t *testing.T, big bool, b []byte) {
		file := newFile(big)
		file.section(0)
		for len(b) >= 3 && len(file.b) < 1<<16 {
			kind := kinds[int(b[0])%len(kinds)]
			n := min(int(binary.BigEndian.Uint16(b[1:])), len(b)-3)
			file.block(kind, func() { file.raw(b[3 : 3+n]) })
			b = b[3+n:]
		}
		check(t, file.b)
	})
}

// FuzzPackedBlocks: compressed data that is broken inside, in either format.
func FuzzPackedBlocks(f *testing.F) {
	for _, v := range variants()[:4] {
		f.Add(gzipped(f, v.file.b))
		f.Add(zstandard(f, v.file.b))
		f.Add(zstandard(f, v.file.b[:len(v.file.b)/2], v.file.b[len(v.file.b)/2:]))
		f.Add(gzipped(f, gzipped(f, v.file.b)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// 4 bytes of a zstd frame can stand for 128 kB.
		if len(b) < 4 || !isGzip(b) && !isZstd(b) || len(b) > 1<<12 {
			return
		}
		whole := bytes.Clone(b)
		check(t, b)
		if !bytes.Equal(b, whole) {
			t.Error("writes into its input")
		}
	})
}
