package config

import (
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/policy"
)

// network returns the rules for servers by name.
func network(s settings) (policy.Network, error) {
	n := policy.Network{Allow: s.list(allowKey), Deny: s.list(denyKey), Private: s.list(privateKey), Publish: s.list(publishKey)}
	for _, text := range n.Publish {
		if _, err := netrules.ParsePublished(text); err != nil {
			return policy.Network{}, refuse("write PORT, PORT:PORT (the host's first) or ADDRESS:PORT:PORT",
				"%s%s: %s can't be published: %v", at(s.get(publishKey).from), publishKey, quote(text), err)
		}
	}
	for _, key := range [...]string{allowKey, denyKey, privateKey} {
		for _, text := range s.list(key) {
			if _, err := netrules.Parse(text); err != nil {
				return policy.Network{}, refuse("write NAME:PORT, *.DOMAIN:PORT, ADDRESS:PORT or NETWORK/BITS:PORT; without a port it is 443",
					"%s%s: %s can't be obeyed: %v", at(s.get(key).from), key, quote(text), err)
			}
		}
	}
	return n, nil
}
