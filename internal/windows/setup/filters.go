package setup

// Filter is a filter of the Windows Filtering Platform: it blocks all traffic of a user
// at a layer. Addresses, ports and protocols are no conditions, and thus none can be
// forgotten: TCP, UDP, ICMP, names and loopback alike.
type Filter struct {
	Layer string // as the platform names the layer, without FWPM_LAYER_
	User  string // the SID
}

// layers are the layers at which Windows decides about a program's traffic by the user
// (Application Layer Enforcement): connecting, taking connections, listening, and taking
// a port. A datagram passes the first or the second.
var layers = []string{
	"ALE_AUTH_CONNECT", "ALE_AUTH_RECV_ACCEPT", "ALE_AUTH_LISTEN", "ALE_RESOURCE_ASSIGNMENT",
}

// Filters returns the filters that keep a user off every network, with loopback: other
// programs of the machine listen there, proxies and databases among them.
func Filters(sid string) []Filter {
	var out []Filter
	for _, layer := range layers {
		for _, version := range []string{"_V4", "_V6"} {
			out = append(out, Filter{Layer: layer + version, User: sid})
		}
	}
	return out
}
