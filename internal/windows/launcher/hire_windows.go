package launcher

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/windows/pipe"
	"github.com/lockstile/lockstile/internal/windows/setup"
	"github.com/lockstile/lockstile/internal/windows/suspended"
	"github.com/lockstile/lockstile/internal/windows/winerr"
	"github.com/lockstile/lockstile/refusal"
)

var createProcessWithLogon = windows.NewLazySystemDLL("advapi32.dll").NewProc("CreateProcessWithLogonW")

// office is the bureau of Windows after a setup.
type office struct{ machine setup.Machine }

// hire starts a runner as an account.
func hire(w *plan.Windows, by *suspended.Confinement, desktop string) (*borrowed, error) {
	process, at, err := hireFrom(office{setup.Machine{Home: w.Home}}, w, desktop)
	if err != nil {
		return nil, err
	}
	return borrow(windows.Handle(process), os.NewFile(uintptr(at), "runner"), w.Owner, by), nil
}

func borrow(process windows.Handle, pipe *os.File, owner string, by *suspended.Confinement) *borrowed {
	return borrowFrom(office{}, suspended.Handle(process), pipe, owner, by)
}

func (o office) runner() (program string, same bool, err error) {
	if same, err = o.machine.Runner(); err == nil {
		program, err = setup.RunnerPath()
	}
	return program, same, err
}

func (o office) secret(account string) (string, error) { return o.machine.Secret(account) }

func (office) listen(owner, account string) (string, suspended.Handle, error) {
	name, h, err := pipe.Listen(owner, account)
	return name, suspended.Handle(h), err
}

func (office) start(account, password, program, pipe, desktop string) (hired, error) {
	info, err := logOnAndStart(account, password, program, pipe, desktop)
	return hired{suspended.Handle(info.Process), suspended.Handle(info.Thread), info.ProcessId}, err
}

func (office) isProgram(process suspended.Handle, program string) error {
	return isProgram(windows.Handle(process), program)
}

func (office) resume(thread suspended.Handle) (uint32, error) {
	before, err := windows.ResumeThread(windows.Handle(thread))
	return before, os.NewSyscallError("ResumeThread", err)
}

// patience is how long a runner may take to begin: the first start of an account loads
// its profile.
const patience = 30 * time.Second

func (office) await(at suspended.Handle, h hired) error {
	return pipe.Await(windows.Handle(at), windows.Handle(h.process), h.pid, patience)
}

func (office) terminate(process suspended.Handle) error {
	return os.NewSyscallError("TerminateProcess", windows.TerminateProcess(windows.Handle(process), 1))
}

func (office) give(runner, h suspended.Handle) (uint64, error) {
	var there windows.Handle
	err := windows.DuplicateHandle(windows.CurrentProcess(), windows.Handle(h), windows.Handle(runner), &there, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return uint64(there), os.NewSyscallError("DuplicateHandle", err)
}

func (office) take(runner suspended.Handle, there uint64, moved bool) (suspended.Handle, error) {
	how := uint32(windows.DUPLICATE_SAME_ACCESS)
	if moved {
		how |= windows.DUPLICATE_CLOSE_SOURCE
	}
	var h windows.Handle
	err := windows.DuplicateHandle(windows.Handle(runner), windows.Handle(there), windows.CurrentProcess(), &h, 0, false, how)
	return suspended.Handle(h), os.NewSyscallError("DuplicateHandle", err)
}

func (office) processID(process suspended.Handle) (int, error) {
	pid, err := windows.GetProcessId(windows.Handle(process))
	return int(pid), os.NewSyscallError("GetProcessId", err)
}

func (office) job(h suspended.Handle) tree { return suspended.JobOf(windows.Handle(h)) }

func (office) close(h suspended.Handle) { windows.CloseHandle(windows.Handle(h)) }

// logOnAndStart starts a program as an account, suspended. The command line holds only
// the program and the pipe's name; the environment is the account's own.
func logOnAndStart(account, password, program, pipe, desktop string) (windows.ProcessInformation, error) {
	var info windows.ProcessInformation
	startup := windows.StartupInfo{}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	var words [7]*uint16
	for i, text := range []string{account, ".", password, program, `"` + program + `" ` + pipe, filepath.Dir(program), desktop} {
		var err error
		if words[i], err = windows.UTF16PtrFromString(text); err != nil {
			return info, runnerFault("start it", err)
		}
	}
	startup.Desktop = words[6]
	const withProfile = 1
	const flags = windows.CREATE_SUSPENDED | windows.CREATE_NO_WINDOW | windows.CREATE_UNICODE_ENVIRONMENT
	ok, _, errno := createProcessWithLogon.Call(
		uintptr(unsafe.Pointer(words[0])), uintptr(unsafe.Pointer(words[1])), uintptr(unsafe.Pointer(words[2])), withProfile,
		uintptr(unsafe.Pointer(words[3])), uintptr(unsafe.Pointer(words[4])), flags, 0, uintptr(unsafe.Pointer(words[5])),
		uintptr(unsafe.Pointer(&startup)), uintptr(unsafe.Pointer(&info)))
	runtime.KeepAlive(words)
	if ok == 0 {
		return info, &refusal.Error{Code: refusal.CodeLaunch, Stage: refusal.StageConfine, Restriction: refusal.Sandbox,
			Reason: "no process could be started as " + account, Hint: logonHint(errno), Err: os.NewSyscallError("CreateProcessWithLogonW", winerr.Cause(errno))}
	}
	return info, nil
}

// logonHint names the mend for known errors of such accounts.
func logonHint(err error) string {
	switch err {
	case windows.ERROR_LOGON_FAILURE, windows.ERROR_PASSWORD_EXPIRED, windows.ERROR_PASSWORD_MUST_CHANGE:
		return "its password and the one that is kept are not the same: run lockstile setup again"
	case windows.ERROR_ACCOUNT_LOCKED_OUT:
		return "the account is locked: wait for as long as this machine locks accounts, then run lockstile setup again"
	case windows.ERROR_ACCOUNT_DISABLED, windows.ERROR_ACCOUNT_RESTRICTION:
		return "the account is disabled or restricted: see lusrmgr.msc, or the domain's policy"
	case windows.ERROR_LOGON_TYPE_NOT_GRANTED:
		return "a policy denies the account the interactive logon (SeDenyInteractiveLogonRight): take LockstileSandbox out of it"
	case windows.ERROR_SERVICE_DISABLED, windows.ERROR_SERVICE_NOT_ACTIVE:
		return "the service Secondary Logon (seclogon) is disabled: set it to start on demand"
	}
	return "lockstile setup --check shows what is there"
}

// isProgram reports whether a process runs a program's file.
func isProgram(process windows.Handle, program string) error {
	var text [windows.MAX_LONG_PATH]uint16
	size := uint32(len(text))
	if err := windows.QueryFullProcessImageName(process, 0, &text[0], &size); err != nil {
		return os.NewSyscallError("QueryFullProcessImageName", err)
	}
	got := windows.UTF16ToString(text[:size])
	a, errA := os.Stat(got)
	b, errB := os.Stat(program)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return fmt.Errorf("it is a process of %s", got)
	}
	return nil
}
