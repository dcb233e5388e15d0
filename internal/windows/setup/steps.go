package setup

import (
	"reflect"
	"slices"
)

// denied are the kinds of logon that no sandbox account has. The interactive kind stays,
// since CreateProcessWithLogonW starts the runner by an interactive logon; the account is
// left out of the sign-in screen, and nobody knows the password.
var denied = []string{"SeDenyNetworkLogonRight", "SeDenyRemoteInteractiveLogonRight", "SeDenyServiceLogonRight"}

// steps returns the steps in the order of making.
func steps() []step {
	out := []step{{
		name: "group " + Group,
		has: func(s System) (bool, error) {
			_, err := s.GroupSID(Group)
			return isThere(err)
		},
		make:   func(s System) error { return s.AddGroup(Group, "accounts that lockstile runs commands as") },
		unmake: func(s System) error { return s.RemoveGroup(Group) },
	}}
	for _, name := range []string{Offline, Online} {
		out = append(out, account(name), membership(name), logons(name), hidden(name))
	}
	out = append(out, step{
		name:   "the runner",
		has:    func(s System) (bool, error) { return s.Runner() },
		make:   func(s System) error { return s.InstallRunner() },
		unmake: func(s System) error { return s.RemoveRunner() },
	})
	out = append(out, step{
		name:   "the user's own tools on PATH",
		has:    func(s System) (bool, error) { return s.ToolsOpen() },
		make:   func(s System) error { return s.OpenTools() },
		unmake: func(s System) error { return s.CloseGrants() },
		gone:   func(System) (bool, error) { return true, nil }, // without the group, has can't check; CloseGrants reads back
	})
	return append(out,
		walls("network filters", Filters, System.Filters, System.AddFilters, System.RemoveFilters),
		walls("firewall rules", Rules, System.FirewallRules, System.AddFirewallRules, System.RemoveFirewallRules))
}

// walls returns the step of keeping the offline account off the network, in one place of
// the system: exactly the objects that must returns for the account's SID.
func walls[W any](name string, must func(sid string) []W, there func(System) ([]W, error), add func(System, []W) error, remove func(System) error) step {
	return step{
		name: name + " for " + Offline,
		has: func(s System) (bool, error) {
			sid, err := s.AccountSID(Offline)
			if err != nil {
				return absent(err)
			}
			are, err := there(s)
			if err != nil {
				return absent(err)
			}
			return reflect.DeepEqual(are, must(sid)), nil
		},
		make: func(s System) error {
			sid, err := s.AccountSID(Offline)
			if err != nil {
				return err
			}
			if err := remove(s); err != nil { // parts may exist
				return err
			}
			return add(s, must(sid))
		},
		unmake: remove,
	}
}

// account returns the step of making an account with a kept password. Account and
// password are useless without each other, and are made together.
func account(name string) step {
	return step{
		name: "account " + name,
		has: func(s System) (bool, error) {
			if _, err := s.AccountSID(name); err != nil {
				return absent(err)
			}
			password, err := s.Secret(name)
			if err != nil {
				return absent(err)
			}
			// Once: a refused password is not tried again.
			return s.LogOn(name, password) == nil, nil
		},
		make: func(s System) error {
			if _, err := isThere(s.RemoveAccount(name)); err != nil {
				return err
			}
			password, err := s.NewPassword()
			if err != nil {
				return err
			}
			if err := s.AddAccount(name, "commands of lockstile's sandbox run as this account", password); err != nil {
				return err
			}
			return s.KeepSecret(name, password)
		},
		unmake: func(s System) error {
			if _, err := isThere(s.RemoveSecret(name)); err != nil {
				return err
			}
			return s.RemoveAccount(name)
		},
		gone: func(s System) (bool, error) {
			_, err := s.Secret(name)
			if there, err := isThere(err); there || err != nil {
				return false, err
			}
			_, err = s.AccountSID(name)
			there, err := isThere(err)
			return !there, err
		},
	}
}

// isThere reads the error of a query.
func isThere(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	return absent(err)
}

func membership(name string) step {
	return step{
		name: name + " in " + Group,
		has: func(s System) (bool, error) {
			sid, err := s.AccountSID(name)
			if err != nil {
				return absent(err)
			}
			members, err := s.Members(Group)
			if err != nil {
				return absent(err)
			}
			return slices.Contains(members, sid), nil
		},
		make: func(s System) error { return s.AddMember(Group, name) },
	}
}

func logons(name string) step {
	return step{
		name: "logons denied to " + name,
		has: func(s System) (bool, error) {
			sid, err := s.AccountSID(name)
			if err != nil {
				return absent(err)
			}
			there, err := s.Rights(sid)
			if err != nil {
				return absent(err)
			}
			there = slices.Sorted(slices.Values(there))
			return slices.Equal(there, slices.Sorted(slices.Values(denied))), nil
		},
		make: func(s System) error {
			sid, err := s.AccountSID(name)
			if err != nil {
				return err
			}
			return s.AddRights(sid, denied)
		},
		unmake: func(s System) error { // before the account: afterwards nobody can look up the SID
			sid, err := s.AccountSID(name)
			if err != nil {
				return err
			}
			return s.RemoveRights(sid)
		},
		gone: func(s System) (bool, error) {
			sid, err := s.AccountSID(name)
			if there, err := isThere(err); !there {
				return err == nil, err
			}
			rights, err := s.Rights(sid)
			if there, err := isThere(err); !there {
				return err == nil, err
			}
			return len(rights) == 0, nil
		},
	}
}

func hidden(name string) step {
	return step{
		name:   name + " left out of the sign-in screen",
		has:    func(s System) (bool, error) { return s.Hidden(name) },
		make:   func(s System) error { return s.Hide(name) },
		unmake: func(s System) error { return s.Unhide(name) },
	}
}
