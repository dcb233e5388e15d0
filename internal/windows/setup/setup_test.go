package setup

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// machine is a Windows in memory, and fails as a Windows can: at the n-th call, with an
// error, or with a success that did nothing.
type machine struct {
	groups    map[string][]string // members, by name
	accounts  map[string]string   // passwords, by name
	rights    map[string][]string // by SID
	hidden    map[string]bool
	secrets   map[string]string
	filters   []Filter
	rules     []Rule
	runner    bool
	tools     bool
	plain     bool // we have no administrator's rights
	logons    int
	calls     int
	failAt    int
	nothing   bool
	passwords int
	user      string
	asked     int  // how often the rights were asked for
	refuses   bool // the user refuses the rights
}

func (m *machine) User() (string, error) { return ask(m, m.user, nil) }

// Elevate runs setup as another process of our program would.
func (m *machine) Elevate(remove bool, owner string) (done Done, err error) {
	m.asked++
	if m.refuses {
		return done, errors.New("not given")
	}
	m.plain = false
	defer func() { m.plain = true }()
	return Run(m, remove, owner)
}

func newMachine() *machine {
	return &machine{user: "S-user", groups: map[string][]string{"Users": {"S-user"}}, accounts: map[string]string{"user": "x"}, rights: map[string][]string{}, hidden: map[string]bool{}, secrets: map[string]string{}}
}

// state returns the visible state of a machine.
func (m *machine) state() string {
	return fmt.Sprint(m.groups, m.accounts, m.rights, m.hidden, m.secrets, m.filters, m.rules, m.runner, m.tools)
}

var errFails = errors.New("it fails")

// change calls do, except at the failing call.
func (m *machine) change(do func() error) error {
	m.calls++
	if m.calls != m.failAt {
		return do()
	}
	if m.nothing {
		return nil
	}
	return errFails
}

func ask[T any](m *machine, value T, err error) (T, error) {
	m.calls++
	if m.calls == m.failAt && !m.nothing {
		var none T
		return none, errFails
	}
	return value, err
}

func sid(name string) string { return "S-" + name }

func in[V any](all map[string]V, name string) error {
	if _, ok := all[name]; !ok {
		return fmt.Errorf("%s: %w", name, ErrAbsent)
	}
	return nil
}

func (m *machine) Elevated() (bool, error)              { return ask(m, !m.plain, nil) }
func (m *machine) GroupSID(name string) (string, error) { return ask(m, sid(name), in(m.groups, name)) }
func (m *machine) AccountSID(name string) (string, error) {
	return ask(m, sid(name), in(m.accounts, name))
}
func (m *machine) Members(group string) ([]string, error) {
	return ask(m, m.groups[group], in(m.groups, group))
}
func (m *machine) Rights(sid string) ([]string, error) {
	return ask(m, m.rights[sid], in(m.rights, sid))
}
func (m *machine) Hidden(name string) (bool, error) { return ask(m, m.hidden[name], nil) }
func (m *machine) Secret(name string) (string, error) {
	return ask(m, m.secrets[name], in(m.secrets, name))
}
func (m *machine) Filters() ([]Filter, error) { return ask(m, m.filters, nil) }
func (m *machine) FirewallRules() ([]Rule, error) {
	return ask(m, m.rules, nil)
}

func (m *machine) AddFirewallRules(r []Rule) error {
	return m.change(func() error { m.rules = append(m.rules, r...); return nil })
}

func (m *machine) RemoveFirewallRules() error {
	return m.change(func() error { m.rules = nil; return nil })
}

func (m *machine) NewPassword() (string, error) {
	m.passwords++
	return ask(m, fmt.Sprint("secret", m.passwords), nil)
}

func (m *machine) LogOn(name, password string) error {
	m.logons++
	return m.change(func() error {
		if m.accounts[name] != password {
			return errors.New("1326")
		}
		return nil
	})
}

func (m *machine) AddGroup(name, _ string) error {
	return m.change(func() error { m.groups[name] = nil; return nil })
}

func (m *machine) RemoveGroup(name string) error {
	return m.change(func() error {
		err := in(m.groups, name)
		delete(m.groups, name)
		return err
	})
}

func (m *machine) AddAccount(name, _, password string) error {
	return m.change(func() error { m.accounts[name] = password; return nil })
}

func (m *machine) RemoveAccount(name string) error {
	return m.change(func() error {
		err := in(m.accounts, name)
		delete(m.accounts, name)
		for g, members := range m.groups {
			m.groups[g] = slices.DeleteFunc(members, func(s string) bool { return s == sid(name) })
		}
		return err
	})
}

func (m *machine) AddMember(group, account string) error {
	return m.change(func() error { m.groups[group] = append(m.groups[group], sid(account)); return nil })
}

