//go:build linux

package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestManyStarts looks for refusals without a reason: first starts in sequence, then many
// at once.
func TestManyStarts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	p := newPlace(t)
	for i := range 1000 {
		if r := p.lockstile("run", "--", "true"); r.code != 0 {
			t.Fatalf("start %d: exit %d: %s", i, r.code, r.stderr)
		}
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 50 {
				if r := p.lockstile("run", "--", "true"); r.code != 0 {
					t.Errorf("start %d of 50, 8 at once: exit %d: %s", i, r.code, r.stderr)
				}
			}
		})
	}
	group.Wait()
	p.verify()
	starts, ends := 0, 0
	for _, l := range p.logLines() {
		switch l.Event {
		case "start":
			starts++
		case "end":
			ends++
		default:
			t.Errorf("line %+v", l)
		}
	}
	if starts != 1400 || ends != 1400 {
		t.Errorf("%d starts and %d ends in the log, want 1400 of each", starts, ends)
	}
	left, err := os.ReadDir(filepath.Join(p.home, "private"))
	if err != nil || len(left) != 1 {
		t.Errorf("%d folders for one workspace: %v", len(left), err)
	}
}
