package model

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// events reads all events of a stream.
func events(t testing.TB, in io.Reader, most int) (all []string, err error) {
	t.Helper()
	e := newEventReader(in, most)
	for {
		data, err := e.next()
		if err != nil {
			return all, err
		}
		all = append(all, string(data))
	}
}

func TestEvents(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                    nil,
		"data: a\n\n":                         {"a"},
		"data:a\r\rdata: b\r\n\r\ndata:c\n\r": {"a", "b", "c"},
		"\ufeffdata: a\n\n":                   {"a"},
		"\ufeff\ufeffdata: a\n\n":             nil,
		"data: a\n\n\ufeffdata: b\n\n":        {"a"},
		": hello\ndata: a\n:x\ndata: b\n\n":   {"a\nb"},
		"data\n\n":                            {""},
		"data: a\r\ndata: b\r\n\r\n":          {"a\nb"},
		"data\ndata\n\n":                      {"\n"},
		"data: half":                          nil,
		"data: a\n":                           nil,
		"event: x\nid: 1\nretry: 3\n\n":       nil,
		"data:  two\nDATA: no\n data: no\n\n": {" two"},
		"data: a:b: c\n\n\n\n\n":              {"a:b: c"},
		"data: nul\x00\n\n":                   {"nul\x00"},
	} {
		got, err := events(t, strings.NewReader(in), 1<<20)
		if !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
			t.Errorf("%q: %q %v, want %q", in, got, err, want)
		}
	}
}

func TestLongEventIsRefused(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("data: xxxxxxxxx\n", 10) + "\n",
		"data: " + strings.Repeat("x", 100) + "\n\n",
		": " + strings.Repeat("x", 100),
		strings.Repeat("data\n", 100) + "\n",
	} {
		if got, err := events(t, strings.NewReader(in), 64); !errors.Is(err, errLong) {
			t.Errorf("%.30q: %q %v", in, got, err)
		}
	}
	if got, err := events(t, strings.NewReader("data: "+strings.Repeat("x", 50)+"\n\n"), 64); len(got) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("%q %v", got, err)
	}
}

// TestCRIsEnough checks that an event is given out before the byte behind its last CR comes.
func TestCRIsEnough(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	go func() { _, _ = out.Write([]byte("data: a\r\r")) }()
	seen := make(chan string, 1)
	go func() {
		data, _ := newEventReader(in, 1<<10).next()
		seen <- string(data)
	}()
	select {
	case got := <-seen:
		if got != "a" {
			t.Errorf("%q", got)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the reader waits for a byte that doesn't come")
	}
}

// FuzzEvents checks that a stream means the same in pieces of any size.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: response.created\ndata: {\"type\":\"x\"}\n\ndata: a\r\n\r\n"), uint8(1))
	f.Add([]byte("data:a\r\rdata\n\n:c\ndata: b\ndata:  c\n\n"), uint8(2))
	f.Add([]byte("\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		const most = 1 << 10
		whole, err := events(t, bytes.NewReader(in), most)
		parts, err2 := events(t, pieces{bytes.NewReader(in), int(size)%64 + 1}, most)
		single, err3 := events(t, iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(in))), most)
		if !slices.Equal(whole, parts) || !slices.Equal(whole, single) || !errors.Is(err2, err) || !errors.Is(err3, err) {
			t.Fatalf("%q: %q %v, in pieces %q %v, by bytes %q %v", in, whole, err, parts, err2, single, err3)
		}
	})
}

// pieces reads a few bytes at a time.
type pieces struct {
	in   io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.in.Read(b[:min(len(b), p.size)]) }

// BenchmarkEvents shows that the time grows with the length, not with its square: the
// figures of each shape must be about the same.
func BenchmarkEvents(b *testing.B) {
	for name, unit := range map[string]string{"one line": "x", "many lines": "x\ndata: ", "many events": "x\n\ndata: ", "CR": "x\r\rdata: ", "comments": "\n:x"} {
		for _, size := range []int{1 << 16, 1 << 20, 1 << 24} {
			in := []byte("data: " + strings.Repeat(unit, size/len(unit)) + "\n\n")
			b.Run(name+"/"+map[int]string{1 << 16: "64K", 1 << 20: "1M", 1 << 24: "16M"}[size], func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				for b.Loop() {
					if _, err := events(b, bytes.NewReader(in), mostEvent); !errors.Is(err, io.EOF) {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
