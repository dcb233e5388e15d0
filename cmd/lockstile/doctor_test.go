//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

type finding struct {
	Name, Found, Mend string
	OK                bool
	Residual          string
}

func (p *place) doctor(cmd *exec.Cmd) (findings []finding, code int) {
	p.Helper()
	r := p.do(cmd)
	if err := json.Unmarshal([]byte(r.stdout), &findings); err != nil {
		p.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
	}
	return findings, r.code
}

func TestDoctor(t *testing.T) {
	p := newPlace(t)
	findings, code := p.doctor(p.command(program, "doctor", "--json"))
	if code != 0 || len(findings) < 13 {
		t.Errorf("exit %d, %+v", code, findings)
	}
	tried, residuals := 0, 0
	for _, f := range findings {
		if f.Residual == "" {
			tried++
		} else {
			residuals++
		}
	}
	if r := p.lockstile("doctor"); r.code != 0 || strings.Count(r.stdout, "\n  ok    ") != tried || residuals < 10 || strings.Contains(r.stdout, "neighbours") || wide(r.stdout) != "" {
		t.Errorf("exit %d: %s", r.code, r.stdout)
	}
}

// wide returns the first line that is more than 80 columns wide, but for a long path with at
// most a word before it, or has Markdown in it.
func wide(text string) string {
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > 81 && len(strings.Fields(line)) > 2 || strings.Contains(line, "`") {
			return line
		}
	}
	return ""
}

func TestDoctorResiduals(t *testing.T) {
	p := newPlace(t)
	r := p.lockstile("doctor", "--residuals")
	if line := wide(r.stdout); r.code != 0 || line != "" || !strings.Contains(r.stdout, "\nneighbours\n  gap    ") {
		t.Errorf("exit %d, %q: %s", r.code, line, r.stdout)
	}
	if findings, code := p.doctor(p.command(program, "doctor", "--residuals", "--json")); code != 0 || len(findings) < 10 {
		t.Errorf("exit %d: %+v", code, findings)
	}
	if exists(p.home + "/sandbox.log") {
		t.Error("something was started")
	}
}

// TestDoctorNamesWhatIsMissing takes away one means after the other, and checks that
// doctor names the missing means, with a mend, and finds the independent restrictions to
// hold.
func TestDoctorNamesWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct{ spoil, holds string }{
		"user namespace":         {"echo 0 > /proc/sys/user/max_user_namespaces", "seccomp"},
		"network namespace":      {"echo 0 > /proc/sys/user/max_net_namespaces", "fresh /proc"},
		"fresh /proc":            {"mount -t tmpfs none /proc/irq", "network namespace"},
		"own /dev and terminals": {"echo 0 > /proc/sys/user/max_mnt_namespaces", "network namespace"},
	} {
		t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
			p := newPlace(t)
			cmd := p.limited(c.spoil, "doctor", "--json")
			findings, code := p.doctor(cmd)
			if code != 1 {
				t.Errorf("exit %d", code)
			}
			for _, f := range findings {
				if f.Name == name && (f.OK || f.Mend == "") || f.Name == c.holds && !f.OK {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// limited is the program on a machine that a script has spoilt: in a user namespace with
// limits of its own.
func (p *place) limited(spoil string, args ...string) *exec.Cmd {
	unshare := []string{"--user", "--map-current-user", "--keep-caps", "--mount"}
	if os.Geteuid() == 0 {
		unshare = []string{"--user", "--map-root-user", "--mount"}
	}
	return p.command("unshare", slices.Concat(unshare, []string{"sh", "-c", spoil + ` && exec "$0" "$@"`, program}, args)...)
}

// TestDoctorNamesSecrets checks that doctor names files that look like secrets and that
// commands can read, and that the line of the mend hides them.
func TestDoctorNamesSecrets(t *testing.T) {
	p := newPlace(t)
	home := newHome(p)
	secret := []string{".config/tool/api_key", ".env", ".own/token.json", "client-secret.txt", "id_work", "we[i]rd.pem"}
	for _, name := range append(secret, ".ssh/id_ed25519", ".config/keymap.json", "id_work.pub", "notes.txt", "docs/id_x", ".own/deep/token", "hidden.key") {
		write(t, home+"/"+name, "text of "+name)
	}
	p.config("filesystem.deny_read = [\"~/hidden.key\"]\n")
	named := func() (out finding) {
		findings, _ := p.doctor(p.command(program, "doctor", "--json"))
		for _, f := range findings {
			if f.Name == "secrets in the home folder" {
				out = f
			}
		}
		return out
	}
	f := named()
	if want := "commands can read ~/" + strings.Join(secret, ", ~/") + ", which look like secrets by their names"; f.Found != want || !f.OK {
		t.Errorf("%+v\nwant %s", f, want)
	}
	_, line, _ := strings.Cut(f.Mend, "in config.toml: ")
	p.config(line + "\n")
	if f := named(); f.Name != "" {
		t.Errorf("after the mend: %+v", f)
	}
	r := p.lockstile("run", "--", "sh", "-c", "cd; cat hidden.key notes.txt .config/tool/api_key .env .own/token.json client-secret.txt id_work we*")
	if r.stdout != "text of notes.txt" {
		t.Errorf("%+v", r)
	}
	for _, n := range strings.Fields("a b c d e f g h i j k l") {
		write(t, home+"/"+n+".pem", "")
	}
	if f := named(); !strings.Contains(f.Found, " and 2 more,") || strings.Count(f.Mend, ".pem") != 11 {
		t.Errorf("%+v", f)
	}
}
