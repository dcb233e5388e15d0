package launcher

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/takeback"
	"github.com/lockstile/lockstile/internal/tally"
	"github.com/lockstile/lockstile/internal/windows/cmdline"
	"github.com/lockstile/lockstile/internal/windows/grant"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/refusal"
)

// Launcher makes suspended processes.
type Launcher struct{}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher { return &Launcher{} }

// Close does nothing: a launcher holds nothing here.
func (*Launcher) Close() error { return nil }

// Launch is a start on its way. A Launch is not safe for concurrent use.
type Launch struct {
	plan    *plan.Plan
	child   child
	desktop *suspended.Desktop // nil for the user's desktop, when nothing is restricted
	sweeps  []host.Absent
	denied  string // the suffix of a name that is taken back
}

// child is first a process to be, then suspended, then running: made here, or by a runner
// under another account. The caller must Resume, then Wait; or Kill.
type child interface {
	Make(suspended.Spec, *[3]suspended.Handle) error
	PID() int
	Process() suspended.Handle
	Thread() suspended.Handle
	Job() suspended.Handle
	Canary() suspended.Handle
	Terminal() (out, in *os.File)
	Try([]suspended.Attempt) ([]suspended.Outcome, error)
	Resume() error
	Interrupt() error
	Resize(suspended.Size) error
	End() error
	Wait() (code uint32, err error)
	Kill()
}

// Place makes the surroundings of a process. The caller must Release or Kill the Launch.
func (*Launcher) Place(p *plan.Plan) (*Launch, error) {
	l := &Launch{plan: p}
	if err := l.place(p.Windows); err != nil {
		l.Kill()
		return nil, stepFault(err)
	}
	return l, nil
}

// place makes the surroundings of a process, here or with a runner.
func (l *Launch) place(w *plan.Windows) error {
	if w == nil {
		return l.take(suspended.Prepare(nil))
	}
	desktop, err := suspended.NewDesktop(w.DefaultDACL)
	if err != nil {
		return err
	}
	l.desktop = desktop
	by := &suspended.Confinement{Restricting: w.Restricting, DefaultDACL: w.DefaultDACL, Limits: suspended.JobLimits{Processes: w.Processes, Memory: w.Memory}}
	if w.Account == "" {
		err = l.take(suspended.Prepare(by))
	} else {
		err = l.hire(w, by)
	}
	if err != nil {
		return err
	}
	return openRoots(w)
}

// take keeps a child after a success: otherwise l.child stays nil.
func (l *Launch) take(c *suspended.Child, err error) error {
	if err == nil {
		l.child = c
	}
	return err
}

func (l *Launch) hire(w *plan.Windows, by *suspended.Confinement) error {
	b, err := hire(w, by, l.desktop.Name())
	if err == nil {
		l.child = b
	}
	return err
}

// stepFault returns the error of a failed step in the common form of all systems.
func stepFault(err error) error {
	var step *suspended.StepError
	if !errors.As(err, &step) {
		return err
	}
	return &launch.Fault{Who: whoCommand, Restriction: step.Restriction, Step: err}
}

// openRoots adds the missing entries of access lists.
func openRoots(w *plan.Windows) error {
	_, err := grant.Apply(grant.Machine{}, grant.NewJournal(w.Home), w.Entries)
	var failed *grant.Error
	if errors.As(err, &failed) {
		return &launch.Fault{Who: whoCommand, Restriction: refusal.Mount(failed.Entry.Path), Step: err}
	}
	return err
}

// Begin refuses: nothing is planned in two parts.
func (*Launcher) Begin(*plan.Plan) (*Launch, error) { return nil, errors.ErrUnsupported }

// Complete refuses.
func (*Launch) Complete(*plan.Plan) error { return errors.ErrUnsupported }

// Outdated returns true: nothing is made ahead here.
func (*Launch) Outdated() bool { return true }

// Give makes the command's process, in the job and suspended: no instruction has run. If
// the command does not exist, the error is an *ExecError.
func (l *Launch) Give(c launch.Command) error {
	file, line, err := commandLine(c)
	if err != nil {
		return err
	}
	l.sweeps, l.denied = l.plan.Sweep, c.Denied
	spec := suspended.Spec{File: file, Line: line, Env: c.Env, Dir: c.Dir, Desktop: l.Desktop()}
	var stdio [3]suspended.Handle
	if c.Terminal != nil {
		spec.Terminal = &suspended.Size{Rows: c.Terminal.Rows, Cols: c.Terminal.Cols}
	} else {
		for i, fd := range c.Stdio {
			stdio[i] = suspended.Handle(fd)
		}
	}
	if err := l.child.Make(spec, &stdio); err != nil {
		return execError(file, err)
	}
	return nil
}

