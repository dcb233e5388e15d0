package suspended

import (
	"crypto/rand"
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/refusal"
)

// TestLogonSessionIsForDenials checks that the SID of the user's screen opens nothing to
// a command.
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

// TestPrivilegesGo checks that only a single privilege of ours is left.
func TestPrivilegesGo(t *testing.T) {
	before, err := allBut(windows.GetCurrentProcessToken(), changeNotify)
	if err != nil || len(before) == 0 {
		t.Fatalf("%v, %v", before, err)
	}
	h, err := platform{}.restrictToken([]string{"S-1-1-0"})
	if err != nil {
		t.Fatal(err)
	}
	defer platform{}.close(h)
	if left, err := allBut(windows.Token(h), changeNotify); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if left, err := allBut(windows.Token(h), 0); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestDefaultListCounts checks that only members of the default list can open the objects
// of a process.
func TestDefaultListCounts(t *testing.T) {
	for sddl, opens := range map[string]bool{"D:(A;;GA;;;WD)": true, "D:(A;;GA;;;S-1-5-21-1-2-3-4)": false} {
		sd, err := windows.SecurityDescriptorFromString(sddl)
		if err != nil {
			t.Fatal(err)
		}
		security := windows.SecurityAttributes{SecurityDescriptor: sd}
		security.Length = uint32(unsafe.Sizeof(security))
		name, err := windows.UTF16PtrFromString("lockstile-" + rand.Text())
		if err != nil {
			t.Fatal(err)
		}
		h, err := windows.CreateEvent(&security, 0, 0, name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := windows.OpenEvent(windows.EVENT_MODIFY_STATE, false, name)
		if opens != (err == nil) || !opens && err != windows.ERROR_ACCESS_DENIED {
			t.Errorf("%s: %v", sddl, err)
		}
		if err == nil {
			windows.CloseHandle(again)
		}
		windows.CloseHandle(h)
	}
}

// TestRestrictingSIDsAreRead checks that an invalid SID makes no token.
func TestRestrictingSIDsAreRead(t *testing.T) {
	var step *StepError
	if _, err := restrict(platform{}, &Confinement{Restricting: []string{"S-1-nobody"}}); !errors.As(err, &step) || step.Restriction != refusal.RestrictedToken {
		t.Errorf("%v", err)
	}
}
