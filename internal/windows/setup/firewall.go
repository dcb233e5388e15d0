package setup

// Rule is one rule of Windows' firewall: it blocks all that a user does in one
// direction, under every profile. It is the second layer behind the filters, and says
// so to whoever looks at the firewall.
type Rule struct {
	Direction string // "in" or "out"
	User      string // the SID; with what is wrong, where it isn't just as it was made
}

// Rules are those that keep a user off the network.
func Rules(sid string) []Rule { return []Rule{{"in", sid}, {"out", sid}} }

// ruleName is what the firewall knows a rule by.
func ruleName(direction string) string {
	return "lockstile: " + Offline + " has no network (" + direction + ")"
}
