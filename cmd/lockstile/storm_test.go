//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestStormOfKills starts 1,600 commands, eight at a time, and kills a process of most at
// a random moment: lockstile, the init, or the command. Each command that ran must have a
// single start record, and no process may be left.
func TestStormOfKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	p := newPlace(t)
	mark := "LOCKSTILE_TEST_MARK=storm-" + filepath.Base(p.dir)
	p.env = []string{mark}
	mkdir(t, p.ws+"/sub/.git")
	mounts := hostMounts(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				way := ioFlags[rand.IntN(len(ioFlags))]
				id := fmt.Sprintf("id-%d-%d", worker, i)
				cmd := p.command(program, "run", way, "--", "sh", "-c", "echo "+id+" >> ran; mkdir -p .git sub/.claude; exec sleep 0.01")
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				if rand.IntN(4) > 0 {
					time.Sleep(time.Duration(rand.IntN(25_000)) * time.Microsecond)
					tree := append(descendants(t, cmd.Process.Pid), cmd.Process.Pid)
					syscall.Kill(tree[rand.IntN(len(tree))], syscall.SIGKILL) // a child of ours, not waited for yet, or of its tree
				}
				cmd.Wait()
			}
		})
	}
	group.Wait()
	(&running{place: p, mark: mark}).gone()
	if r := p.lockstile("run", "--", "true"); r.code != 0 {
		t.Errorf("the next start: %+v", r)
	}
	for _, gone := range []string{p.ws + "/.git", p.ws + "/sub/.claude"} {
		if exists(gone) {
			t.Errorf("%s is there", gone)
		}
	}
	p.verify()
	p.oneRecordEach()
	if now := hostMounts(t); now != mounts {
		t.Errorf("mounts before\n%s\nafter\n%s", mounts, now)
	}
	notes, err := filepath.Glob(p.home + "/private/*/notes/*")
	if err != nil || len(slices.DeleteFunc(notes, func(n string) bool { return strings.HasSuffix(n, ".new") })) != 0 {
		t.Errorf("notes are left: %q, %v", notes, err)
	}
}

// oneRecordEach compares the commands that ran with the start records.
func (p *place) oneRecordEach() {
	p.Helper()
	records := map[string]int{}
	for _, l := range p.logLines() {
		if l.Event == "start" && len(l.Argv) == 3 {
			records[strings.Fields(l.Argv[2])[1]]++
		}
	}
	text, err := os.ReadFile(p.ws + "/ran")
	if err != nil {
		p.Fatal(err)
	}
	ran := strings.Fields(string(text))
	for _, id := range ran {
		if records[id] != 1 {
			p.Errorf("%s ran, and has %d start records", id, records[id])
		}
	}
	if len(ran) < 200 {
		p.Errorf("only %d commands ran", len(ran))
	}
}

// hostMounts returns the table of mounts.
func hostMounts(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
