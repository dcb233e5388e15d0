// Package setup prepares a Windows machine for the elevated sandbox, once: accounts
// that commands run as, their secrets, and what keeps one of them off the network. It
// can say what of that is there, and take all of it away.
//
// It must never take a success for done without looking again, go on after what
// failed, or touch what it has not made by name.
package setup

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstile/lockstile/internal/access"
)

// The names of what is made.
const (
	Group   = access.SandboxGroup
	Offline = access.OfflineAccount
	Online  = access.OnlineAccount
)

// System is the machine that is set up. Queries of what isn't there give ErrAbsent.
type System interface {
	// Elevated reports whether we may set up anything.
	Elevated() (bool, error)
	// Elevate asks for the rights to, and has all made or removed with them, for an owner.
	Elevate(remove bool, owner string) (Done, error)
	// User is the SID of whoever runs this process.
	User() (string, error)

	GroupSID(name string) (string, error)
	AddGroup(name, comment string) error
	RemoveGroup(name string) error

	AccountSID(name string) (string, error)
	AddAccount(name, comment, password string) error
	RemoveAccount(name string) error

	// Members are the SIDs of a group's members.
	Members(group string) ([]string, error)
	AddMember(group, account string) error

	// Rights are the account rights of a SID, as LsaEnumerateAccountRights names them.
	Rights(sid string) ([]string, error)
	AddRights(sid string, rights []string) error
	RemoveRights(sid string) error

	// Hidden tells whether the sign-in screen leaves an account out.
	Hidden(account string) (bool, error)
	Hide(account string) error
	Unhide(account string) error

	// Secret is an account's password, kept so that this user alone can read it.
	Secret(account string) (string, error)
	KeepSecret(account, password string) error
	RemoveSecret(account string) error
	// LogOn tries a password once: a machine locks an account after some refusals.
	LogOn(account, password string) error

	// Filters are those of our own that hold now, in the Windows Filtering Platform.
	Filters() ([]Filter, error)
	AddFilters([]Filter) error
	RemoveFilters() error

	// FirewallRules are those of our own in Windows' firewall.
	FirewallRules() ([]Rule, error)
	AddFirewallRules([]Rule) error
	RemoveFirewallRules() error

	// Runner reports whether the program that commands are made by is there, just as
	// this version has it, where the accounts can run it and not change it.
	Runner() (bool, error)
	InstallRunner() error
	RemoveRunner() error

	// ToolsOpen reports whether the group may read and run the programs in the folders
	// of PATH that are the user's own.
	ToolsOpen() (bool, error)
	OpenTools() error
	// CloseGrants takes away all that this and starts added to access lists.
	CloseGrants() error

	// NewPassword makes a password that nobody can guess.
	NewPassword() (string, error)
}

// ErrAbsent says that what was asked for isn't there.
var ErrAbsent = errors.New("it isn't there")

// Finding is what one step found.
type Finding struct {
	Step  string `json:"step"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
}

// Error says which step failed, and whether anything was changed before it.
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

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// step is one thing that is there or not.
type step struct {
	name   string
	has    func(System) (bool, error)
	make   func(System) error
	unmake func(System) error         // nil where it goes with another one
	gone   func(System) (bool, error) // nil where it is gone when it isn't there
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

// Done is what Run did, and what there is after it.
type Done struct {
	Made     []string  `json:"made,omitempty"` // the steps that were made
	Findings []Finding `json:"findings"`
}

// Report is what setup tells: with --json, and to the process that had it elevated.
type Report struct {
	Done
	Error string `json:"error,omitempty"`
}

// Whole reports whether all is as it must be.
func (d Done) Whole() bool {
	return !slices.ContainsFunc(d.Findings, func(f Finding) bool { return !f.OK })
}

// Run makes everything or removes it, for the user who will start commands: owner, or
// whoever runs this process where it is "". Without an administrator's rights it asks
// for them, and the same is done with them elsewhere.
func Run(s System, remove bool, owner string) (Done, error) {
	var done Done
	user, err := s.User()
	if err != nil {
		return done, &Error{"the user", "can't be told", err}
	}
	if owner != "" && owner != user {
		// A secret that is sealed for the administrator is of no use to the user.
		return done, &Error{"the user", "the rights are those of another user: give yours an administrator's rights for this, or sign in as the one who will start commands", nil}
	}
	yes, err := s.Elevated()
	switch {
	case err != nil:
		return done, &Error{rights, "can't be told", err}
	case !yes && owner != "":
		return done, elevated(s) // asked for, and not there
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

// rights is the name of the one thing that setup needs to begin with.
const rights = "administrator's rights"

// Make makes what isn't there, in order, and looks at each again. Done twice, it
// changes nothing the second time. made names the steps that were made.
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

// Remove takes everything away, in the other order, and stops at what fails: what
// comes before it may be needed to find it again.
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

// absent turns "it isn't there" into no.
func absent(err error) (bool, error) {
	if errors.Is(err, ErrAbsent) {
		return false, nil
	}
	return false, fmt.Errorf("%w", err)
}
