package cli

import (
	"testing"

	"github.com/lockstile/lockstile"
)

func TestModuleNote(t *testing.T) {
	for module, want := range map[string]string{
		"": "", "(devel)": "", "v" + lockstile.Version: "", "v0.99.0": " (v0.99.0)",
		"v0.0.0-20260101000000-0123456789ab+dirty": " (v0.0.0-20260101000000-0123456789ab+dirty)",
	} {
		if got := moduleNote(module); got != want {
			t.Errorf("%q: %q, want %q", module, got, want)
		}
	}
}
