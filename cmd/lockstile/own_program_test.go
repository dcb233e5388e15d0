//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestOwnProgram checks that a command can't replace the program of the next start, nor a
// program in the same folder, even in a workspace that holds them.
func TestOwnProgram(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		code, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		bin := filepath.Join(p.ws, "tools", "bin")
		own, beside := filepath.Join(bin, "lockstile"), filepath.Join(bin, "lockstile-mcp")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{own, beside} {
			if err := os.WriteFile(name, code, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		script := `cd tools/bin; echo x > evil; chmod +x evil
for name in lockstile lockstile-mcp; do echo x >> $name; cp evil $name; mv -f evil $name; rm -f $name; ln -f evil $name; done
cd ..; mv bin b; cd ..; mv tools t; touch tools/bin/may-write`
		if out, err := p.command(own, "run", "--", "bash", "-c", script).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		for _, name := range []string{own, beside} {
			if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, code) {
				t.Errorf("%s was changed: %v", name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(bin, "may-write")); err != nil {
			t.Error(err)
		}
	})
}
