package suspended

import (
	"errors"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/refusal"
)

// TestLogonSessionIsForDenials: what opens the user's screen opens nothing to a
// command.
func TestLogonSessionIsForDenials(t *testing.T) {
	h, err := platform{}.restrictToken([]string{"S-1-1-0"})
	if err != nil {
		t.Fatal(err)
	}
	made := windows.Token(h)
	defer made.Close()
	groups, err := made.GetTokenGroups()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range groups.AllGroups() {
		if g.Attributes&windows.SE_GROUP_LOGON_ID != windows.SE_GROUP_LOGON_ID {
			continue
		}
		seen++
		if g.Attributes&windows.SE_GROUP_USE_FOR_DENY_ONLY == 0 || g.Attributes&windows.SE_GROUP_ENABLED != 0 {
			t.Errorf("%s: attributes %#x", g.Sid, g.Attributes)
		}
	}
	if seen == 0 {
		t.Error("the token belongs to no logon session")
	}
}

// TestRestrictingSIDsAreRead: a SID that isn't one makes no token.
func TestRestrictingSIDsAreRead(t *testing.T) {
	var step *StepError
	if _, err := restrict(platform{}, &Confinement{Restricting: []string{"S-1-nobody"}}); !errors.As(err, &step) || step.Restriction != refusal.RestrictedToken {
		t.Errorf("%v", err)
	}
}
