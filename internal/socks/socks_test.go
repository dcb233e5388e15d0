package socks

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
)

// said is a client that has said all, and keeps what it is told.
type said struct {
	io.Reader
	told bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) { return s.told.Write(b) }

func TestGreet(t *testing.T) {
	for text, want := range map[string]string{
		"\x05\x01\x00": "\x05\x00", "\x05\x02\x02\x00": "\x05\x00", "\x05\x01\x02": "\x05\xff", "\x05\x00": "\x05\xff",
		"\x04\x01\x00": "", "\x05": "", "\x05\x03\x00": "", "GET / HTTP/1.1\r\n": "",
	} {
		c := &said{Reader: strings.NewReader(text)}
		if err := Greet(c); c.told.String() != want || (err == nil) != (want == "\x05\x00") {
			t.Errorf("%q: %q, %v", text, c.told.String(), err)
		}
	}
}

func TestRequest(t *testing.T) {
	name := func(n string) string { return "\x05\x01\x00\x03" + string(rune(len(n))) + n + "\x01\xbb" }
	for text, want := range map[string]string{
		name("example.org"):                        "example.org 443 ",
		name("a\x00b@c."):                          "a\x00b@c. 443 ",
		"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50": "127.0.0.1 80 ",
		"\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x16": "::1 22 ",
		"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50":                       " 0 \x05\x07", // BIND
		"\x05\x03\x00\x01\x7f\x00\x00\x01\x00\x50":                       " 0 \x05\x07", // UDP ASSOCIATE
		"\x05\x01\x00\x02\x7f\x00\x00\x01\x00\x50":                       " 0 \x05\x08",
		"\x05\x01\x01\x01\x7f\x00\x00\x01\x00\x50":                       " 0 ",
		"\x04\x01\x00\x50\x7f\x00\x00\x01\x00":                           " 0 ",
		"\x05\x01\x00\x03\xffabc":                                        " 0 ",
		"\x05\x01\x00\x01\x7f":                                           " 0 ",
		"":                                                               " 0 ",
	} {
		c := &said{Reader: strings.NewReader(text + "rest")}
		host, port, err := Request(c)
		got := host + " " + strconv.Itoa(int(port)) + " " + c.told.String()[:min(2, c.told.Len())]
		if got != want || (err == nil) != (host != "") {
			t.Errorf("%q: %q, want %q (%v)", text, got, want, err)
		}
		if left, _ := io.ReadAll(c); err == nil && string(left) != "rest" {
			t.Errorf("%q: %q is left", text, left)
		}
	}
}

// FuzzRequest checks that no more is taken than the request, and that an answer has the
// length of a reply.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("\x05\x01\x00\x03\x03abc\x01\xbbrest"))
	f.Add([]byte("\x05\x01\x00\x04"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &said{Reader: bytes.NewReader(text)}
		host, _, err := Request(c)
		if n := c.told.Len(); n != 0 && n != 10 || err == nil && n != 0 {
			t.Errorf("%d bytes are told", n)
		}
		left, _ := io.ReadAll(c)
		if err == nil && (len(host) > 255 || !bytes.HasSuffix(text, left) || len(text)-len(left) > 4+1+255+2) {
			t.Errorf("%q, and %d bytes were taken", host, len(text)-len(left))
		}
	})
}
