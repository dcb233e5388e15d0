package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// runFlags are the flags of run.
type runFlags struct {
	settings.Flags
	tty  tty
	json bool
	join string // the name of a loopback
	argv []string
}

// tty says whether the command gets a terminal.
type tty int

const (
	ttyAuto tty = iota // when our three streams are terminals
	ttyYes
	ttyNo
)

func parseRun(set *flag.FlagSet, args []string) (runFlags, error) {
	var f runFlags
	f.Define(set)
	set.BoolFunc("tty", "", func(value string) error {
		yes, err := strconv.ParseBool(value)
		if f.tty = ttyNo; yes {
			f.tty = ttyYes
		}
		return err
	})
	set.BoolVar(&f.json, "json", false, "")
	set.StringVar(&f.join, "join", "", "")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	f.argv = set.Args()
	if len(f.argv) == 0 {
		return f, errors.New("no command is given")
	}
	return f, misplaced(set, args, f.argv)
}

// run starts a command, passes on the command's streams and signals, and returns its exit
// code.
func run(args []string) int {
	set := settings.NewFlagSet("run")
	f, err := parseRun(set, args)
	if err != nil {
		return usage.Say(set, err, args)
	}
	ignored.Keep()
	opened := aside(openGate)
	p, _, err := f.Load() // the configuration's file system may hang: a signal still ends us
	o := <-opened
	gate := o.gate
	if gate != nil {
		defer gate.Close()
	}
	if err != nil {
		recordRefusal(gate, f, err)
		return refused(err, f.json)
	}
	if o.err != nil {
		return refused(o.err, f.json)
	}
	if f.join != "" {
		if err := gate.JoinLoopback(f.join); err != nil {
			recordRefusal(gate, f, err)
			return refused(err, f.json)
		}
	}
	if p.Mode == policy.ModeDangerFullAccess {
		adoptOrphans()
		defer endOrphans()
	}
	excerpt := excerptOf(p)
	ends, err := connect(f.tty, p.TerminalEscapes, excerpt)
	if err != nil {
		return refused(err, f.json)
	}
	defer ends.drop() // drop also runs after a panic
	signals := newSignals()
	caught := aside(func() (none struct{}) { signals.catch(terminalSize(f.tty) != nil); return })
	child, err := start(gate, p, f, ends, caught)
	if err != nil {
		return refused(err, f.json)
	}
	if not := child.Record().NotHeld; not != "" && !f.json {
		plain.Err("lockstile: %s (docs/containers.md)\n", not)
	}
	stop := signals.passTo(child)
	err = ends.join(child)
	if err != nil {
		_ = child.Signal(syscall.SIGKILL) // nobody would see the command's output
	}
	exit, waitErr := child.Wait()
	stop()
	if err := errors.Join(err, waitErr, ends.leave()); err != nil {
		plain.Err("lockstile: %v\n", err)
	}
	if f.json {
		plain.ErrJSON(runResult{Exit: exit.Status(), Signal: int(exit.Signal), Denied: child.Denied(), Left: child.Left(), Closed: child.Closed(), NewTrust: child.NewTrustLines(), Exceeded: child.Exceeded(), Ended: child.Ended(), Because: child.EndedBecause(), Obstacles: child.Obstacles(), NotHeld: child.Record().NotHeld})
		return statusOf(child, exit)
	}
	for _, f := range child.Closed() {
		plain.Err("lockstile: read-only: %s (%s)\n", f.Path, f.Why)
	}
	if why := child.Exceeded(); why != "" {
		plain.Err("lockstile: ended for a limit, %s (limits in config.toml)\n", why)
	}
	if why := child.EndedBecause(); why != "" {
		plain.Err("lockstile: ended: %s\n", why)
	}
	if ended := child.Ended(); len(ended) > 0 {
		plain.Err("lockstile: %s ended with the command: %s\n", backgroundProcesses(len(ended)), some(ended))
	}
	sayTakenBack(child)
	if lines := child.NewTrustLines(); len(lines) > 0 {
		plain.Err("lockstile: new or changed, and programs of the host may obey or start it:\n")
		for _, line := range lines {
			plain.Err("  %s\n", line)
		}
	}
	if exit.Status() != 0 {
		sayObstacles(child)
	}
	return statusOf(child, exit)
}

// exitLeft says that a name that programs of the host trust could not be taken back.
const exitLeft = 125

func statusOf(child *lockstile.Child, exit lockstile.Exit) int {
	if len(child.Left()) > 0 {
		return exitLeft
	}
	return exit.Status()
}

