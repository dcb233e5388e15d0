package tlshello

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// helloOf is what a client of crypto/tls says first.
func helloOf(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer there.Close()
	go func() {
		tls.Client(here, config).Handshake()
		here.Close()
	}()
	there.SetReadDeadline(time.Now().Add(10 * time.Second))
	read, _, err := Read(there)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// serverName is the name that a server of crypto/tls reads.
func serverName(hello []byte) (name string, ok bool) {
	got := errors.New("got the name")
	err := tls.Server(&heard{Reader: bytes.NewReader(hello)}, &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		name = h.ServerName
		return nil, got
	}}).Handshake()
	return name, errors.Is(err, got)
}

// heard is a connection on which all has been said, and nobody reads.
type heard struct {
	net.Conn
	io.Reader
}

func (h *heard) Read(b []byte) (int, error)  { return h.Reader.Read(b) }
func (h *heard) Write(b []byte) (int, error) { return len(b), nil }
func (h *heard) Close() error                { return nil }
func (h *heard) SetDeadline(time.Time) error { return nil }
func (h *heard) SetWriteDeadline(time.Time) error {
	return nil
}

func TestRead(t *testing.T) {
	for name, config := range map[string]*tls.Config{
		"example.org":  {ServerName: "example.org"},
		"old.example":  {ServerName: "old.example", MaxVersion: tls.VersionTLS12},
		"many.example": {ServerName: "many.example", NextProtos: strings.Split(strings.Repeat("protocol,", 200)+"h2", ",")},
		"":             {InsecureSkipVerify: true},
	} {
		hello := helloOf(t, config)
		for _, part := range []int{1, 7, 100, len(hello)} { // the record, cut into several
			read, got, err := Read(&slow{in(hello, part), part})
			if err != nil || got != name || !bytes.Equal(read, in(hello, part)) {
				t.Errorf("%q in parts of %d: %q, %v", name, part, got, err)
			}
		}
		if got, ok := serverName(hello); !ok || got != name {
			t.Errorf("%q: the server reads %q", name, got)
		}
	}
}

// in cuts the only record of a hello into records with some bytes each.
func in(hello []byte, part int) (out []byte) {
	for rest := hello[headRecord:]; len(rest) > 0; {
		n := min(part, len(rest))
		if part > 16 || len(hello) < 400 { // not too many
			out = append(out, hello[0], hello[1], hello[2])
			out = binary.BigEndian.AppendUint16(out, uint16(n))
			out = append(out, rest[:n]...)
			rest = rest[n:]
			continue
		}
		return hello
	}
	return out
}

// slow gives a few bytes at a time.
type slow struct {
	rest []byte
	n    int
}

func (s *slow) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), s.n)], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func TestBadHellos(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "example.org"})
	with := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(hello)) }
	for what, text := range map[string][]byte{
		"nothing":             nil,
		"HTTP":                []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
		"ssh":                 []byte("SSH-2.0-OpenSSH_9.9\r\n"),
		"cut":                 hello[:len(hello)-1],
		"another type":        with(func(b []byte) []byte { b[0] = 23; return b }),
		"SSL 2":               {0x80, 0x2e, 1, 0, 2},
		"no hello":            with(func(b []byte) []byte { b[headRecord] = 2; return b }),
		"too long":            with(func(b []byte) []byte { b[headRecord+1] = 1; return b }),
		"an empty record":     append([]byte{22, 3, 1, 0, 0}, hello...),
		"a long record":       append([]byte{22, 3, 1, 0xff, 0xff}, make([]byte, 0xffff)...),
		"the name twice":      with(func(b []byte) []byte { return twice(b) }),
		"something behind it": with(func(b []byte) []byte { return longer(append(b, 0), 1) }),
	} {
		if _, name, err := Read(bytes.NewReader(text)); err == nil {
			t.Errorf("%s: %q", what, name)
		}
	}
}

// longer adds to the length of the record.
func longer(b []byte, n int) []byte {
	binary.BigEndian.PutUint16(b[3:], binary.BigEndian.Uint16(b[3:])+uint16(n))
	return b
}

// twice adds a second extension with a name, and mends all lengths.
func twice(b []byte) []byte {
	other := []byte("\x00\x00\x00\x0e\x00\x0c\x00\x00\x09other.org")
	at := headRecord + headMessage + lengthVersion + lengthRandom
	at += 1 + int(b[at])
	at += 2 + int(binary.BigEndian.Uint16(b[at:]))
	at += 1 + int(b[at])
	binary.BigEndian.PutUint16(b[at:], binary.BigEndian.Uint16(b[at:])+uint16(len(other)))
	binary.BigEndian.PutUint16(b[headRecord+2:], binary.BigEndian.Uint16(b[headRecord+2:])+uint16(len(other)))
	return longer(append(b, other...), len(other))
}

// FuzzRead checks that a server of crypto/tls reads no other name.
func FuzzRead(f *testing.F) {
	hello := helloOf(f, &tls.Config{ServerName: "example.org"})
	f.Add(hello)
	f.Add(helloOf(f, &tls.Config{ServerName: "a.example", MaxVersion: tls.VersionTLS12}))
	f.Add(twice(bytes.Clone(hello)))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, name, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		if !bytes.HasPrefix(text, read) {
			t.Fatal("other bytes than were sent")
		}
		if other, ok := serverName(read); ok && other != strings.TrimSuffix(name, ".") && other != name {
			t.Errorf("%q, and a server reads %q", name, other)
		}
	})
}
