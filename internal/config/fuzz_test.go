//go:build unix

package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// FuzzLoad checks that for any file Load either refuses in a readable line or returns a
// complete policy.
func FuzzLoad(f *testing.F) {
	base, err := filepath.EvalSymlinks(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	in := Input{Home: filepath.Join(base, "home/.lockstile"), UserHome: filepath.Join(base, "home"), Workspace: filepath.Join(base, "work")}
	for _, dir := range []string{in.Home, in.Workspace} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			f.Fatal(err)
		}
	}
	file := filepath.Join(in.Home, "config.toml")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Load(in)
		if err != nil {
			var r *refusal.Error
			if !errors.As(err, &r) || r.Stage != refusal.StageConfig || r.Reason == "" || len(r.Reason) > 2000 || hasControl(r.Reason) {
				t.Errorf("%q", err)
			}
			return
		}
		if p.Mode == policy.ModeUnset || p.Approval == policy.ApprovalUnset || len(p.Values) != len(keys) {
			t.Errorf("incomplete: %+v", p)
		}
		for _, r := range p.WritableRoots {
			if strings.HasPrefix(in.Home, r.Path) {
				t.Errorf("root %q contains the product's directory", r.Path)
			}
		}
	})
}
