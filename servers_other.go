//go:build !linux

package lockstile

import "github.com/lockstile/lockstile/policy"

// ports has no published ports on this system.
type ports struct{}

func (*Gate) publish(policy.Policy, *systemLaunch, string) (end func(), err error) {
	return func() {}, nil
}

// servers reaches servers by name; on this system package plan refuses the rules.
type servers struct{}

func (*Gate) serve(policy.Policy, *systemLaunch, uint64) *servers { return nil }

func allowSockets(*confined) {}

func leadConnects(*confined) {}

func (*servers) denied() []refusedServer { return nil }

func (*servers) end() *connectionsField { return nil }

func leadToServers(*intent, *placedLaunch) error { return nil }
