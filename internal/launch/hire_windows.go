package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/setup"
	"github.com/lockstile/lockstile/internal/suspended"
	"github.com/lockstile/lockstile/internal/winerr"
	"github.com/lockstile/lockstile/refusal"
)

var createProcessWithLogon = windows.NewLazySystemDLL("advapi32.dll").NewProc("CreateProcessWithLogonW")

// hire starts a runner as an account, and waits until it listens. It is tried once: a
// machine locks an account after some refusals. The runner begins on the command's
// desktop: on the user's, the system would let the account at it.
func hire(w *plan.Windows, by *suspended.Confinement, desktop string) (*borrowed, error) {
	machine := setup.Machine{Home: w.Home}
	same, err := machine.Runner()
	if err == nil && !same {
		err = errors.New("it isn't installed, or is another version's")
	}
	if err != nil {
		return nil, runnerFault("look for the runner", err)
	}
	password, err := machine.Secret(w.Account)
	if err != nil {
		return nil, runnerFault("read the password of "+w.Account, err)
	}
	program, err := setup.RunnerPath()
	if err != nil {
		return nil, runnerFault("look for the runner", err)
	}
	name, pipe, err := listenPipe(w.Owner, w.AccountSID)
	if err != nil {
		return nil, runnerFault("make its pipe", err)
	}
	info, err := logOnAndStart(w.Account, password, program, name, desktop)
	if err != nil {
		windows.CloseHandle(pipe)
		return nil, err
	}
	defer windows.CloseHandle(info.Thread)
	if err = isProgram(info.Process, program); err == nil {
		if _, err = windows.ResumeThread(info.Thread); err == nil {
			err = awaitRunner(pipe, info.Process, info.ProcessId)
		}
	}
	if err != nil {
		_ = windows.TerminateProcess(info.Process, 1)
		windows.CloseHandle(info.Process)
		windows.CloseHandle(pipe)
		return nil, runnerFault("wait for it", err)
	}
	return borrow(info.Process, os.NewFile(uintptr(pipe), "runner"), w.Owner, by), nil
}

// logOnAndStart starts a program as an account, suspended. Its command line holds no
// more than the pipe's name, and its environment is the account's own.
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

// logonHint names the mend of what users of such accounts have met.
func logonHint(err error) string {
	switch err {
	case windows.ERROR_LOGON_FAILURE, windows.ERROR_PASSWORD_EXPIRED, windows.ERROR_PASSWORD_MUST_CHANGE:
		return "its password and the one that is kept are not the same: run lockstile setup again, as an administrator"
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

// isProgram tells whether a process is of a program's file.
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
