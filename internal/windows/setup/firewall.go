package setup

// Rule is a rule of Windows' firewall: it blocks everything in a direction for a user,
// under every profile. The firewall is the second layer behind the filters, and shows the
// block to a reader of the firewall's rules.
type Rule struct {
	Direction string // "in" or "out"
	User      string // the SID; for a changed rule, what is wrong
}

// Rules returns the rules that keep a user off the network.
func Rules(sid string) []Rule { return []Rule{{"in", sid}, {"out", sid}} }

// ruleName returns the firewall's name of a rule.
func ruleName(direction string) string {
	return "lockstile: " + Offline + " has no network (" + direction + ")"
}