// commandLine finds the command's file, and builds the command line.
func commandLine(c launch.Command) (file, line string, err error) {
	failed := &launch.ExecError{Errno: windows.ERROR_FILE_NOT_FOUND}
	isAlias := ""
	for _, path := range c.Paths {
		if alias(path) { // an alias can't be examined in any other way
			isAlias = path
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			if errors.Is(err, os.ErrPermission) {
				failed = &launch.ExecError{Path: path, Errno: windows.ERROR_ACCESS_DENIED}
			}
			continue
		}
		if cmdline.IsCmd(path) {
			if line, ok, err := cmdline.Text(append([]string{path}, c.Argv[1:]...)); ok {
				return path, line, badArgs(err)
			}
		}
		if !cmdline.IsBatch(path) {
			line, err = cmdline.Compose(append([]string{path}, c.Argv[1:]...))
			return path, line, badArgs(err)
		}
		system, err := windows.GetSystemDirectory()
		if err != nil {
			return "", "", os.NewSyscallError("GetSystemDirectory", err)
		}
		shell := filepath.Join(system, "cmd.exe")
		line, err = cmdline.Batch(shell, path, c.Argv[1:])
		return shell, line, badArgs(err)
	}
	if isAlias != "" {
		return "", "", &refusal.Error{Code: refusal.CodeNoCommand, Stage: refusal.StageConfine, Reason: isAlias + " is the alias of a packaged app, which would start it outside",
			Hint: "install the program itself (the Store's Python and PowerShell are such apps), or switch the alias off: Settings, App execution aliases"}
	}
	return "", "", failed
}

// alias reports whether a file is an app execution alias: the system starts the named
// program, not the caller, and not for another account.
func alias(path string) bool {
	const appExecLink = 0x8000001B // IO_REPARSE_TAG_APPEXECLINK
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return false
	}
	var found windows.Win32finddata
	h, err := windows.FindFirstFile(name, &found)
	if err != nil {
		return false
	}
	windows.FindClose(h)
	return found.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 && found.Reserved0 == appExecLink
}

func badArgs(err error) error {
	if err == nil {
		return nil
	}
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfine, Reason: "the arguments can't be passed on",
		Hint: "put them into a file, or call the program itself", Err: err}
}

// Command is the process's number, 0 before Give.
func (l *Launch) Command() int { return l.child.PID() }

// Process is a handle to the process. The handle stays ours.
func (l *Launch) Process() uintptr { return uintptr(l.child.Process()) }

// Thread is a handle to the process's only thread. The handle stays ours.
func (l *Launch) Thread() uintptr { return uintptr(l.child.Thread()) }

// Job is a handle to the job. The handle stays ours.
func (l *Launch) Job() uintptr { return uintptr(l.child.Job()) }

// Network returns the results of the account's attempts on the network; nil for the
// user's own account.
func (l *Launch) Network() map[string]string {
	if b, ok := l.child.(*borrowed); ok {
		return b.Network()
	}
	return nil
}

// Desktop is the name of the desktop made for the command; "" for the user's desktop.
func (l *Launch) Desktop() string {
	if l.desktop == nil {
		return ""
	}
	return l.desktop.Name()
}

// Canary is a handle of ours that the command must not have.
func (l *Launch) Canary() uintptr { return uintptr(l.child.Canary()) }

// TryJob reports whether a process ends with a job of our kind, by a trial.
func (*Launch) TryJob() error { return suspended.TryJob() }

// Tried is how an attempt with the command's token ended.
type Tried struct {
	What, Path, How string
	Err             error // the result is unknown
}

