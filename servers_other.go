//go:build !linux

package lockstile

// servers reaches servers by name; on this system package plan refuses the rules.
type servers struct{}

func (*Gate) beginServers(Request) *servers { return nil }

func (*servers) wait() error { return nil }

func (*servers) field() *networkField { return nil }

func (*servers) serve(*systemLaunch, uint64) error { return nil }

func (*servers) end() *connectionsField { return nil }

func (*servers) drop() {}

func leadToServers(*intent, *systemLaunch) error { return nil }