func (m *machine) AddRights(sid string, rights []string) error {
	return m.change(func() error { m.rights[sid] = rights; return nil })
}

func (m *machine) RemoveRights(sid string) error {
	return m.change(func() error { delete(m.rights, sid); return nil })
}

func (m *machine) Runner() (bool, error) { return ask(m, m.runner, nil) }

func (m *machine) InstallRunner() error {
	return m.change(func() error { m.runner = true; return nil })
}

func (m *machine) RemoveRunner() error {
	return m.change(func() error {
		if !m.runner {
			return ErrAbsent
		}
		m.runner = false
		return nil
	})
}

func (m *machine) ToolsOpen() (bool, error) { return ask(m, m.tools, nil) }

func (m *machine) OpenTools() error {
	return m.change(func() error { m.tools = true; return nil })
}

// CloseGrants reads the lists back itself: its success is a real success.
func (m *machine) CloseGrants() error {
	m.calls++
	if m.calls == m.failAt {
		return errFails
	}
	m.tools = false
	return nil
}

func (m *machine) Hide(name string) error {
	return m.change(func() error { m.hidden[name] = true; return nil })
}

func (m *machine) Unhide(name string) error {
	return m.change(func() error { delete(m.hidden, name); return nil })
}

func (m *machine) KeepSecret(name, password string) error {
	return m.change(func() error { m.secrets[name] = password; return nil })
}

func (m *machine) RemoveSecret(name string) error {
	return m.change(func() error {
		err := in(m.secrets, name)
		delete(m.secrets, name)
		return err
	})
}

func (m *machine) AddFilters(f []Filter) error {
	return m.change(func() error { m.filters = append(m.filters, f...); return nil })
}

func (m *machine) RemoveFilters() error {
	return m.change(func() error { m.filters = nil; return nil })
}

// whole reports whether everything is as Check says.
func whole(m *machine) bool {
	return !slices.ContainsFunc(Check(m), func(f Finding) bool { return !f.OK })
}

func TestMakeAndRemove(t *testing.T) {
	m := newMachine()
	before := m.state()
	if whole(m) {
		t.Fatal("nothing is there, and all holds")
	}
	if m.state() != before {
		t.Error("a check changes something")
	}
	made, err := Make(m)
	if err != nil || len(made) != len(steps()) || !whole(m) {
		t.Fatalf("%q, %v, %+v", made, err, Check(m))
	}
	if m.accounts[Offline] == m.accounts[Online] || m.secrets[Offline] != m.accounts[Offline] || len(m.filters) != 8 || !slices.Contains(m.groups[Group], sid(Online)) {
		t.Errorf("%s", m.state())
	}
	after, logons := m.state(), m.logons
	if made, err := Make(m); err != nil || len(made) != 0 || m.state() != after {
		t.Errorf("a second time makes %q, %v", made, err)
	}
	if m.logons != logons+2 {
		t.Errorf("%d logons are tried", m.logons-logons)
	}
	for range 2 {
		if err := Remove(m); err != nil || m.state() != before {
			t.Errorf("%v, left: %s", err, m.state())
		}
	}
}

// TestDrift checks that Check reports a foreign change, and that Make mends the change.
func TestDrift(t *testing.T) {
	for name, change := range map[string]func(*machine){
		"another password":     func(m *machine) { m.accounts[Offline] = "changed" },
		"no secret":            func(m *machine) { delete(m.secrets, Online) },
		"a filter gone":        func(m *machine) { m.filters = m.filters[1:] },
		"filters of another":   func(m *machine) { m.filters = Filters("S-other") },
		"a rule changed":       func(m *machine) { m.rules[1].User = "its Enabled is false" },
		"an account gone":      func(m *machine) { delete(m.accounts, Offline) },
		"a right gone":         func(m *machine) { m.rights[sid(Online)] = denied[1:] },
		"tools that are shut":  func(m *machine) { m.tools = false },
		"another runner":       func(m *machine) { m.runner = false },
		"shown at sign-in":     func(m *machine) { delete(m.hidden, Offline) },
		"out of the group":     func(m *machine) { m.groups[Group] = nil },
		"no group":             func(m *machine) { delete(m.groups, Group) },
		"no rights denied":     func(m *machine) { maps.DeleteFunc(m.rights, func(string, []string) bool { return true }) },
		"a filter more (ours)": func(m *machine) { m.filters = append(m.filters, Filter{"X", "S-other"}) },
	} {
		m := newMachine()
		if _, err := Make(m); err != nil {
			t.Fatal(err)
		}
		change(m)
		if whole(m) {
			t.Errorf("%s is not seen", name)
		}
		if _, err := Make(m); err != nil || !whole(m) {
			t.Errorf("%s: %v, %+v", name, err, Check(m))
		}
	}
}

