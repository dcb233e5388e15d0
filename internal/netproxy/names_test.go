package netproxy

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
)

// question writes a question for a name.
func question(t testing.TB, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: 7, RecursionDesired: true})
	if err := b.StartQuestions(); err != nil {
		t.Fatal(err)
	}
	if err := b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}); err != nil {
		t.Fatal(err)
	}
	out, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNamesInside checks the answers of the name server, and that a stand-in leads to its
// name. Nothing is looked up for an answer.
func TestNamesInside(t *testing.T) {
	w := newWorld(t, "ok.example:22 *.wild.example:* 93.184.216.40:22", "no.wild.example:* deny.example", "")
	w.name("ok.example", "93.184.216.34")
	w.serve("93.184.216.34:22", func(c net.Conn) { c.Write([]byte("here")) })
	ask := func(name string, kind dnsmessage.Type) (dnsmessage.RCode, string) {
		var m dnsmessage.Message
		if err := m.Unpack(w.proxy.answerName(question(t, name, kind))); err != nil || m.ID != 7 || len(m.Questions) != 1 {
			t.Fatalf("%s: %v %+v", name, err, m)
		}
		if len(m.Answers) == 0 {
			return m.RCode, ""
		}
		return m.RCode, netip.AddrFrom4(m.Answers[0].Body.(*dnsmessage.AResource).A).String()
	}
	_, standIn := ask("OK.example.", dnsmessage.TypeA)
	if a, err := netip.ParseAddr(standIn); err != nil || !proxywire.StandIns.Contains(a) {
		t.Fatalf("the stand-in is %q", standIn)
	}
	for _, c := range []struct {
		name   string
		kind   dnsmessage.Type
		code   dnsmessage.RCode
		answer bool
	}{
		{"ok.example.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, false},
		{"ok.example.", dnsmessage.TypeTXT, dnsmessage.RCodeSuccess, false},
		{"a.wild.example.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, true},
		{"no.wild.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, false},
		{"wild.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, false},
		{"secret-data.evil.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, false},
		{"93.184.216.40.", dnsmessage.TypeA, dnsmessage.RCodeNameError, false},
	} {
		if code, answer := ask(c.name, c.kind); code != c.code || (answer != "") != c.answer {
			t.Errorf("%s %v: %v %q", c.name, c.kind, code, answer)
		}
	}
	if len(w.asked) > 0 {
		t.Errorf("looked up: %q", w.asked)
	}
	if c, err := w.connect("connect", standIn+":22"); err != nil {
		t.Error(err)
	} else if b := make([]byte, 4); true {
		if _, err := c.Read(b); string(b) != "here" || err != nil || w.last().Host != "ok.example" {
			t.Errorf("%q, %v, decided %+v", b, err, w.last())
		}
	}
	if _, err := w.connect("connect", "198.18.200.1:22"); err == nil || !strings.Contains(err.Error(), "no rule") {
		t.Errorf("a stand-in of nobody: %v", err)
	}
}

// FuzzNames checks that the name server answers whatever comes without a lookup, and only
// with stand-ins.
func FuzzNames(f *testing.F) {
	f.Add(question(f, "ok.example.", dnsmessage.TypeA))
	f.Add(question(f, "evil.example.", dnsmessage.TypeALL))
	f.Add([]byte("\x00\x07\x01\x00\xff\xff\x00\x00\x00\x00\x00\x00\xc0\x0c"))
	rules, err := netrules.ParseAll([]string{"ok.example:22"}, nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	proxy := New(rules, func(proxywire.Decision) error { return nil })
	proxy.lookup = func(_ context.Context, name string) ([]netip.Addr, error) { panic("looked up " + name) }
	f.Fuzz(func(t *testing.T, b []byte) {
		answer := proxy.answerName(b)
		if len(answer) > 2*mostQuestion {
			t.Errorf("answered %d bytes", len(answer))
		}
		var m dnsmessage.Message
		if answer != nil && m.Unpack(answer) != nil {
			t.Errorf("the answer can't be read: %q", answer)
		}
	})
}
