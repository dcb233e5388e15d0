package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/cmdline"
	"github.com/lockstile/lockstile/internal/grant"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/tally"
	"github.com/lockstile/lockstile/refusal"
)

// Launcher makes suspended processes.
type Launcher struct{}

// NewLauncher makes a launcher.
func NewLauncher() *Launcher { return &Launcher{} }

// Close does nothing: a launcher holds nothing here.
func (*Launcher) Close() error { return nil }

// Launch is a start on its way. It is not safe for concurrent use.
type Launch struct {
	plan    *plan.Plan
	job     *job
	console *console
	token   windows.Token // of the command; 0 for our own
	canary  windows.Handle
	process windows.Handle // suspended, from Give on
	thread  windows.Handle
	pid     int
	sweeps  []host.Absent
	denied  string // what is put behind a name that is taken back
}

// Place makes what a process is started in: its job. Who has it must Release or
// Kill it.
func (*Launcher) Place(p *plan.Plan) (*Launch, error) {
	j, err := newJob()
	if err != nil {
		return nil, err
	}
	l := &Launch{plan: p, job: j}
	if p.Windows != nil {
		if err := j.restrictUI(); err != nil {
			l.Kill()
			return nil, err
		}
		if l.token, err = restrict(p.Windows); err == nil {
			err = openRoots(p.Windows)
		}
		if err != nil {
			l.Kill()
			return nil, err
		}
	}
	return l, nil
}

// openRoots makes the entries of access lists that aren't there yet.
func openRoots(w *plan.Windows) error {
	_, err := grant.Apply(grant.Machine{}, grant.NewJournal(w.Home), w.Entries)
	var failed *grant.Error
	if errors.As(err, &failed) {
		return &Fault{Who: whoCommand, Restriction: refusal.Mount(failed.Entry.Path), Step: err}
	}
	return err
}

// PlaceAhead makes nothing ahead on this system yet.
func (*Launcher) PlaceAhead(*plan.Plan) (*Launch, error) { return nil, errors.ErrUnsupported }

// Outdated is for what was made ahead.
func (*Launch) Outdated() bool { return true }

// Give makes the command's process, in its job and suspended: none of its
// instructions has run. The error is an *ExecError where there is no such command.
func (l *Launch) Give(c Command) error {
	file, line, err := commandLine(c)
	if err != nil {
		return err
	}
	l.sweeps, l.denied = l.plan.Sweep, c.Denied
	size := Size{Rows: 24, Cols: 80}
	if c.Terminal != nil {
		size = *c.Terminal
	}
	if l.console, err = newConsole(size); err != nil {
		return err
	}
	if l.canary, err = newCanary(); err != nil {
		return err
	}
	var stdio *[3]windows.Handle
	if c.Terminal == nil {
		if stdio, err = inheritable(c.Stdio); err != nil {
			return err
		}
		defer closeAll(stdio[:])
	}
	info, err := create(l, file, line, c, stdio)
	if err != nil {
		return err
	}
	l.process, l.thread, l.pid = info.Process, info.Thread, int(info.ProcessId)
	if c.Terminal == nil {
		l.console.mute()
	}
	return nil
}

// commandLine finds the command's file, and what it is started with.
func commandLine(c Command) (file, line string, err error) {
	failed := &ExecError{Errno: windows.ERROR_FILE_NOT_FOUND}
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			if errors.Is(err, os.ErrPermission) {
				failed = &ExecError{path, windows.ERROR_ACCESS_DENIED}
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
	return "", "", failed
}

func badArgs(err error) error {
	if err == nil {
		return nil
	}
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfine, Reason: "the arguments can't be passed on",
		Hint: "put them into a file, or call the program itself", Err: err}
}

// environment is a block of NAME=value, each and the whole ended by a zero.
func environment(env []string) ([]uint16, error) {
	var block []uint16
	for _, e := range env {
		one, err := windows.UTF16FromString(e)
		if err != nil {
			return nil, err
		}
		block = append(block, one...)
	}
	if len(block) == 0 {
		block = append(block, 0)
	}
	return append(block, 0), nil
}

// Init is 0: no process of ours stands between the command and us.
func (*Launch) Init() int { return 0 }

// Command is the process's number, 0 before Give.
func (l *Launch) Command() int { return l.pid }

// Process is a handle to it, which stays ours.
func (l *Launch) Process() uintptr { return uintptr(l.process) }

// Job is a handle to its job, which stays ours.
func (l *Launch) Job() uintptr { return uintptr(l.job.handle) }

// Canary is a handle of ours that the command must not have.
func (l *Launch) Canary() uintptr { return uintptr(l.canary) }

// Settled tells nothing here: no step comes after Give.
func (*Launch) Settled(refusal.Restriction) bool { return true }

