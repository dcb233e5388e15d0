package lockstile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/program"
	"github.com/lockstile/lockstile/refusal"
)

// asRefusal returns every error in the form for callers.
func asRefusal(err error) *refusal.Error {
	var r *refusal.Error
	if errors.As(err, &r) {
		return r
	}
	return &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Reason: "the start could not be prepared", Err: err}
}

// launchRefused explains why there is no confined process at all.
func launchRefused(err error) error {
	var known *refusal.Error
	if errors.As(err, &known) {
		return known
	}
	r := &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Reason: "the confined process could not be made", Err: err}
	var f *launch.Fault
	if errors.As(err, &f) {
		r.Restriction, r.Hint = f.Restriction, seeRefusals
		return r
	}
	var call *os.SyscallError
	if !errors.As(err, &call) || call.Syscall != "clone3" {
		return r
	}
	r.Code, r.Restriction = refusal.CodeUnsupported, refusal.UserNamespace
	switch {
	case errors.Is(err, syscall.EPERM):
		r.Hint = host.Place().AllowNamespaces()
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EUSERS):
		r.Hint = moreNamespaces
	case errors.Is(err, syscall.ENOSYS):
		r.Hint = "use Linux 5.9 or newer, and a container that lets clone3 through"
	case errors.Is(err, syscall.EMFILE):
		r.Hint = moreFiles
	case errors.Is(err, syscall.EAGAIN):
		r.Hint = "too many processes: see ulimit -u and the cgroup's pids.max"
	}
	return r
}

// explainFault names the restriction behind a failed launch. A missing restriction makes
// a later step fail: therefore the stopped process is measured before its end. Only
// restrictions that the process should have reached count, and only readable facts.
func explainFault(i *intent, l *systemLaunch, expected []attest.Expectation, err error) error {
	var refused *refusal.Error
	var absent *launch.ExecError
	var f *launch.Fault
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &absent): // known before the release on systems that make a process from the file
		return noCommand(i.command, refusal.StageConfine, absent)
	case !errors.As(err, &f):
		return launchRefused(err)
	}
	r := &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Restriction: f.Restriction, Reason: "a step of the launch failed", Err: f}
	switch {
	case f.Late:
		r.Code, r.Reason, r.Hint = refusal.CodeDeadline, "the launch took too long", "look at the machine's load, or at a file system that does not answer, and try again"
		return r
	case f.Step == nil:
		r.Code, r.Reason, r.Hint = refusal.CodeDied, "the launch ended before it was complete", "look for what ends processes here: memory limits, or a security product"
		return r
	}
	r.Hint = hintForStep(f)
	if x, ok := culprit(l, f, expected); ok {
		r.Restriction, r.Reason = x.Restriction, x.Reason()
	} else if f.Restriction == refusal.WorkingDir {
		r.Code, r.Reason, r.Hint = refusal.CodeInput, "the working directory can't be entered", "name a folder that is there inside: those in the host's /tmp and /run are not"
	}
	return r
}

// seeRefusals is the hint for reasons without a mend of their own.
const seeRefusals = "lockstile doctor shows what this machine allows"

func hintForStep(f *launch.Fault) string {
	forbidden := errors.Is(f.Step, syscall.EPERM) || errors.Is(f.Step, syscall.EACCES)
	switch {
	case forbidden && f.Restriction == refusal.Mount("/proc"):
		return host.Place().UnmaskProc()
	case errors.Is(f.Step, syscall.EBUSY) && f.Restriction == refusal.Seccomp:
		return "another program listens to calls in front of this one (a container manager, a sandbox), and the kernel allows one: start outside of it, or let the command have the network"
	case errors.Is(f.Step, syscall.ENOSPC):
		return moreNamespaces
	case errors.Is(f.Step, syscall.EDQUOT):
		return moreKeys
	case forbidden:
		return host.Place().AllowNamespaces()
	case errors.Is(f.Step, syscall.EMFILE), errors.Is(f.Step, syscall.EINVAL) && f.Restriction == "":
		return moreFiles
	}
	return seeRefusals
}

