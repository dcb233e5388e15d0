package setup

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/go-ole/go-ole"
	"github.com/tailscale/wf"
	"golang.org/x/sys/windows"
)

// TestSecret checks that the file is not the password, and that a foreign file is no
// secret.
func TestSecret(t *testing.T) {
	m := Machine{Home: t.TempDir()}
	if _, err := m.Secret(Offline); !errors.Is(err, ErrAbsent) {
		t.Errorf("%v", err)
	}
	password, err := m.NewPassword()
	if other, _ := m.NewPassword(); err != nil || len(password) < 26 || password == other {
		t.Fatalf("%q %v", password, err)
	}
	if err := m.KeepSecret(Offline, password); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Secret(Offline); err != nil || got != password {
		t.Errorf("%q, %v", got, err)
	}
	if sealed, err := os.ReadFile(m.secretFile(Offline)); err != nil || string(sealed) == password {
		t.Errorf("%q, %v", sealed, err)
	}
	for _, bad := range []string{"", "nothing that was sealed"} {
		if err := os.WriteFile(m.secretFile(Offline), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Secret(Offline); err == nil {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
	if err := m.RemoveSecret(Offline); err != nil {
		t.Error(err)
	}
	if err := m.RemoveSecret(Offline); !errors.Is(err, ErrAbsent) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(m.Home); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestHidden(t *testing.T) {
	m := Machine{}
	const name = "LockstileTest"
	for _, want := range []bool{false, true} {
		if got, err := m.Hidden(name); err != nil || got != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
		if !want {
			if err := m.Hide(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.Unhide(name); err != nil {
		t.Error(err)
	}
	if err := m.Unhide(name); !errors.Is(err, ErrAbsent) {
		t.Errorf("%v", err)
	}
}

// TestFilterOf checks that a changed filter differs from the made filter.
func TestFilterOf(t *testing.T) {
	const user = "S-1-5-21-1-2-3-1001"
	made := func(sid string) *wf.Rule {
		sd, err := windows.SecurityDescriptorFromString(match(sid))
		if err != nil {
			t.Fatal(err)
		}
		return &wf.Rule{
			Layer: wf.LayerALEAuthConnectV6, Sublayer: sublayerID, Provider: providerID, Weight: weight, Action: wf.ActionBlock, HardAction: true, Persistent: true,
			Conditions: []*wf.Match{{Field: wf.FieldALEUserID, Op: wf.MatchTypeEqual, Value: sd}},
		}
	}
	want := Filter{Layer: "ALE_AUTH_CONNECT_V6", User: user}
	if got := filterOf(made(user)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for name, change := range map[string]func(*wf.Rule){
		"it permits":        func(r *wf.Rule) { r.Action = wf.ActionPermit },
		"it is soft":        func(r *wf.Rule) { r.HardAction = false },
		"it goes at boot":   func(r *wf.Rule) { r.Persistent = false },
		"it is off":         func(r *wf.Rule) { r.Disabled = true },
		"it is light":       func(r *wf.Rule) { r.Weight = 1 },
		"it is elsewhere":   func(r *wf.Rule) { r.Sublayer = wf.SublayerID{} },
		"it asks for more":  func(r *wf.Rule) { r.Conditions = append(r.Conditions, &wf.Match{}) },
		"it asks nothing":   func(r *wf.Rule) { r.Conditions = nil },
		"it is for another": func(r *wf.Rule) { r.Conditions = made("S-1-5-21-9").Conditions },
		"another layer":     func(r *wf.Rule) { r.Layer = wf.LayerALEAuthConnectV4 },
		"no layer of ours":  func(r *wf.Rule) { r.Layer = wf.LayerInboundIPPacketV4 },
		"another field":     func(r *wf.Rule) { r.Conditions[0].Field = wf.FieldALEAppID },
		"all but this user": func(r *wf.Rule) { r.Conditions[0].Op = wf.MatchTypeNotEqual },
	} {
		r := made(user)
		change(r)
		if got := filterOf(r); got == want {
			t.Errorf("%s, and it is taken for whole", name)
		}
	}
}

// TestSystemThatLies checks that setup reports a success that did nothing, and removes
// the made steps again. (Another test covers a real Windows.)
func TestSystemThatLies(t *testing.T) {
	m := Machine{Home: t.TempDir()}
	if _, err := wf.New(nil); err == nil {
		t.Skip("a machine with a filtering platform is not for trying")
	}
	for _, f := range Check(m) {
		if f.OK {
			t.Errorf("%s holds, and nothing was made", f.Step)
		}
	}
	made, err := Make(asAdministrator{m})
	var why *Error
	if !errors.As(err, &why) {
		t.Errorf("made %q, %v", made, err)
	}
	t.Logf("made %q, then %v", made, err)
	if err := Remove(asAdministrator{m}); err == nil {
		t.Error("all is taken away, on a machine that can't say so")
	}
	for _, account := range []string{Offline, Online} {
		if _, err := m.Secret(account); !errors.Is(err, ErrAbsent) && err != nil {
			t.Error(err)
		}
	}
}

// asAdministrator claims an administrator's rights, for machines without administrators.
type asAdministrator struct{ Machine }

func (asAdministrator) Elevated() (bool, error) { return true, nil }

// TestFirewallRules checks that added rules are read back, and can be removed.
func TestFirewallRules(t *testing.T) {
	m := Machine{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if yes, err := m.Elevated(); err != nil || !yes {
		t.Skip("only an administrator may change the firewall")
	}
	var code *ole.OleError
	const undescribed = 0x8002802B // TYPE_E_ELEMENTNOTFOUND
	if _, err := m.FirewallRules(); errors.As(err, &code) && code.Code() == undescribed {
		t.Skip("the firewall doesn't tell what can be done with its rules")
	}
	must(m.RemoveFirewallRules())
	want := Rules("S-1-5-21-1-2-3-1001")
	must(m.AddFirewallRules(want))
	defer m.RemoveFirewallRules()
	got, err := m.FirewallRules()
	must(err)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	must(m.RemoveFirewallRules())
	if got, err := m.FirewallRules(); err != nil || len(got) != 0 {
		t.Errorf("left: %v, %v", got, err)
	}
}
