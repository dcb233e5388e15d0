package socks

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
)

// TestAsk checks that the server's half understands the client's, and the other way round.
func TestAsk(t *testing.T) {
	for _, to := range []string{"93.184.216.34:443", "[2001:db8::1]:22"} {
		var answer bytes.Buffer
		both := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(append(Ask(netip.MustParseAddrPort(to)), "rest"...)), &answer}
		if err := Greet(both); err != nil {
			t.Fatal(err)
		}
		host, port, err := Request(both)
		if a, bad := netip.ParseAddr(host); err != nil || bad != nil || netip.AddrPortFrom(a, port) != netip.MustParseAddrPort(to) {
			t.Errorf("%s: %q %d, %v", to, host, port, err)
		}
		if err := Reply(&answer, NotAllowed); err != nil {
			t.Fatal(err)
		}
		if rest, _ := io.ReadAll(both.Reader); string(rest) != "rest" || answer.Len() != AnswerSize || Answered([AnswerSize]byte(answer.Bytes())) != NotAllowed {
			t.Errorf("%s: %q is left, and the answer is %v", to, rest, answer.Bytes())
		}
	}
}
