package lockstile

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/tally"
	"github.com/lockstile/lockstile/internal/watch"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Gate starts commands and keeps their records in one log. It may be used by
// several goroutines.
type Gate struct {
	named    string // the product's own folder, as the caller gave it
	opening  sync.Once
	opened   *refusal.Error // why the rest isn't there
	home     ownHome
	log      *audit.Log
	launcher *systemLauncher
	ahead    ahead
	watch    watch.Watch
	memory   memory
	missing  missingFeatures
	last     atomic.Pointer[lastPlan] // the last start's, which the next one's is like as a rule
	phases   *phases                  // of a start that is timed
}

// New returns a gate that keeps its log and folders in home. Its first start opens the
// log; Explain and Doctor need none, and make nothing.
func New(home string) *Gate { return &Gate{named: home} }

// Open returns a gate as New does, with its log open. The error is a *refusal.Error:
// without a log, nothing starts.
func Open(home string) (*Gate, error) {
	g := New(home)
	if err := g.open(); err != nil {
		return nil, err
	}
	return g, nil
}

// open opens what starts need, once. The error is a *refusal.Error.
func (g *Gate) open() error {
	g.opening.Do(func() {
		launcher := newLauncher() // which makes ready beside
		log, err := audit.Open(g.named)
		if err == nil {
			if g.home, err = locate(g.named); err != nil {
				log.Close()
			}
		}
		if err != nil {
			launcher.Close()
			g.opened = asRefusal(err)
			return
		}
		g.log, g.launcher = log, launcher
	})
	if g.opened != nil {
		return g.opened
	}
	return nil
}

// Close ends what waits for a start, and closes the log. Children write the end
// of their record until they have been waited for, so the gate is closed after
// them.
func (g *Gate) Close() error {
	g.opening.Do(func() {
		g.opened = &refusal.Error{Code: refusal.CodeRecord, Stage: refusal.StageRecord, Reason: "the gate is closed", Hint: "open another one"}
	})
	if g.opened != nil {
		return nil
	}
	g.ahead.close()
	return errors.Join(g.launcher.Close(), g.watch.Close(), g.log.Close())
}

// Start starts one command. Every error is a *refusal.Error; then no instruction
// of the command has run.
func (g *Gate) Start(r Request) (*Child, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	child, err := g.start(r)
	if err != nil {
		refused := asRefusal(err)
		g.recordRefusal(r, refused)
		return nil, refused
	}
	return child, nil
}

// Prepare has the processes of the next start under p made ahead: they stand in
// their restrictions and wait for one command, which starts the sooner for it. They
// are let go when none comes within a minute. environ is what that command's
// Request.Env will be. Where they can't be made, the start will say so.
func (g *Gate) Prepare(p policy.Policy, environ []string) {
	if p.Mode == policy.ModeDangerFullAccess || !placesAhead || g.open() != nil {
		return // there is nothing to stand in, or nobody who could
	}
	if last := g.last.Load(); last != nil && last.of(complete(p, g.home, host.UserHome()), environ) {
		g.ahead.prepare(g.launcher, last.plan) // should it not fit any more, its start will see
		return
	}
	i, err := planFor(g.home, p, environ, g.missing.get(), nil)
	if err == nil && makePrivate(i) == nil {
		g.ahead.prepare(g.launcher, i.plan)
	}
}

// Refused writes down that a request was refused before it reached the gate, for
// its configuration as a rule.
func (g *Gate) Refused(r Request, why *refusal.Error) {
	if g.open() == nil {
		g.recordRefusal(r, why)
	}
}

func (g *Gate) start(r Request) (*Child, error) {
	if err := g.recover(r.Policy); err != nil {
		return nil, err
	}
	c, err := g.confine(r)
	if err != nil {
		return nil, err
	}
	tally.Count(tally.Verdict)
	note := c.note
	if r.Ready != nil {
		<-r.Ready
	}
	record, err := g.recordStart(r, c)
	if err != nil {
		c.Kill()
		return nil, errors.Join(err, note.Done())
	}
	tally.Count(tally.Record)
	running, err := c.Release()
	if err != nil {
		tally.Count(tally.NoExec)
		err = releaseRefused(r, err)
		g.recordNoExec(record, err)
		return nil, errors.Join(err, note.Done())
	}
	out, in := c.Terminal()
	child := &Child{Terminal: out, TerminalInput: in, running: running, gate: g, record: record, trusted: c.intent.trusted, note: note, suffix: c.intent.command.Denied}
	child.treeLimits = newTreeLimits(&g.memory, c.intent, c.systemLaunch, child.endTree)
	child.guard = takeback.NewGuard(&g.watch, c.intent.trusted.Folders(), c.intent.trusted.Unwanted, child.suffix, child.endTree)
	return child, nil
}

