package pcaps

import (
	"compress/gzip"
	"io"
	"os"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// flusher is a compressor that can be told to hold nothing back.
type flusher interface {
	io.WriteCloser
	Flush() error
}

type plain struct{ io.WriteCloser }

func (plain) Flush() error { return nil }

// A packet that has arrived in a pipe is handed out before the next one comes.
func TestPipeIsLive(t *testing.T) {
	packings := map[string]func(w io.WriteCloser) flusher{
		"plain": func(w io.WriteCloser) flusher { return plain{w} },
		"gzip":  func(w io.WriteCloser) flusher { return gzip.NewWriter(w) },
		"zstd": func(w io.WriteCloser) flusher {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		},
	}
	for _, v := range variants() {
		for name, packing := range packings {
			t.Run(v.name+" "+name, func(t *testing.T) {
				r, pipe, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer pipe.Close()
				in := newInput("pipe", 0)
				in.file, in.raw.r = r, r
				m := &merge{inputs: []*input{in}}
				defer m.close()

				type answer struct {
					number uint64
					err    error
				}
				answers := make(chan answer)
				go func() {
					for {
						f, err := m.next()
						if err != nil {
							answers <- answer{0, err}
							return
						}
						answers <- answer{f.Number, nil}
					}
				}()
				await := func(want answer) {
					t.Helper()
					select {
					case got := <-answers:
						if got != want {
							t.Fatalf("got %v, want %v", got, want)
						}
					case <-time.After(10 * time.Second):
						t.Fatalf("%v is held back", want)
					}
				}

				w := packing(pipe)
				written := 0
				number := uint64(0)
				for _, e := range v.file.ends {
					if _, err := w.Write(v.file.b[written:e.at]); err != nil {
						t.Fatal(err)
					}
					if err := w.Flush(); err != nil {
						t.Fatal(err)
					}
					written = e.at
					if e.packet {
						number++
						await(answer{number, nil})
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if err := pipe.Close(); name != "plain" && err != nil {
					t.Fatal(err)
				}
				await(answer{0, io.EOF})
			})
		}
	}
}
