// Package setup prepares a Windows machine for the elevated sandbox, once: accounts for
// commands, the accounts' secrets, and filters and rules that keep the offline account
// off the network. Package setup can also check each step, and remove everything.
//
// Package setup must never take a success for done without looking again, go on after a
// failure, or touch a thing that it has not made by name.
package setup

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstile/lockstile/internal/access"
)

// The names of the group and the accounts.
const (
	Group   = access.SandboxGroup
	Offline = access.OfflineAccount
	Online  = access.OnlineAccount
)

// System is the machine to set up. A query of an absent object returns ErrAbsent.
type System interface {
	// Elevated reports whether we may set up anything.
	Elevated() (bool, error)
	// Elevate asks for an administrator's rights, and makes or removes everything with
	// them, for an owner.
	Elevate(remove bool, owner string) (Done, error)
	// User returns the SID of the current user.
	User() (string, error)

	GroupSID(name string) (string, error)
	AddGroup(name, comment string) error
	RemoveGroup(name string) error

	AccountSID(name string) (string, error)
	AddAccount(name, comment, password string) error
	RemoveAccount(name string) error

	// Members returns the SIDs of a group's members.
	Members(group string) ([]string, error)
	AddMember(group, account string) error

	// Rights returns the account rights of a SID, by their names in
	// LsaEnumerateAccountRights.
	Rights(sid string) ([]string, error)
	AddRights(sid string, rights []string) error
	RemoveRights(sid string) error

	// Hidden reports whether the sign-in screen leaves an account out.
	Hidden(account string) (bool, error)
	Hide(account string) error
	Unhide(account string) error

	// Secret returns an account's password. Only the current user can read the password.
	Secret(account string) (string, error)
	KeepSecret(account, password string) error
	RemoveSecret(account string) error
	// LogOn tries a password once: a machine locks an account after a few refusals.
	LogOn(account, password string) error

	// Filters returns our filters in the Windows Filtering Platform.
	Filters() ([]Filter, error)
	AddFilters([]Filter) error
	RemoveFilters() error

	// FirewallRules returns our rules in Windows' firewall.
	FirewallRules() ([]Rule, error)
	AddFirewallRules([]Rule) error
	RemoveFirewallRules() error

	// Runner reports whether the runner of our version is installed where the accounts
	// can run the runner, and can't change it.
	Runner() (bool, error)
	InstallRunner() error
	RemoveRunner() error

	// ToolsOpen reports whether the group may read and run the programs in the user's own
	// folders of PATH.
	ToolsOpen() (bool, error)
	OpenTools() error
	// CloseGrants removes all entries that setup and starts added to access lists.
	CloseGrants() error

	// NewPassword makes a random password.
	NewPassword() (string, error)
}

// ErrAbsent says that the queried object is absent.
var ErrAbsent = errors.New("it isn't there")

// Finding is the result of checking a step.
type Finding struct {
	Step  string `json:"step"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
}

// Error names the failed step, and says at which point the step failed.
type Error struct {
	Step string
	What string
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Step + ": " + e.What
	}
	return e.Step + ": " + e.What + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// step is a part of the setup, present or absent.
type step struct {
	name   string
	has    func(System) (bool, error)
	make   func(System) error
	unmake func(System) error         // nil if another step removes the part
	gone   func(System) (bool, error) // nil if the part is gone when has says no
}

// Check looks at each step and changes nothing.
func Check(s System) []Finding {
	var out []Finding
	for _, one := range steps() {
		ok, err := one.has(s)
		f := Finding{Step: one.name, OK: ok && err == nil, Found: "as it must be"}
		switch {
		case err != nil:
			f.Found = "can't be told: " + err.Error()
		case !ok:
			f.Found = "not there, or not as it must be"
		}
		out = append(out, f)
	}
	return out
}

// Done says what Run did, and the findings after Run.
type Done struct {
	Made     []string  `json:"made,omitempty"` // the made steps
	Findings []Finding `json:"findings"`
}

// Report is the result of setup: for --json, and for the process that asked for the
// rights.
type Report struct {
	Done
	Error string `json:"error,omitempty"`
}

// Whole reports whether every finding is OK.
func (d Done) Whole() bool {
	return !slices.ContainsFunc(d.Findings, func(f Finding) bool { return !f.OK })
}

// Run makes or removes everything, for the user who will start commands: owner, or the
// current user if owner is "". Without an administrator's rights, Run asks for them, and
// an elevated process does the work.
func Run(s System, remove bool, owner string) (Done, error) {
	var done Done
	user, err := s.User()
	if err != nil {
		return done, &Error{"the user", "can't be told", err}
	}
	if owner != "" && owner != user {
		// Only the sealing user can read a secret: one sealed for the administrator is of
		// no use.
		return done, &Error{"the user", "the rights are those of another user: give yours an administrator's rights for this, or sign in as the one who will start commands", nil}
	}
	yes, err := s.Elevated()
	switch {
	case err != nil:
		return done, &Error{rights, "can't be told", err}
	case !yes && owner != "":
		return done, elevated(s) // the rights were asked for, and are absent
	case !yes:
		done, err := s.Elevate(remove, user)
		if err != nil {
			err = &Error{rights, "setup needs them", err}
		}
		return done, err
	case remove:
		err = Remove(s)
	default:
		done.Made, err = Make(s)
	}
	done.Findings = Check(s)
	return done, err
}

// rights is the name of the only precondition of setup.
const rights = "administrator's rights"

// Make makes the missing steps, in order, and checks each step again. A second Make
// changes nothing. made names the made steps.
func Make(s System) (made []string, err error) {
	if err := elevated(s); err != nil {
		return nil, err
	}
	for _, one := range steps() {
		ok, err := one.has(s)
		if err != nil {
			return made, &Error{one.name, "can't be told", err}
		}
		if ok {
			continue
		}
		if err := one.make(s); err != nil {
			return made, &Error{one.name, "can't be made", err}
		}
		made = append(made, one.name)
		switch ok, err := one.has(s); {
		case err != nil:
			return made, &Error{one.name, "can't be read back", err}
		case !ok:
			return made, &Error{one.name, "was made, and is not there", nil}
		}
	}
	return made, nil
}

// Remove removes everything, in reverse order, and stops at the first failure: finding
// the failed step again may need an earlier step.
func Remove(s System) error {
	if err := elevated(s); err != nil {
		return err
	}
	for _, one := range slices.Backward(steps()) {
		if one.unmake == nil {
			continue
		}
		if err := remove(s, one); err != nil {
			return err
		}
	}
	return nil
}

func remove(s System, one step) error {
	if err := one.unmake(s); err != nil && !errors.Is(err, ErrAbsent) {
		return &Error{one.name, "can't be taken away", err}
	}
	gone := one.gone
	if gone == nil {
		gone = func(s System) (bool, error) {
			there, err := one.has(s)
			return !there, err
		}
	}
	switch ok, err := gone(s); {
	case err != nil:
		return &Error{one.name, "can't be looked at after it was taken away", err}
	case !ok:
		return &Error{one.name, "was taken away, and is still there", nil}
	}
	return nil
}

func elevated(s System) error {
	yes, err := s.Elevated()
	switch {
	case err != nil:
		return &Error{rights, "can't be told", err}
	case !yes:
		return &Error{rights, "this shell has none: start it by \"run as administrator\"", nil}
	}
	return nil
}

// absent turns ErrAbsent into no.
func absent(err error) (bool, error) {
	if errors.Is(err, ErrAbsent) {
		return false, nil
	}
	return false, fmt.Errorf("%w", err)
}
