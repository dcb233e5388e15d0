// Package proxywire has the messages between the gate and lockstile-net, which runs inside a
// sandbox of its own. Each message is a packet of JSON. Package proxywire must never carry
// a URL, a header or a query: the messages are for the log.
package proxywire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/lockstile/lockstile/internal/netrules"
)

// StandIns are the addresses that stand for names inside (RFC 2544, for tests of networks, which
// no server has). A connect to one of them is for the name.
var StandIns = netip.MustParsePrefix("198.18.0.0/15")

// Begin is the first message to lockstile-net. The listener comes with the message, and the
// name server's socket, if there is one.
type Begin struct {
	Allow   []string `json:"allow,omitempty"`
	Deny    []string `json:"deny,omitempty"`
	Private []string `json:"private,omitempty"`
}

// Decision is a message of lockstile-net. After an allowed decision lockstile-net waits for
// Recorded before it dials.
type Decision struct {
	Via     string   `json:"via"`  // "connect", "http", "socks", or "dns" for a name that is refused
	Host    string   `json:"host"` // in normal form, Unknown for what can't be a host
	Port    uint16   `json:"port"`
	Allowed bool     `json:"allowed"`
	Rule    string   `json:"rule,omitempty"` // the rule that decided
	Reason  string   `json:"reason,omitempty"`
	Address string   `json:"address,omitempty"` // that is dialled first
	Others  []string `json:"others,omitempty"`  // addresses that are dialled after it

	// Again counts requests that were allowed like a recorded one, since the last message with a
	// count. A message with a count has nothing else.
	Again int `json:"again,omitempty"`
}

// Unknown is the host of a decision about something that can't be a host.
const Unknown = "?"

// MostMessage is the most bytes of a message of lockstile-net.
const MostMessage = 2 << 10

// MostAddresses is how many addresses of a name are dialled.
const MostAddresses = 4

// Recorded is the answer to an allowed decision.
const Recorded = "recorded"

var errForm = errors.New("lockstile-net says something that is no decision")

const mostReason = 200

// ParseDecision reads a message of lockstile-net, which reads what a command wrote: each
// field is checked.
func ParseDecision(b []byte) (Decision, error) {
	var d Decision
	if len(b) > MostMessage {
		return Decision{}, errForm
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return Decision{}, fmt.Errorf("%w: %w", errForm, err)
	}
	if again := d.Again; again > 0 {
		if d.Again = 0; d.Via != "" || d.Host != "" || d.Port != 0 || d.Allowed || d.Rule != "" || d.Reason != "" || d.Address != "" || d.Others != nil {
			return Decision{}, errForm
		}
		return Decision{Again: again}, nil
	}
	known := d.Via == "connect" || d.Via == "http" || d.Via == "socks" || d.Via == "dns" && !d.Allowed
	if !known || d.Again < 0 || d.Allowed == (d.Reason != "") || len(d.Reason) > mostReason ||
		strings.ContainsFunc(d.Reason, func(r rune) bool { return r < ' ' || r > '~' }) {
		return Decision{}, errForm
	}
	if d.Host != Unknown {
		if host, err := netrules.ParseHost(d.Host); err != nil || host.String() != d.Host {
			return Decision{}, errForm
		}
	}
	if d.Rule != "" {
		if _, err := netrules.Parse(d.Rule); err != nil {
			return Decision{}, errForm
		}
	}
	if d.Allowed != (d.Address != "") || len(d.Others) >= MostAddresses {
		return Decision{}, errForm
	}
	for _, a := range append([]string{d.Address}, d.Others...) {
		if _, err := netip.ParseAddr(a); err != nil && a != "" {
			return Decision{}, errForm
		}
	}
	return d, nil
}