// sayTakenBack says what happened to the names that programs of the host trust.
func sayTakenBack(child *lockstile.Child) {
	for _, d := range child.Denied() {
		if d.Now == "" {
			plain.Err("lockstile: removed: %s (programs of the host trust that name, and the file system had no room to keep the file)\n", d.Path)
			continue
		}
		plain.Err("lockstile: taken back: %s is now %s (programs of the host trust that name)\n", d.Path, d.Now)
		if d.Name != "" {
			plain.Err("hint: lockstile takeback restore %s puts it back\n", d.Name)
		}
	}
	for _, path := range child.Left() {
		plain.Err("lockstile: not taken back: %s is there, and programs of the host trust that name; remove it: rm -rf %s\n", path, plain.ShellQuote(path))
	}
}

func backgroundProcesses(n int) string {
	if n == 1 {
		return "1 background process was"
	}
	return fmt.Sprintf("%d background processes were", n)
}

// some returns the first of many paths; the log has all of them.
func some(paths []string) string {
	const most = 5
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
}

// runResult is the final output of run --json.
type runResult struct {
	Exit      int                  `json:"exit"`
	Signal    int                  `json:"signal,omitempty"`
	Denied    []lockstile.Denied   `json:"denied,omitempty"`
	Left      []string             `json:"left,omitempty"`
	Closed    []lockstile.Closed   `json:"closed,omitempty"`
	Exceeded  string               `json:"exceeded,omitempty"`
	NewTrust  []string             `json:"new_trust,omitempty"`
	Obstacles []lockstile.Obstacle `json:"obstacles,omitempty"`
	Ended     []string             `json:"ended,omitempty"`
	Because   string               `json:"ended_because,omitempty"`
	NotHeld   string               `json:"not_held,omitempty"`
}

// flushTime is how long output may still come after the last process of the command has
// ended; another process may hold the other end of a pipe.
const flushTime = 2 * time.Second

// start starts the command after the signals are caught: no signal ends us during the
// start.
func start(gate *lockstile.Gate, p policy.Policy, f runFlags, ends *endpoints, caught <-chan struct{}) (*lockstile.Child, error) {
	request := lockstile.Request{Channel: "run", Policy: p, Argv: f.argv, Env: os.Environ(), Ready: caught, OwnLoopback: f.join == "", Explain: lockstile.Explain{Output: ends.output, Try: f.Try}}
	if ends.give(&request); request.Terminal == nil {
		request.Ignore = ignored.AtStart().Signals()
	}
	return gate.Start(request)
}

// opening is the result of opening the gate.
type opening struct {
	gate *lockstile.Gate
	err  error
}

func openGate() (o opening) {
	home, err := lockstile.Home()
	if err != nil {
		return opening{nil, err}
	}
	o.gate, o.err = lockstile.Open(home)
	return o
}

// aside runs f while the caller goes on, and returns a channel for the result.
func aside[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// recordRefusal logs the refusal of a bad configuration. If the log can't be written, the
// log is no better than the configuration, and nothing is lost.
func recordRefusal(gate *lockstile.Gate, f runFlags, err error) {
	var why *refusal.Error
	if gate != nil && errors.As(err, &why) {
		gate.Refused(lockstile.Request{Channel: "run", Argv: f.argv, Policy: policy.Policy{Workspace: f.Dir}, Terminal: terminalSize(f.tty)}, why)
	}
}

// refusedResult is a refusal in the output of --json.
type refusedResult struct {
	Refused     bool                `json:"refused"`
	Code        refusal.Code        `json:"code"`
	Stage       refusal.Stage       `json:"stage"`
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Reason      string              `json:"reason"`
	Hint        string              `json:"hint,omitempty"`
}

// refused prints why no command was started, and the mend.
func refused(err error, asJSON bool) int {
	r := &refusal.Error{Reason: err.Error()}
	errors.As(err, &r)
	if asJSON {
		reason := r.Reason
		if r.Err != nil {
			reason += ": " + r.Err.Error()
		}
		plain.ErrJSON(refusedResult{true, r.Code, r.Stage, r.Restriction, reason, r.Hint})
	} else {
		plain.Err("lockstile: %v\n", r)
		if r.Hint != "" {
			plain.Err("hint: %s\n", r.Hint)
		}
	}
	if r.Code == refusal.CodeNoCommand && errors.Is(r.Err, os.ErrNotExist) {
		return exitNoCmd
	}
	return exitRefused
}