const moreNamespaces = "raise the limit: sysctl user.max_user_namespaces, max_net_namespaces and their like"

// moreKeys is the mend for too many keys: a user usually has 200 (keyrings(7)).
const moreKeys = "too many commands at once for one user, each with a keyring of its own: end some, or raise sysctl kernel.keys.maxkeys and kernel.keys.maxbytes"

const moreFiles = "raise the limit of open files: ulimit -n 256"

// notProven names the first restriction without proof.
func notProven(v attest.Verdict) error {
	r := &refusal.Error{Code: refusal.CodeNotProven, Stage: refusal.StageAttest, Reason: "nothing was expected of the start", Hint: seeRefusals}
	if len(v.Failed) == 0 {
		return r
	}
	f := v.Failed[0]
	r.Restriction, r.Reason = f.Restriction, f.Reason()
	if f.Restriction == refusal.Identity {
		r.Hint = "the program has changed its user or groups just now: try again"
	}
	if f.Got == "EACCES" && strings.HasPrefix(string(f.Fact), "trial.write in ") {
		r.Hint = "start lockstile as the owner of the folder: inside, root is nobody special"
	}
	return r
}

// releaseRefused tells a command that can't be executed from a launch that failed.
func releaseRefused(c launch.Command, err error) error {
	var x *launch.ExecError
	if !errors.As(err, &x) {
		return &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageRelease, Reason: "the command could not be released", Err: err}
	}
	return noCommand(c, refusal.StageRelease, x)
}

func noCommand(c launch.Command, stage refusal.Stage, x *launch.ExecError) error {
	name := c.Argv[0]
	out := &refusal.Error{Code: refusal.CodeNoCommand, Stage: stage, Err: x, Reason: fmt.Sprintf("%q can't be executed", name)}
	switch {
	case errors.Is(x, fs.ErrNotExist) && x.Path == "":
		out.Reason = fmt.Sprintf("there is no command %q inside the sandbox", name)
		out.Hint = "files in /tmp, /run and TMPDIR of the host are not there inside"
		if len(c.Argv) == 1 && strings.ContainsAny(name, " \t\n|&;<>$`") {
			out.Hint = "lockstile run -- bash -c " + plain.ShellQuote(name)
		}
		if file, interpreter := missingInterpreter(c); file != "" {
			out.Reason, out.Hint = fmt.Sprintf("%q has the interpreter %q, which isn't there inside the sandbox", file, interpreter), seeInterpreter
			if strings.HasSuffix(interpreter, "\r") {
				out.Reason, out.Hint = fmt.Sprintf("the first line of %q ends with CR LF, and no interpreter has the name %q", file, interpreter), "write the file with line feeds alone: sed -i 's/\\r$//' "+plain.ShellQuote(file)
			}
		}
		if runtime.GOOS == "windows" {
			out.Hint = "PATH is searched, and not the folder that one is in; .\\NAME names a file there"
		}
	case errors.Is(x, syscall.ENOEXEC):
		out.Hint = "a script needs a first line such as #!/bin/sh"
		if runtime.GOOS == "windows" {
			out.Hint = "a script needs its program before it, such as powershell -File"
		}
	case errors.Is(x, syscall.EACCES):
		out.Reason, out.Hint = notExecutable(name, x.Path)
	}
	return out
}

const seeInterpreter = "install the interpreter, or change the first line of the file; files in /tmp, /run and TMPDIR of the host are not there inside"

// missingInterpreter returns the first file of a command that is there and names another
// program, which was not there for execve(2). The files are read on the host: a name in a
// folder that the view replaces may be another file.
func missingInterpreter(c launch.Command) (file, interpreter string) {
	if runtime.GOOS == "windows" {
		return "", ""
	}
	for _, path := range c.Paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.Dir, path)
		}
		if interpreter, err := program.Interpreter(path); err == nil {
			return path, interpreter
		}
	}
	return "", ""
}
