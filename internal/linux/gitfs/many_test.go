//go:build linux

package gitfs

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestManyRefs checks that the time for a change of all packed refs, and for taking the
// change back, grows with the number of the refs and no faster.
func TestManyRefs(t *testing.T) {
	g := newGround(t)
	begin := time.Now()
	said, failed, report := g.run(`{ echo '# pack-refs with: peeled fully-peeled sorted '; seq -f "$(git rev-parse HEAD) refs/tags/t%05g" 20000; } > .git/packed-refs.new; mv .git/packed-refs.new .git/packed-refs`)
	if failed || len(report.Moves) != 20_000 {
		t.Fatalf("%s: %d moves", said, len(report.Moves))
	}
	f := g.folder()
	defer f.Close()
	skipped, err := f.Restore(report.Moves[:19_999], filepath.Join(g.home, "kept"))
	if err != nil || len(skipped) > 0 {
		t.Error(err, len(skipped))
	}
	if tags := strings.Fields(g.git("tag")); len(tags) != 1 {
		t.Errorf("%d tags of 1 are there", len(tags))
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("the changes took %v", took)
	}
}