// TestEachFailure lets each call fail in each way. Each time, Make must return an error
// or do no harm, and afterwards all can be made, and removed without a trace.
func TestEachFailure(t *testing.T) {
	before := newMachine().state()
	for _, nothing := range []bool{false, true} {
		for at := 1; ; at++ {
			m := newMachine()
			m.failAt, m.nothing = at, nothing
			_, err := Make(m)
			if m.calls < at {
				break
			}
			var why *Error
			if m.failAt = 0; err == nil && !whole(m) || err != nil && (!errors.As(err, &why) || why.Error() == "") {
				t.Errorf("call %d, %v: %v with %+v", at, nothing, err, Check(m))
			}
			if _, err := Make(m); err != nil || !whole(m) {
				t.Errorf("call %d, %v: then %v", at, nothing, err)
			}
		}
		for at := 1; ; at++ {
			m := newMachine()
			if _, err := Make(m); err != nil {
				t.Fatal(err)
			}
			m.calls, m.failAt, m.nothing = 0, at, nothing
			err := Remove(m)
			if m.calls < at {
				break
			}
			if err == nil && m.state() != before {
				t.Errorf("removing, call %d, %v: no error, and %s", at, nothing, m.state())
			}
			if m.failAt = 0; Remove(m) != nil || m.state() != before {
				t.Errorf("removing, call %d, %v: left %s", at, nothing, m.state())
			}
		}
		for at := 1; ; at++ { // an unreadable step doesn't hold
			m := newMachine()
			if _, err := Make(m); err != nil {
				t.Fatal(err)
			}
			m.calls, m.failAt = 0, at
			if holds := whole(m); m.calls >= at && holds {
				t.Errorf("checking, call %d: all holds", at)
			}
			if m.calls < at {
				break
			}
		}
	}
}

func TestNotElevated(t *testing.T) {
	m := newMachine()
	m.plain = true
	before := m.state()
	for _, do := range []func() error{func() error { _, err := Make(m); return err }, func() error { return Remove(m) }} {
		var why *Error
		if err := do(); !errors.As(err, &why) || m.state() != before {
			t.Errorf("%v", err)
		}
	}
}

// TestRun checks that Run asks for missing rights, once, and for the same user.
func TestRun(t *testing.T) {
	for _, plain := range []bool{false, true} {
		m := newMachine()
		m.plain = plain
		before := m.state()
		done, err := Run(m, false, "")
		m.plain = false
		if err != nil || len(done.Made) != len(steps()) || !done.Whole() || !whole(m) {
			t.Errorf("plain %v: %+v, %v", plain, done, err)
		}
		m.plain = plain
		if done, err := Run(m, true, ""); err != nil || done.Whole() || len(done.Findings) != len(steps()) || m.state() != before {
			t.Errorf("plain %v: %+v, %v, left %s", plain, done, err, m.state())
		}
		if plain && m.asked != 2 || !plain && m.asked != 0 {
			t.Errorf("plain %v: asked for %d times", plain, m.asked)
		}
	}
	none := newMachine()
	none.failAt = 1
	if _, err := Run(none, false, ""); !errors.Is(err, errFails) {
		t.Errorf("%v", err)
	}
	for name, change := range map[string]func(*machine){
		"refused":       func(m *machine) { m.plain, m.refuses = true, true },
		"another user":  func(m *machine) { m.user = "S-admin" },
		"not elevated":  func(m *machine) { m.plain = true },
		"no user":       func(m *machine) { m.failAt = 1 },
		"can't be told": func(m *machine) { m.failAt = 2 },
	} {
		m := newMachine()
		change(m)
		owner := "S-user"
		if name == "refused" {
			owner = ""
		}
		before := m.state()
		var why *Error
		if done, err := Run(m, false, owner); !errors.As(err, &why) || m.state() != before || len(done.Made) > 0 {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
}

func TestRules(t *testing.T) {
	got := Rules("S-1")
	if len(got) != 2 || got[0].User != "S-1" || ruleName(got[0].Direction) == ruleName(got[1].Direction) {
		t.Errorf("%v", got)
	}
}

func TestFilters(t *testing.T) {
	got := Filters("S-1")
	want := []Filter{}
	for _, l := range []string{"ALE_AUTH_CONNECT_V4", "ALE_AUTH_CONNECT_V6", "ALE_AUTH_RECV_ACCEPT_V4", "ALE_AUTH_RECV_ACCEPT_V6", "ALE_AUTH_LISTEN_V4", "ALE_AUTH_LISTEN_V6", "ALE_RESOURCE_ASSIGNMENT_V4", "ALE_RESOURCE_ASSIGNMENT_V6"} {
		want = append(want, Filter{l, "S-1"})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
