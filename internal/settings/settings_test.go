//go:build unix

package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lockstile/lockstile/policy"
)

// TestOnePolicy checks that a session has the policy of `lockstile run`, whatever the flags.
func TestOnePolicy(t *testing.T) {
	home, ws := filepath.Join(t.TempDir(), "home"), t.TempDir()
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "approval_policy = \"never\"\nmodel = \"m\"\n[profiles.p]\nmodel = \"n\"\n[profiles.p.limits]\nprocesses = 400\n"
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOCKSTILE_HOME", home)
	for _, args := range [][]string{
		{"-C", ws}, {"-C", ws, "--profile", "p", "-m", "o", "--oss"}, {"-C", ws, "--sandbox", "read-only", "-c", "limits.processes=500", "--provider", "ollama"},
	} {
		var f Flags
		set := NewFlagSet("x")
		f.DefineSession(set)
		if err := set.Parse(args); err != nil {
			t.Fatal(err)
		}
		alone, _, err := f.Load()
		if err != nil {
			t.Fatal(err)
		}
		with, s, at, err := f.LoadSession()
		if err != nil || at != home || !reflect.DeepEqual(alone, with) || with.Mode == policy.ModeUnset {
			t.Errorf("%q: %v\n%+v\n%+v", args, err, alone, with)
		}
		if want := map[bool]string{true: "o", false: "m"}[f.Model != ""]; s.Model != want || f.Provider != "" && s.Provider.ID != f.Provider {
			t.Errorf("%q: %+v", args, s)
		}
	}
}
