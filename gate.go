package lockstile

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/audit"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/tally"
	"github.com/lockstile/lockstile/internal/watch"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Gate starts commands and records the starts in a log. Several goroutines may use a
// Gate. The zero value is not usable; New and Open make a Gate.
type Gate struct {
	named    string // the product's own folder, as named by the caller
	opening  sync.Once
	opened   *refusal.Error // the error of the opening
	home     ownHome
	log      *audit.Log
	launcher *systemLauncher
	ahead    ahead
	watch    watch.Watch
	memory   memory
	missing  missingFeatures
	seats    seats
	ports    ports
	last     atomic.Pointer[lastPlan] // the last start's plan; the next start's plan is usually equal
	phases   *phases                  // of a timed start
}

// New returns a gate with log and folders in home. The first start opens the log; Explain
// and Doctor need no log, and make nothing.
func New(home string) *Gate { return &Gate{named: home} }

// Open returns a gate like New, with an open log. The error is a *refusal.Error: without
// a log, nothing starts.
func Open(home string) (*Gate, error) {
	g := New(home)
	if err := g.open(); err != nil {
		return nil, err
	}
	return g, nil
}

// open opens the log and the launcher, once. The error is a *refusal.Error.
func (g *Gate) open() error {
	g.opening.Do(func() {
		launcher := newLauncher() // prepares a tape in the background
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

// Close ends the prepared processes, and closes the log. A Child writes the end of the
// record in Wait: close the gate after all Waits.
func (g *Gate) Close() error {
	g.opening.Do(func() {
		g.opened = &refusal.Error{Code: refusal.CodeRecord, Stage: refusal.StageRecord, Reason: "the gate is closed", Hint: "open another one"}
	})
	if g.opened != nil {
		return nil
	}
	g.ahead.close()
	g.seats.close()
	return errors.Join(g.launcher.Close(), g.watch.Close(), g.log.Close())
}

// Start starts a command. Every error is a *refusal.Error; after an error no instruction
// of the command has run.
func (g *Gate) Start(r Request) (*Child, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	child, err := g.startOnPipes(r)
	if err != nil {
		refused := asRefusal(err)
		g.recordRefusal(r, refused)
		return nil, refused
	}
	return child, nil
}

// Prepare makes the processes of the next start under p ahead of time: the processes
// stand in their restrictions and wait for a command, whose start is quicker. The gate
// ends the processes if no start comes within a minute. environ is the Request.Env of the
// next command. Prepare reports no failure: the next start reports the failure.
func (g *Gate) Prepare(p policy.Policy, environ []string) {
	if p.Mode == policy.ModeDangerFullAccess || !placesAhead || g.open() != nil {
		return // nothing to restrict, or no way to prepare
	}
	seat := g.seats.hold()
	defer seat.keep() // for the next start
	if last := g.last.Load(); last != nil && last.of(complete(p, g.home, host.UserHome()), environ) {
		if again := last.inSeat(seat); again != nil {
			g.ahead.prepare(g.launcher, again) // if the plan no longer fits, the start will notice
			return
		}
	}
	knows := g.knows(Request{Policy: p})
	knows.seat = seat
	i, err := planFor(g.home, p, environ, knows, nil)
	if err == nil && makePrivate(i) == nil {
		g.ahead.prepare(g.launcher, i.plan)
	}
}

// Refused records the refusal of a request before the gate, usually because of the
// configuration.
func (g *Gate) Refused(r Request, why *refusal.Error) {
	if g.open() == nil {
		g.recordRefusal(r, why)
	}
}

// startOnPipes starts a command, with pipes of its own in place of the caller's.
func (g *Gate) startOnPipes(r Request) (*Child, error) {
	relay, err := pty.NewRelay([3]*os.File{r.Stdin, r.Stdout, r.Stderr})
	if err != nil {
		return nil, &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan, Reason: "the command can't get pipes of its own", Hint: "close pipes of other programs, or raise fs.pipe-user-pages-hard and the limit of open files", Err: err}
	}
	if relay != nil {
		r.Stdin, r.Stdout, r.Stderr = relay.Child[0], relay.Child[1], relay.Child[2]
	}
	child, err := g.start(r)
	if err != nil {
		relay.Close()
		return nil, err
	}
	relay.Start()
	child.relay = relay
	return child, nil
}

func (g *Gate) start(r Request) (*Child, error) {
	if err := g.recover(r.Policy); err != nil {
		return nil, err
	}
	if err := makeRoots(r.Policy); err != nil {
		return nil, err
	}
	c, err := g.confine(r)
	if err != nil {
		return nil, err
	}
	note := c.note
	if c.unpublish, err = g.publish(c.intent.policy, c.systemLaunch, c.intent.plan.Loopback); err != nil {
		c.Kill()
		return nil, errors.Join(err, note.Done())
	}
	tally.Count(tally.Verdict)
	if r.Ready != nil {
		<-r.Ready
	}
	record, err := g.recordStart(r, c)
	if err != nil {
		c.Kill()
		return nil, errors.Join(err, note.Done())
	}
	tally.Count(tally.Record)
	if len(c.intent.trusted.Absent) > 0 {
		_ = g.watch.Open() // after a failure the guard looks again and again
	}
	leadConnects(c)
	allowSockets(c)
	running, err := c.Release()
	if err != nil {
		tally.Count(tally.NoExec)
		c.leave()
		err = releaseRefused(c.intent.command, err)
		g.recordNoExec(record, err)
		return nil, errors.Join(err, note.Done())
	}
	out, in := c.Terminal()
	child := &Child{Terminal: out, TerminalInput: in, running: running, gate: g, record: record, kept: c.intent.command.Kept, explainer: explainer{c.intent.policy, r.Dir, r.Argv, c.intent.facts.Git.Dir, r.Explain}, trusted: c.intent.trusted, seat: c.seat, unpublish: c.unpublish, servers: g.serve(c.intent.policy, c.systemLaunch, record.Seq), pruner: newPruner(c.intent), note: note, suffix: c.intent.command.Denied}
	child.treeLimits = newTreeLimits(&g.memory, c.intent, c.systemLaunch, child.endTree)
	child.guard = takeback.NewGuard(&g.watch, child.guarded(c.intent))
	return child, nil
}

// confined is a process with all restrictions proven, waiting for the release.
type confined struct {
	*systemLaunch
	intent   *intent
	evidence *attest.Evidence
	verdict  attest.Verdict
	note     *takeback.Note // of the names to take back
	seat     *hold          // the private caches

	unpublish func() // takes the published ports away; nil before they are there
}

// Kill ends the processes, and gives the seat and the ports to the next start.
func (c *confined) Kill() {
	c.systemLaunch.Kill()
	c.leave()
}

// leave gives the seat and the ports to the next start.
func (c *confined) leave() {
	if c.unpublish != nil {
		c.unpublish()
	}
	c.seat.leave()
}

// confine places the command in the restrictions and measures them. If a restriction is
// not proven, no process is left.
func (g *Gate) confine(r Request) (*confined, error) {
	defer runtime.KeepAlive(r) // the files of r are used by number
	seat := g.seats.hold()
	seat.least = r.ofServers
	for tries := 1; ; tries++ {
		knows := g.knows(r)
		knows.seat = seat
		c, err := g.confineOnce(r, knows)
		switch {
		case err == errSeat:
			seat.change()
		case err == errMounts && tries < mostTries:
		case err == errMounts:
			seat.leave()
			return nil, &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Restriction: refusal.MountNamespace,
				Reason: "the machine's mounts change all the time, and one of them may show what is to be hidden", Hint: "try again when nothing is mounted or unmounted"}
		case err == nil:
			c.seat = seat
			return c, nil
		case !g.missing.learn(knows.missing, err):
			seat.leave()
			return nil, err
		}
	}
}

// knowledge is what a gate knows of the machine besides the facts.
type knowledge struct {
	missing  host.Missing
	loopback string // the network namespace of the gate's commands; "" for one of each command's own
	seat     *hold  // the seat for private caches; nil takes none
}

// knows returns the knowledge for a request. The first request without a network makes the
// network namespace of the gate.
func (g *Gate) knows(r Request) knowledge {
	out := knowledge{missing: g.missing.get()}
	if r.OwnLoopback || r.Policy.NetworkOpen() || r.Policy.Mode != policy.ModeReadOnly && r.Policy.Mode != policy.ModeWorkspaceWrite || out.missing.UserNamespaces {
		return out
	}
	out.loopback, _ = g.launcher.Loopback(networkKey(r.Policy), os.Geteuid(), os.Getegid()) // on failure each command gets a loopback alone, which is stricter
	return out
}

// networkKey tells the loopbacks of a gate apart: a command must not reach the listener for
// servers of a command with other rules.
func networkKey(p policy.Policy) string {
	if !p.NetworkByName() {
		return ""
	}
	return "+" + p.Network.Digest() // no name of a loopback has a plus
}

// mostTries is how often a start is begun anew for changed mounts.
const mostTries = 50

// errMounts means that the mounts changed between the look at the mounts and the copy.
var errMounts = errors.New("the mounts have changed meanwhile")

// errSeat means that processes for another plan have the seat.
var errSeat = errors.New("other processes have the private caches")

// confineOnce is confine for a machine with known gaps.
func (g *Gate) confineOnce(r Request, knows knowledge) (*confined, error) {
	mounts, err := watchMounts()
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	var begun beginning
	intended, err := prepareStart(g.home, r, knows, func(p policy.Policy, f host.Facts) {
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
	if !r.ofServers {
		g.last.Store(&lastPlan{intended.plan, intended.policy, r.Env, intended.facts.Pools})
	}
	if s := g.ahead.take(intended.plan); s != nil {
		if c, err := g.prove(intended, s); err == nil {
			begun.drop()
			return c, nil
		}
		// The prepared processes don't fit any more: a folder may have been replaced
		// since. A failure of the start itself shows again.
	}
	if g.ahead.sits(intended.plan) {
		begun.drop()
		return nil, errSeat
	}
	if err := makeCaches(intended.plan); err != nil {
		begun.drop()
		return nil, err
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

// prove sends the command to the placed processes, and measures the processes.
func (g *Gate) prove(intended *intent, s *placedLaunch) (*confined, error) {
	fault := leadToServers(intended, s)
	if fault == nil {
		fault = s.Give(intended.command)
	}
	g.phases.end(phaseGiven)
	// Meanwhile the processes are on their way.
	warmRecords()
	note, err := takeNote(intended, s.systemLaunch)
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
	return &confined{s.systemLaunch, intended, evidence, verdict, note, nil, nil}, nil
}

// prepareStart decides everything about a start, and makes the needed folders on the
// host. When the machine is known and the folders are not, prepareStart calls known.
func prepareStart(home ownHome, r Request, knows knowledge, known func(policy.Policy, host.Facts)) (*intent, error) {
	stdio, err := openStreams(r)
	if err != nil {
		return nil, err
	}
	i, err := planStart(home, r, knows, known)
	if err != nil {
		return nil, err
	}
	i.command.Stdio = stdio
	return i, makePrivate(i)
}

// gatherEvidence gathers the expectations and the evidence of a process on its way. The
// machine is measured while the process is on its way. fault is the error of the process
// so far.
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
		if i.plan.ByName {
			evidence.Set("servers.sockets", s.sockets, s.socketsErr)
		}
	}
	if fault != nil {
		return nil, nil, explainFault(i, s.systemLaunch, expected, fault)
	}
	return expected, evidence, nil
}
