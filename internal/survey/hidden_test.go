//go:build linux

package survey

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// under reports whether a path is one of some, or lies below one.
func under(path string, some []host.Covered) bool {
	return slices.ContainsFunc(some, func(c host.Covered) bool { return within(path, c.Path) })
}

// TestHiddenIsThePolicy: whatever the files and the rules, what is covered and not shown
// again is what the policy denies, and what it allows is granted.
func TestHiddenIsThePolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, err := os.MkdirTemp("", "lockstile-hidden-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(base)
		name := rapid.SampledFrom([]string{"a", "b", ".c", "d.key"})
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(name, 1, 4), 1, 12).Draw(t, "files") {
			file := filepath.Join(append([]string{base}, parts...)...)
			_ = os.MkdirAll(filepath.Dir(file), 0o700)
			_ = os.WriteFile(file, nil, 0o600)
		}
		ws := filepath.Join(base, "workspace")
		if err := os.Mkdir(ws, 0o700); err != nil {
			t.Fatal(err)
		}
		p := policy.Policy{Mode: policy.ModeReadOnly, Workspace: ws, Home: "/nowhere"}
		part := rapid.SampledFrom([]string{"a", "b", ".c", "d.key", "*", "*.key", "?", "**", "[ab]"})
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(part, 1, 3), 1, 5).Draw(t, "rules") {
			p.Read = append(p.Read, policy.ReadRule{Pattern: base + "/" + strings.Join(parts, "/"), Allow: rapid.Bool().Draw(t, "allow")})
		}
		h, err := Hidden(p)
		if err != nil {
			if p.DecideRead(ws).Allowed {
				t.Fatal(err)
			}
			return // the workspace may not be read
		}
		err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			allowed, hidden := p.DecideRead(path).Allowed, under(path, h.Covered) && !under(path, h.Shown)
			granted := slices.ContainsFunc(h.Readable, func(r string) bool { return within(path, r) })
			if allowed == hidden || allowed && !granted {
				t.Errorf("%s: allowed %v, hidden %v, granted %v\nrules %+v\n%+v", path, allowed, hidden, granted, p.Read, h.Covered)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWalkIsBounded: a pattern that leads everywhere is refused, not carried out.
func TestWalkIsBounded(t *testing.T) {
	p := policy.Policy{Mode: policy.ModeReadOnly, Workspace: "/", Read: []policy.ReadRule{{Pattern: "/**/nothing-has-this-name"}}}
	if _, err := Hidden(p); err == nil {
		t.Skip("this machine has few folders")
	}
}
