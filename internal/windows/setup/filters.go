package setup

// Filter is one filter of the Windows Filtering Platform: it blocks what a user does
// at a layer, whatever the rest of it is. Addresses, ports and protocols are no
// conditions, so that none is forgotten: TCP, UDP, ICMP, names and loopback alike.
type Filter struct {
	Layer string // as the platform names it, without FWPM_LAYER_
	User  string // the SID
}

// layers are where a program's traffic can be decided by its user (Application Layer
// Enforcement): connecting, taking connections, listening, and taking a port. A
// datagram passes the first or the second.
var layers = []string{
	"ALE_AUTH_CONNECT", "ALE_AUTH_RECV_ACCEPT", "ALE_AUTH_LISTEN", "ALE_RESOURCE_ASSIGNMENT",
}

// Filters are those that keep a user off every network, loopback too: other programs
// of the machine listen there, proxies and databases among them.
func Filters(sid string) []Filter {
	var out []Filter
	for _, layer := range layers {
		for _, version := range []string{"_V4", "_V6"} {
			out = append(out, Filter{Layer: layer + version, User: sid})
		}
	}
	return out
}
