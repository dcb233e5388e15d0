package gate

import (
	"path/filepath"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/measure"
	"github.com/lockstile/lockstile/policy"
)

// lookStanding finds nothing yet: the process is made when its command is known.
func lookStanding(*launch.Launch) (*attest.Evidence, error) { return attest.NewEvidence(), nil }

// look gathers the evidence on a process that is suspended.
func look(l *launch.Launch, e *attest.Evidence, m attest.Machine) error {
	command := measure.Process{Who: "command", Handle: l.Process()}
	command.Token(e)
	command.Job(e, l.Job(), l.TryJob)
	command.Parameters(e)
	command.Inherited(e, l.Canary())
	if len(m.Tries.Write) > 0 {
		measure.UILimits(e, l.Job())
		command.Try(e, m.Tries)
	}
	return nil
}

// readMachine measures what the suspended process is compared with.
func readMachine(i *intent) (attest.Machine, error) {
	own, err := measure.Self()
	if err != nil {
		return attest.Machine{}, err
	}
	m := attest.Machine{OS: i.facts.OS, User: own.User, Privileges: own.Privileges, Dir: i.command.Dir, Protected: i.facts.Protected}
	if i.policy.Mode != policy.ModeDangerFullAccess {
		m.TempDir = filepath.Join(i.private, "tmp")
		m.Tries = attest.TriesOf(i.policy, m.Protected)
		m.Tries.Write = append(m.Tries.Write, m.TempDir)
	}
	return m, nil
}

// culprit finds nothing: here a step that fails tells itself what it was for.
func culprit(*launch.Launch, *launch.Fault, []attest.Expectation) (attest.Finding, bool) {
	return attest.Finding{}, false
}
