package runner

import "testing"

// TestNetwork checks that without filters each trial gets through, and that no outcome is
// "filtered".
func TestNetwork(t *testing.T) {
	got := network()
	for _, name := range []string{"tcp4", "udp4", "listen4"} {
		if got[name] != NotFiltered {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	for _, name := range []string{"tcp6", "udp6", "listen6"} {
		if got[name] != NotFiltered && got[name] != NoNetwork {
			t.Errorf("%s: %q", name, got[name])
		}
	}
	if len(got) != 6 {
		t.Errorf("%v", got)
	}
}
