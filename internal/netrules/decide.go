package netrules

import (
	"net/netip"
	"slices"
)

// Rules are the rules of a command. The zero value allows nothing.
type Rules struct{ Allow, Deny, Private []Rule }

// Empty reports whether nothing is allowed.
func (r Rules) Empty() bool { return len(r.Allow)+len(r.Private) == 0 }

// ByAddress reports whether a rule opens an address as such.
func (r Rules) ByAddress(to netip.AddrPort) bool {
	return r.Decide(Host{addr: to.Addr().Unmap()}, to.Port()).Allowed
}

// Decision is what the rules say about a host and port.
type Decision struct {
	Allowed bool
	Rule    string // that decided; "" for none
	Reason  string // of a denial
}

// The reasons of denials.
const (
	noRule     = "no rule allows it"
	denied     = "a rule denies it"
	noAddress  = "the name leads to no address"
	badAddress = "the name leads to an address that no name may lead to: "
)

// Decide says whether a host and port may be reached. Of an allowed name the addresses are
// still to be chosen: a name that is not allowed must not be looked up, since a lookup
// tells a server the name.
func (r Rules) Decide(h Host, port uint16) Decision {
	if rule, ok := find(r.Deny, h, port); ok {
		return Decision{Rule: rule.text, Reason: denied}
	}
	if rule, ok := find(slices.Concat(r.Allow, r.Private), h, port); ok {
		return Decision{Allowed: true, Rule: rule.text}
	}
	return Decision{Reason: noRule}
}

// DecideName says whether a name may be reached on any port of its rules.
func (r Rules) DecideName(h Host) Decision {
	says := Decision{Reason: noRule}
	for _, rule := range slices.Concat(r.Allow, r.Private) {
		if rule.fits(h, rule.port) {
			if says = r.Decide(h, rule.port); says.Allowed {
				break
			}
		}
	}
	return says
}

// Choose chooses among the addresses of an allowed name those that may be dialled, in their
// order. own are the addresses of this machine. The reason says why there are none.
func (r Rules) Choose(h Host, port uint16, found, own []netip.Addr) (may []netip.Addr, reason string) {
	_, private := find(r.Private, h, port)
	for _, a := range found {
		if a = a.Unmap(); r.leads(a, port, private, own) && !slices.Contains(may, a) {
			may = append(may, a)
		}
	}
	switch {
	case len(may) > 0:
		return may, ""
	case len(found) > 0:
		return nil, badAddress + found[0].String()
	}
	return nil, noAddress
}

// leads reports whether a name may lead to an address.
func (r Rules) leads(a netip.Addr, port uint16, private bool, own []netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || within(neverRanges, a) || slices.Contains(own, a) {
		return false
	}
	if _, ok := find(r.Deny, Host{addr: a}, port); ok {
		return false
	}
	return private || !within(privateRanges, a)
}

func find(rules []Rule, h Host, port uint16) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.fits(h, port) })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}