// Trials are none yet.
func (*Launch) Trials() []Trial { return nil }

// Release lets the command's first instruction run.
func (l *Launch) Release() (*Running, error) {
	before, err := windows.ResumeThread(l.thread)
	if err == nil && before != 1 {
		err = errors.New("the command's thread was not suspended once")
	}
	if err != nil {
		l.Kill()
		return nil, os.NewSyscallError("ResumeThread", err)
	}
	tally.Count(tally.Command)
	closeAll([]windows.Handle{l.thread, l.canary})
	l.thread, l.canary, l.plan = 0, 0, nil
	return &Running{l}, nil
}

// Kill ends what there is of the start.
func (l *Launch) Kill() {
	_ = l.job.end() // its handle is closed in any case, which ends it too
	l.close()
}

func (l *Launch) close() {
	if l.console != nil {
		l.console.close()
	}
	closeAll([]windows.Handle{l.process, l.thread, l.canary, windows.Handle(l.token)})
	l.process, l.thread, l.canary, l.token = 0, 0, 0, 0
	l.job.close()
}

// Terminal gives the outer ends of the command's terminal, once: what it prints,
// and where its input goes. They are the caller's to close; nil on pipes.
func (l *Launch) Terminal() (out, in *os.File) {
	if l.console == nil {
		return nil, nil
	}
	return l.console.take()
}

// Running is a released command. Signal may be called beside Wait.
type Running struct{ l *Launch }

// Signal knows three: an interrupt is typed at the command's console, and all
// others end the tree.
func (r *Running) Signal(sig syscall.Signal) error {
	if sig == syscall.SIGINT {
		return r.l.console.interrupt()
	}
	return r.l.job.end()
}

// Resize gives the command's terminal another size.
func (r *Running) Resize(_ *os.File, s Size) error { return r.l.console.resize(s) }

// Wait waits until the command has ended, and ends what is left of its tree.
func (r *Running) Wait() (End, error) {
	l := r.l
	_, err := windows.WaitForSingleObject(l.process, windows.INFINITE)
	var code uint32
	if err == nil {
		err = windows.GetExitCodeProcess(l.process, &code)
	}
	err = errors.Join(os.NewSyscallError("wait for the command", err), l.job.end(), l.job.await())
	end := End{Status: syscall.WaitStatus{ExitCode: code}, Denied: l.sweep()}
	l.close()
	return end, err
}

// sweep takes back the trusted names that were made: each is renamed, since it may be
// a whole folder.
func (l *Launch) sweep() (denied []string) {
	for _, s := range l.sweeps {
		for _, name := range s.Names {
			path := filepath.Join(s.Dir, name)
			if _, err := os.Lstat(path); err == nil && os.Rename(path, path+l.denied) == nil {
				denied = append(denied, path)
			}
		}
	}
	return denied
}

// Describe tells the steps of a start.
func Describe(p *plan.Plan, c Command) ([]Step, error) {
	io := "HANDLE_LIST"
	if c.Terminal != nil {
		io = "no handles"
	}
	steps := []Step{{whoCommand, refusal.Tree, "CreateJobObject"}}
	create := "CreateProcess"
	if p.Windows != nil {
		create = "CreateProcessAsUser"
		steps = append(steps,
			Step{whoCommand, refusal.UILimits, "SetInformationJobObject"},
			Step{whoCommand, refusal.RestrictedToken, "CreateRestrictedToken"},
			Step{whoCommand, refusal.RestrictedToken, "SetTokenInformation"})
		for _, e := range p.Windows.Entries {
			steps = append(steps, Step{whoCommand, refusal.Mount(e.Path), "SetSecurityInfo, where it isn't there: " + e.ACE.String()})
		}
	}
	steps = append(steps, []Step{
		{whoCommand, "", "CreatePseudoConsole"},
		{whoCommand, refusal.Tree, create + " suspended, with JOB_LIST, PSEUDOCONSOLE, " + io},
		{whoCommand, "", "ResumeThread"},
	}...)
	return steps, nil
}

const whoCommand = "command"

// Try tries nothing yet.
func (*Launcher) Try(*plan.Plan) (names []string, results []error) { return nil, nil }

func closeAll(handles []windows.Handle) {
	for _, h := range handles {
		if h != 0 {
			windows.CloseHandle(h)
		}
	}
}

// execErrno gives CreateProcess's error a name that all systems share.
func execErrno(file string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	switch errno {
	case windows.ERROR_BAD_EXE_FORMAT:
		errno = syscall.ENOEXEC
	case windows.ERROR_ACCESS_DENIED, windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND:
	default:
		return os.NewSyscallError("CreateProcess "+strings.ToLower(filepath.Base(file)), err)
	}
	return &ExecError{file, errno}
}
