//go:build unix

package config

import (
	"strings"
	"testing"
)

// TestNetworkRules checks that each rule that can't be is refused with its line and the
// reason.
func TestNetworkRules(t *testing.T) {
	for _, c := range []struct{ key, rule, reason string }{
		{"allow", "*", "every server"},
		{"allow", "*.com", "whole top-level domain"},
		{"allow", "0.0.0.0/0", "every server"},
		{"allow", "example.org:", "port is missing"},
		{"allow", "example.org:0", "is no port"},
		{"allow", "example.org:080", "is no port"},
		{"allow", "example.org:65536", "is no port"},
		{"allow", "https://example.org", ""},
		{"allow", "user@example.org", "is no host name"},
		{"allow", "exämple.org", "xn--"},
		{"allow", "0x7f.1:80", "usual notation"},
		{"allow", "2130706433:80", "usual notation"},
		{"allow", "127.1", "usual notation"},
		{"allow", "localhost:5432", "127.0.0.1"},
		{"allow", "10.0.0.1/8", "bits behind the network"},
		{"allow", "[fe80::1%eth0]:80", "zone"},
		{"deny", "a..b", "is no host name"},
		{"publish", "0.0.0.0:80:80", "no address of the loopback"},
		{"publish", "http", "is no port"},
		{"unix_sockets", "run/x.sock", "absolute"},
		{"unix_sockets", "/run/docker.sock", "rights of root"},
		{"unix_sockets", "/run/user/1000/bus", "starts programs as you"},
		{"private", "a b", "is no host name"},
	} {
		_, err := Load(newInput(t, "[network]\n"+c.key+" = ["+`"`+map[string]string{"publish": "1", "unix_sockets": "/x.sock", "allow": "a.example.org", "deny": "a.example.org", "private": "a.example.org"}[c.key]+`", "`+c.rule+`"]`+"\n"))
		if err == nil || !strings.Contains(err.Error(), "config.toml:2: network."+c.key) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s %q: %v", c.key, c.rule, err)
		}
	}
}
