package measure

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
)

// TestDefaultList checks that the list of this process consists of SIDs, the system's SID
// among them.
func TestDefaultList(t *testing.T) {
	got, err := defaultList(windows.GetCurrentProcessToken())
	if err != nil || !slices.Contains(strings.Fields(got), access.System) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestMembership checks the memberships of this process.
func TestMembership(t *testing.T) {
	own := windows.GetCurrentProcessToken()
	for name, c := range map[string]struct {
		is   func(windows.SIDAndAttributes) bool
		want string
	}{
		"logon session": {func(g windows.SIDAndAttributes) bool {
			return g.Attributes&windows.SE_GROUP_LOGON_ID == windows.SE_GROUP_LOGON_ID
		}, "a member"},
		"nobody": {func(windows.SIDAndAttributes) bool { return false }, "not a member"},
	} {
		if got, err := membership(own, c.is); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := membership(0, func(windows.SIDAndAttributes) bool { return false }); err == nil {
		t.Error("no token, and no error")
	}
}
