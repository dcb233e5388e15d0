//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
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
	if r := p.lockstile("doctor"); r.code != 0 || strings.Count(r.stdout, "\nok ")+1 != tried || residuals < 10 || !strings.Contains(r.stdout, "\n  reading ") {
		t.Errorf("exit %d: %s", r.code, r.stdout)
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
			args := []string{"--user", "--map-current-user", "--keep-caps", "--mount"}
			if os.Geteuid() == 0 {
				args = []string{"--user", "--map-root-user", "--mount"}
			}
			cmd := p.command("unshare", append(args, "sh", "-c", c.spoil+` && exec "$0" doctor --json`, program)...)
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
