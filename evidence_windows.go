package lockstile

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/windows/measure"
	"github.com/lockstile/lockstile/internal/windows/setup"
	"github.com/lockstile/lockstile/policy"
)

// measurePlaced returns no facts: the process is made after the command is known.
func measurePlaced(*systemLaunch) (*attest.Evidence, error) { return attest.NewEvidence(), nil }

// measureLaunch gathers the evidence on a suspended process.
func measureLaunch(l *systemLaunch, e *attest.Evidence, m attest.Machine) error {
	command := measure.Process{Who: "command", Handle: l.Process()}
	command.Thread(e, l.Thread())
	command.Token(e)
	command.Job(e, l.Job(), l.TryJob)
	command.Parameters(e, l.Desktop())
	command.Inherited(e, l.Canary())
	if len(m.Tries.Write) > 0 {
		command.Mitigations(e)
		measure.UILimits(e, l.Job())
		tried, err := l.Try(m.Tries.Write, m.Tries.Change, m.Tries.Rename, attest.Screen)
		if err != nil {
			return err
		}
		for _, t := range tried {
			e.Set(attest.Fact("trial."+t.What+" "+t.Path), t.How, t.Err)
		}
	}
	for name, how := range l.Network() {
		e.Set(attest.Fact("trial.network "+name), how, nil)
	}
	if m.Filtered {
		found, err := filters(m.Account)
		e.Set("network.filters", found, err)
	}
	return nil
}

// filters reports whether the filters of an account are as set up. The system may show
// filters to administrators alone.
func filters(account string) (string, error) {
	there, err := setup.Machine{}.Filters()
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return "not for this user to see", nil
	case err == nil && slices.Equal(there, setup.Filters(account)):
		return "as set up", nil
	}
	return fmt.Sprintf("%d, not as set up", len(there)), err
}

// readMachine measures the values for comparison with the suspended process.
func readMachine(i *intent) (attest.Machine, error) {
	own, err := measure.Self()
	if err != nil {
		return attest.Machine{}, err
	}
	var account string
	var filtered bool
	if w := i.plan.Windows; w != nil {
		account, filtered = w.AccountSID, w.Account == access.OfflineAccount
	}
	m := attest.Machine{
		OS: i.facts.OS, Shares: attest.Shares{Memory: i.facts.Memory}, Folders: attest.Folders{Protected: i.facts.Protected}, Asked: attest.Asked{Dir: i.command.Dir},
		Windows: attest.Windows{User: own.User, Privileges: own.Privileges, Account: account, Filtered: filtered},
	}
	if i.policy.Mode != policy.ModeDangerFullAccess {
		m.TempDir = filepath.Join(i.private, "tmp")
		m.Tries = attest.TriesOf(i.policy, m.Protected)
		if i.policy.Mode == policy.ModeWorkspaceWrite {
			m.Tries.Write = append(m.Tries.Write, m.TempDir)
		}
	}
	return m, nil
}

// culprit returns nothing: here the error of a failed step has the restriction.
func culprit(*systemLaunch, *launch.Fault, []attest.Expectation) (attest.Finding, bool) {
	return attest.Finding{}, false
}
