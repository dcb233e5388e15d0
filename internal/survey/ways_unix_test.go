//go:build unix

package survey

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// TestWays checks that each file that decides about the next start is guarded with
// each link on the way, and that an absent file must not appear.
func TestWays(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ws := filepath.Join(dir, "ws")
	for _, d := range []string{ws + "/real/deep", ws + "/bin", dir + "/home"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"home/config.toml": ws + "/first", "ws/first": "real/second", "ws/real/second": "../../elsewhere/config.toml",
		"home/private": ws + "/real/deep", "home/loop": ws + "/loop", "ws/loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: ws}
	got := &Trusted{ids: map[string]trail.ID{}, Leads: map[string]string{}}
	pins := newPins(got, p)
	for _, to := range []string{dir + "/home/config.toml", dir + "/home/private", dir + "/home/loop", ws + "/bin/lockstile-mcp", dir + "/home/none"} {
		if err := pins.follow(lead{to: to, next: true}); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(got.There)
	if want := []string{ws + "/first", ws + "/loop", ws + "/real/deep", ws + "/real/second"}; !slices.Equal(slices.Compact(got.There), want) {
		t.Errorf("guarded is %q, want %q", got.There, want)
	}
	if len(got.Absent) != 1 || got.Absent[0].Dir != ws+"/bin" || !slices.Equal(got.Absent[0].Names, []string{"lockstile-mcp"}) {
		t.Errorf("must not come to be: %+v", got.Absent)
	}
	if err := pins.follow(lead{to: ws, next: true}); err == nil {
		t.Error("a whole root decides about the next start")
	}
}