// confined is a process in its restrictions, all of them proven, which waits
// for its release.
type confined struct {
	*systemLaunch
	intent   *intent
	evidence *attest.Evidence
	verdict  attest.Verdict
	note     *takeback.Note // of what is to be taken back
}

// confine places the command in its restrictions and measures them. Where one is
// not proven, nothing is left of the process.
func (g *Gate) confine(r Request) (*confined, error) {
	defer runtime.KeepAlive(r) // its files are handed on by their numbers
	for tries := 1; ; tries++ {
		missing := g.missing.get()
		c, err := g.confineOnce(r, missing)
		switch {
		case err == errMounts && tries < mostTries:
		case err == errMounts:
			return nil, &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Restriction: refusal.MountNamespace,
				Reason: "the machine's mounts change all the time, and one of them may show what is to be hidden", Hint: "try again when nothing is mounted or unmounted"}
		case err == nil || !g.missing.learn(missing, err):
			return c, err
		}
	}
}

// mostTries is how often a start is begun anew for changed mounts.
const mostTries = 50

// errMounts says that an attempt has a copy of other mounts than were looked at.
var errMounts = errors.New("the mounts have changed meanwhile")

// confineOnce is confine by what the machine is known to lack.
func (g *Gate) confineOnce(r Request, missing host.Missing) (*confined, error) {
	mounts, err := watchMounts()
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	var begun beginning
	intended, err := prepareStart(g.home, r, missing, func(p policy.Policy, f host.Facts) {
		g.phases.end(phaseMachine)
		if g.ahead.empty() {
			begun.begin(g.launcher, p, f)
		}
	})
	if err != nil {
		begun.drop()
		return nil, err
	}
	g.phases.end(phaseDecided)
	g.last.Store(&lastPlan{intended.plan, intended.policy, r.Env})
	if s := g.ahead.take(intended.plan); s != nil {
		if c, err := g.prove(intended, s); err == nil {
			begun.drop()
			return c, nil
		}
		// It isn't what is wanted now: a folder may have been replaced since it was
		// made. What is wrong with the start itself shows again.
	}
	placed, err := begun.place(g.launcher, intended.plan)
	if err != nil {
		return nil, launchRefused(err)
	}
	g.phases.end(phasePlaced)
	c, err := g.prove(intended, newPlaced(placed, intended.plan))
	if err == nil && intended.plan.Restricted() && mounts.Changed() {
		c.Kill()
		if err := c.note.Done(); err != nil {
			return nil, err
		}
		return nil, errMounts
	}
	return c, err
}

// prove gives processes their command, and measures them.
func (g *Gate) prove(intended *intent, s *placedLaunch) (*confined, error) {
	fault := s.Give(intended.command)
	g.phases.end(phaseGiven)
	// Here they are on their way for a while.
	warmRecords()
	note, err := takeNote(intended)
	if err != nil {
		s.Kill()
		return nil, err
	}
	g.phases.end(phaseNoted)
	expected, evidence, err := gatherEvidence(intended, s, fault)
	if err != nil {
		s.Kill()
		return nil, errors.Join(err, note.Done())
	}
	g.phases.end(phaseMeasured)
	verdict := attest.Appraise(expected, evidence)
	if !verdict.OK() {
		s.Kill()
		return nil, errors.Join(notProven(verdict), note.Done())
	}
	g.phases.end(phaseProven)
	return &confined{s.systemLaunch, intended, evidence, verdict, note}, nil
}

// prepareStart decides all of a start, and makes what it needs on the host. known is called
// beside it when the machine is known, and the folders are not.
func prepareStart(home ownHome, r Request, missing host.Missing, known func(policy.Policy, host.Facts)) (*intent, error) {
	stdio, err := openStreams(r)
	if err != nil {
		return nil, err
	}
	i, err := planStart(home, r, missing, known)
	if err != nil {
		return nil, err
	}
	i.command.Stdio = stdio
	return i, makePrivate(i)
}

// gatherEvidence gathers what is expected of a process on its way, and what is seen. The
// first is measured while it is on its way. fault is what became of it already.
func gatherEvidence(i *intent, s *placedLaunch, fault error) ([]attest.Expectation, *attest.Evidence, error) {
	machine, err := readMachine(i)
	if err != nil {
		return nil, nil, err
	}
	expected := attest.Expect(i.policy, machine)
	var evidence *attest.Evidence
	if fault == nil {
		evidence, fault = s.evidence()
	}
	if fault == nil {
		fault = measureLaunch(s.systemLaunch, evidence, machine)
	}
	if fault != nil {
		return nil, nil, explainFault(i, s.systemLaunch, expected, fault)
	}
	return expected, evidence, nil
}
