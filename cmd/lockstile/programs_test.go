//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFileCapabilities checks that programs with file capabilities start, without the
// capabilities. Only root can make such programs.
func TestFileCapabilities(t *testing.T) {
	if !root() {
		t.Skip("needs root")
	}
	text, err := os.ReadFile("/bin/cat")
	if err != nil {
		t.Fatal(err)
	}
	bothWays(t, func(t *testing.T, p *place) {
		for _, c := range []struct {
			name                          string
			flags, permitted, inheritable uint32
		}{{"ep", 1, 1 << unix.CAP_NET_RAW, 0}, {"p", 0, 1 << unix.CAP_NET_RAW, 0}, {"ei", 1, 0, 1 << unix.CAP_NET_RAW}} {
			name, file := c.name, p.ws+"/"+c.name
			if err := os.WriteFile(file, text, 0o755); err != nil {
				t.Fatal(err)
			}
			var value []byte // struct vfs_cap_data, version 2
			for _, word := range []uint32{0x02000000 | c.flags, c.permitted, c.inheritable, 0, 0} {
				value = binary.LittleEndian.AppendUint32(value, word)
			}
			if err := unix.Setxattr(file, "security.capability", value, 0); err != nil {
				t.Skip(err)
			}
			for _, mode := range []string{"read-only", "workspace-write"} {
				for _, how := range [][]string{{"./" + name, "/proc/self/status"}, {"sh", "-c", "./" + name + " /proc/self/status"}} {
					r := p.lockstile(append([]string{"run", "--sandbox", mode, "--"}, how...)...)
					if r.code != 0 || !strings.Contains(r.stdout, "CapPrm:\t0000000000000000") || !strings.Contains(r.stdout, "CapEff:\t0000000000000000") {
						t.Errorf("%s, %s: %+v", mode, how, r)
					}
				}
			}
		}
	})
}

// TestMissingInterpreter checks that a refusal names what is missing for a file that is
// there, and that the mend for CR LF mends the file.
func TestMissingInterpreter(t *testing.T) {
	bothWays(t, func(t *testing.T, p *place) {
		put := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(p.ws+"/"+name, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		put("crlf it's", "#!/bin/sh\r\necho mended\r\n")
		put("gone", "#!/opt/none/python9 -E\n")
		put("hidden", "#!"+p.dir+"/u/none\n")
		loader := strings.NewReplacer("/lib64/ld-linux", "/lib00/ld-linux", "/lib/ld-linux", "/li0/ld-linux")
		elf, err := os.ReadFile("/bin/true")
		if err != nil {
			t.Fatal(err)
		}
		put("elf", loader.Replace(string(elf)))
		for _, c := range [][2]string{{"crlf it's", "CR LF"}, {"gone", `"/opt/none/python9"`}, {"hidden", "/u/none"}, {"elf", "/ld-linux"}} {
			name, want := c[0], c[1]
			r := p.lockstile("run", "--", "./"+name)
			if r.code != 127 || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "interpreter") || strings.Contains(r.stderr, "there is no command") {
				t.Errorf("%s: %+v", name, r)
			}
		}
		r := p.lockstile("run", "--", "./crlf it's")
		_, mend, _ := strings.Cut(r.stderr, "line feeds alone: ")
		if out, err := p.command("sh", "-c", strings.TrimSpace(mend)).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v, %s", mend, err, out)
		}
		if r := p.lockstile("run", "--", "./crlf it's"); strings.TrimSpace(r.stdout) != "mended" {
			t.Errorf("%+v", r)
		}
		if r := p.lockstile("run", "--", "./none"); r.code != 127 || !strings.Contains(r.stderr, "there is no command") {
			t.Errorf("%+v", r)
		}
	})
}

// TestTarAsRoot checks that root unpacks an archive with files of other users, which are
// root's afterwards.
func TestTarAsRoot(t *testing.T) {
	if !root() {
		t.Skip("needs root")
	}
	bothWays(t, func(t *testing.T, p *place) {
		write(t, p.ws+"/f", "text")
		if r := p.do(p.command("tar", "-cf", p.ws+"/t.tar", "--owner=1000", "--group=1000", "f")); r.code != 0 {
			t.Fatalf("%+v", r)
		}
		r := p.lockstile("run", "--", "sh", "-c", "rm f && tar -xf t.tar && stat -c %u:%g f")
		if r.code != 0 || strings.TrimSpace(r.stdout) != "0:0" {
			t.Errorf("%+v", r)
		}
		r = p.lockstile("run", "--sandbox", "danger-full-access", "--", "sh", "-c", "tar -xf t.tar && stat -c %u:%g f")
		if r.code != 0 || strings.TrimSpace(r.stdout) != "1000:1000" {
			t.Errorf("%+v", r)
		}
		p.env = append(p.env, "TAR_OPTIONS=--same-owner")
		if r := p.lockstile("run", "--", "sh", "-c", "tar -xf t.tar"); r.code == 0 || !strings.Contains(r.stdout+r.stderr, "change ownership") {
			t.Errorf("the user's options are not handed on: %+v", r)
		}
	})
}
