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
	f.Add([]byte(wholeSession))
	f.Add([]byte("[mcp_servers.a]\nurl = \"http://[::1]:1\"\nbearer_token_env_var = \"A\"\n[tui]\ntheme = 1\n[agents]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := Load(in)
		checkSessionOf(t, in, err)
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

// checkSessionOf checks that the session of a file is refused if the policy is, and is
// otherwise complete or refused in a readable line.
func checkSessionOf(t *testing.T, in Input, policyErr error) {
	t.Helper()
	p, s, err := LoadSession(in)
	if policyErr != nil && err == nil {
		t.Errorf("the policy is refused alone: %v", policyErr)
	}
	if err != nil {
		var r *refusal.Error
		if !errors.As(err, &r) || r.Stage != refusal.StageConfig || r.Reason == "" || len(r.Reason) > 2000 || hasControl(r.Reason) || p.Mode != policy.ModeUnset || s.Provider.URL != "" {
			t.Errorf("%q %+v", err, s)
		}
		return
	}
	if s.Provider.ID == "" || s.Provider.URL == "" || s.Provider.Idle <= 0 {
		t.Errorf("%+v", s.Provider)
	}
	for _, m := range s.Servers {
		if (m.Command == "") == (m.URL == "") || m.Start <= 0 || m.Call <= 0 || checkGiven([]string{serversKey, m.Name}) != "" {
			t.Errorf("%+v", m)
		}
	}
	for _, v := range s.variables {
		if checkVar(v) != "" {
			t.Errorf("variable %q", v)
		}
	}
}
