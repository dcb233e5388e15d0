package netproxy

import (
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/proxywire"
)

// A program that knows no proxy asks for the address of a name first. The name server inside
// answers with a stand-in: an address that no server has, and by which the proxy knows the
// name again. Nothing is looked up for an answer.

// mostStandIns is how many names of a start have a stand-in.
const mostStandIns = 4096

// standIns gives names their stand-ins. The zero value is empty and ready.
type standIns struct {
	mu     sync.Mutex
	byName map[string]netip.Addr
	byAddr map[netip.Addr]string
}

// of returns the stand-in of a name.
func (s *standIns) of(name string) (a netip.Addr, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok = s.byName[name]; ok {
		return a, true
	}
	n := len(s.byName) + 1
	if n > mostStandIns {
		return a, false
	}
	b := proxywire.StandIns.Addr().As4()
	b[2], b[3] = byte(n>>8), byte(n)
	a = netip.AddrFrom4(b)
	if s.byName == nil {
		s.byName, s.byAddr = map[string]netip.Addr{}, map[netip.Addr]string{}
	}
	s.byName[name], s.byAddr[a] = a, name
	return a, true
}

// name returns the host that a client means: of a stand-in the name.
func (s *standIns) name(host string) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, ok := s.byAddr[a.Unmap()]; ok {
		return name
	}
	return host
}

// mostQuestion is the most bytes of a question without extensions (RFC 1035, 4.2.1).
const mostQuestion = 512

// ServeNames answers questions for addresses until the socket is closed.
func (x *Proxy) ServeNames(c net.PacketConn) {
	b := make([]byte, 4*mostQuestion)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		if answer := x.answerName(b[:n]); answer != nil {
			_, _ = c.WriteTo(answer, from) // whoever asked may be gone
		}
	}
}

// standInSeconds is how long a program may keep an answer: a stand-in lasts as long as the
// command.
const standInSeconds = 60

// answerName returns the answer to a question, nil for what is none.
func (x *Proxy) answerName(question []byte) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(question)
	if err != nil || h.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil || h.OpCode != 0 {
		return nil
	}
	header := dnsmessage.Header{ID: h.ID, Response: true, RecursionDesired: h.RecursionDesired, RecursionAvailable: true}
	a, code := x.lookupInside(q)
	header.RCode = code
	out := dnsmessage.NewBuilder(nil, header)
	if out.StartQuestions() != nil || out.Question(q) != nil {
		return nil
	}
	if a.IsValid() {
		r := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: standInSeconds}
		if out.StartAnswers() != nil || out.AResource(r, dnsmessage.AResource{A: a.As4()}) != nil {
			return nil
		}
	}
	answer, err := out.Finish()
	if err != nil {
		return nil
	}
	return answer
}

// lookupInside returns the stand-in of an allowed name. To a question for something else than
// an IPv4 address the answer is empty.
func (x *Proxy) lookupInside(q dnsmessage.Question) (a netip.Addr, code dnsmessage.RCode) {
	h, err := netrules.ParseHost(strings.TrimSuffix(q.Name.String(), "."))
	if err != nil || h.Name() == "" || q.Class != dnsmessage.ClassINET {
		return a, dnsmessage.RCodeNameError
	}
	says := x.rules.DecideName(h)
	if !says.Allowed {
		if q.Type == dnsmessage.TypeA {
			_ = x.deny(proxywire.Decision{Via: viaDNS, Host: h.String(), Rule: says.Rule}, says.Reason)
		}
		return a, dnsmessage.RCodeNameError
	}
	if q.Type != dnsmessage.TypeA {
		return a, dnsmessage.RCodeSuccess
	}
	a, ok := x.standIns.of(h.Name())
	if !ok {
		return a, dnsmessage.RCodeServerFailure
	}
	return a, dnsmessage.RCodeSuccess
}