// Try makes attempts with the command's token: to make a file in folders, to open files
// for changing and renaming, and to use the user's screen by name.
func (l *Launch) Try(write, change, rename []string, screen string) ([]Tried, error) {
	attempts := []suspended.Attempt{{What: suspended.Screen, Path: screen}}
	for what, paths := range map[string][]string{suspended.Write: write, suspended.Change: change, suspended.Rename: rename} {
		for _, p := range paths {
			attempts = append(attempts, suspended.Attempt{What: what, Path: p})
		}
	}
	outcomes, err := l.child.Try(attempts)
	if err != nil {
		return nil, stepFault(err)
	}
	out := make([]Tried, len(outcomes))
	for i, o := range outcomes {
		out[i] = Tried{attempts[i].What, attempts[i].Path, o.How, nil}
		if o.Error != "" {
			out[i].Err = errors.New(o.Error)
		}
	}
	return out, nil
}

// Release lets the command's first instruction run.
func (l *Launch) Release() (*Running, error) {
	if err := l.child.Resume(); err != nil {
		l.Kill()
		return nil, err
	}
	tally.Count(tally.Command)
	l.plan = nil
	return &Running{l}, nil
}

// Kill ends the start.
func (l *Launch) Kill() {
	if l.child != nil {
		l.child.Kill()
	}
	l.closeDesktop()
}

func (l *Launch) closeDesktop() {
	if l.desktop != nil {
		l.desktop.Close()
	}
}

// Terminal returns the outer ends of the command's terminal, once: out for output, in for
// input. The caller must close both; nil without a terminal.
func (l *Launch) Terminal() (out, in *os.File) { return l.child.Terminal() }

// Running is a released command. Signal may be called beside Wait.
type Running struct{ l *Launch }

// Signal knows two signals: SIGINT is typed at the command's console, and any other
// signal ends the tree.
func (r *Running) Signal(sig syscall.Signal) error {
	if sig == syscall.SIGINT {
		return r.l.child.Interrupt()
	}
	return r.l.child.End()
}

// Resize sets the size of the command's terminal.
func (r *Running) Resize(_ *os.File, s launch.Size) error {
	return r.l.child.Resize(suspended.Size{Rows: s.Rows, Cols: s.Cols})
}

// Wait waits for the command's end, and ends the rest of the tree.
func (r *Running) Wait(func(over <-chan struct{}) []string) (launch.End, error) {
	code, err := r.l.child.Wait()
	r.l.closeDesktop()
	return launch.End{Status: syscall.WaitStatus{ExitCode: code}, Denied: r.l.sweep()}, err
}

// sweep takes back the protected names that the command made: sweep renames each name,
// since a name may be a whole folder.
func (l *Launch) sweep() (denied []string) {
	for _, s := range l.sweeps {
		for _, name := range s.Names {
			path := filepath.Join(s.Dir, name)
			if _, err := os.Lstat(path); err != nil {
				continue
			}
			if takeback.Rename(takeback.Name{Root: s.Dir, Path: path}, l.denied) == nil {
				denied = append(denied, path)
			}
		}
	}
	return denied
}

const whoCommand = "command"

// Loopback has no network namespace to share: an account or a filter keeps commands off the
// network.
func (*Launcher) Loopback(string, int, int) (string, error) { return "", errors.ErrUnsupported }

// JoinLoopback has none to join.
func (*Launcher) JoinLoopback(string, int, int) (string, error) { return "", errors.ErrUnsupported }

// TakeTimes does nothing: the new process makes no calls of ours.
func (*Launcher) TakeTimes() {}

// Times returns none.
func (*Launch) Times() []launch.StepTime { return nil }

// Mounts watches nothing: no view is made of the host's mounts.
type Mounts struct{}

// Changed reports false.
func (*Mounts) Changed() bool { return false }

// Close does nothing.
func (*Mounts) Close() {}

// Try tries nothing yet.
func (*Launcher) Try(*plan.Plan) (names []string, results []error) { return nil, nil }

// execError returns CreateProcess's error in the common form of all systems.
func execError(file string, err error) error {
	var step *suspended.StepError
	var errno syscall.Errno
	if !errors.As(err, &step) || step.Call != suspended.CreateCall || !errors.As(err, &errno) {
		return stepFault(err)
	}
	switch errno {
	case windows.ERROR_BAD_EXE_FORMAT:
		errno = syscall.ENOEXEC
	case windows.ERROR_ACCESS_DENIED, windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND:
	default:
		return stepFault(err)
	}
	return &launch.ExecError{Path: file, Errno: errno}
}
