package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

const runUse = "run [--sandbox MODE] [-C DIR] [--tty] [--json] -- CMD [ARG...]"

const runHelp = runUse + `

  --sandbox MODE   read-only: nothing is writable
                   workspace-write: DIR, and a private /tmp and TMPDIR (default)
                   danger-full-access: no restrictions; the record says so
  -C DIR           the workspace, and the command's working directory (default: here)
  --tty            give the command a terminal, --tty=false: pipes (default: a
                   terminal when stdin, stdout and stderr are one)
  --json           say a refusal, and the exit code, as a JSON object on stderr

exit code: the command's own; 128+N when signal N ended it; 126 refused, nothing
ran; 127 no such command; 2 the command line makes no sense`

// runFlags are the flags of run.
type runFlags struct {
	mode policy.Mode
	dir  string
	tty  tty
	json bool
	argv []string
}

// tty says whether the command gets a terminal.
type tty int

const (
	ttyAuto tty = iota // when our three streams are terminals
	ttyYes
	ttyNo
)

func parseRun(args []string) (runFlags, error) {
	f := runFlags{mode: policy.ModeWorkspaceWrite}
	set := flag.NewFlagSet("run", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Func("sandbox", "", func(name string) (err error) {
		f.mode, err = policy.ParseMode(name)
		return err
	})
	set.StringVar(&f.dir, "C", ".", "")
	set.BoolFunc("tty", "", func(value string) error {
		yes, err := strconv.ParseBool(value)
		if f.tty = ttyNo; yes {
			f.tty = ttyYes
		}
		return err
	})
	set.BoolVar(&f.json, "json", false, "")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	f.argv = set.Args()
	if len(f.argv) == 0 {
		return f, errors.New("no command is given")
	}
	return f, nil
}

// run starts one command, passes its streams and signals, and returns its code.
func run(args []string) int {
	f, err := parseRun(args)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return badUsage(err, runHelp)
		}
		return badUsage(err, runUse)
	}
	signals := catchSignals() // from here on, none ends us with the command half started
	if f.mode == policy.ModeDangerFullAccess {
		adoptOrphans()
		defer endOrphans()
	}
	ends, err := connect(f.tty)
	if err != nil {
		return refused(err, f.json)
	}
	child, gate, err := start(f, ends)
	if err != nil {
		ends.drop()
		return refused(err, f.json)
	}
	defer gate.Close()
	stop := signals.passTo(child)
	err = ends.join(child)
	if err != nil {
		_ = child.Signal(syscall.SIGKILL) // nobody would see what it does
	}
	exit, waitErr := child.Wait()
	stop()
	if err := errors.Join(err, waitErr, ends.leave()); err != nil {
		fmt.Fprintln(os.Stderr, "lockstile:", err)
	}
	if f.json {
		printJSON(os.Stderr, runResult{Exit: exit.Status(), Signal: int(exit.Signal)})
	}
	return exit.Status()
}

// runResult is what run --json says at the end.
type runResult struct {
	Exit   int `json:"exit"`
	Signal int `json:"signal,omitempty"`
}

func start(f runFlags, ends *endpoints) (*lockstile.Child, *lockstile.Gate, error) {
	home, err := lockstile.Home()
	if err != nil {
		return nil, nil, err
	}
	p, err := lockstile.NewPolicy(f.mode, f.dir)
	if err != nil {
		return nil, nil, err
	}
	gate, err := lockstile.Open(home)
	if err != nil {
		return nil, nil, err
	}
	request := lockstile.Request{Policy: p, Argv: f.argv, Env: os.Environ()}
	ends.give(&request)
	child, err := gate.Start(request)
	if err != nil {
		gate.Close()
		return nil, nil, err
	}
	return child, gate, nil
}

// refusedResult is a refusal as --json shows it.
type refusedResult struct {
	Refused     bool                `json:"refused"`
	Code        refusal.Code        `json:"code"`
	Stage       refusal.Stage       `json:"stage"`
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Reason      string              `json:"reason"`
	Hint        string              `json:"hint,omitempty"`
}

// refused says why nothing was started, and what would mend it.
func refused(err error, asJSON bool) int {
	r := &refusal.Error{Reason: err.Error()}
	errors.As(err, &r)
	if asJSON {
		reason := r.Reason
		if r.Err != nil {
			reason += ": " + r.Err.Error()
		}
		printJSON(os.Stderr, refusedResult{true, r.Code, r.Stage, r.Restriction, reason, r.Hint})
	} else {
		fmt.Fprintln(os.Stderr, "lockstile:", r)
		if r.Hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", r.Hint)
		}
	}
	if r.Code == refusal.CodeNoCommand && errors.Is(r.Err, os.ErrNotExist) {
		return exitNoCmd
	}
	return exitRefused
}

func printJSON(w io.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		b = fmt.Appendf(nil, "{\"error\":%q}", err.Error())
	}
	w.Write(append(b, '\n'))
}

// badUsage says what is wrong with a command line; asking for help is not.
func badUsage(err error, use string) int {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Printf("usage: lockstile %s\n", use)
		return exitOK
	}
	fmt.Fprintf(os.Stderr, "lockstile: %v\nusage: lockstile %s\n", err, use)
	return exitUsage
}
