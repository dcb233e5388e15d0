package suspended

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/windows/winerr"
)

// closer closes the handle of an attempt.
type closer func()

func try(a Attempt) (closer, error) {
	var h windows.Handle
	var err error
	switch a.What {
	case Write:
		h, err = makeFile(a.Path)
	case Change:
		h, err = openFor(a.Path, windows.FILE_WRITE_DATA|windows.FILE_APPEND_DATA)
	case Rename:
		h, err = openFor(a.Path, windows.DELETE)
	case Screen:
		return openScreen()
	default:
		err = fmt.Errorf("nobody knows how to %q", a.What)
	}
	return func() { windows.CloseHandle(h) }, err
}

// ownToken is a copy of a process's token for a thread of ours to take on.
func (platform) ownToken(process Handle) (Handle, error) {
	var token, copied windows.Token
	if err := windows.OpenProcessToken(windows.Handle(process), windows.TOKEN_DUPLICATE|windows.TOKEN_QUERY, &token); err != nil {
		return 0, os.NewSyscallError("OpenProcessToken", winerr.Cause(err))
	}
	defer token.Close()
	err := windows.DuplicateTokenEx(token, windows.TOKEN_QUERY|windows.TOKEN_IMPERSONATE, nil, windows.SecurityImpersonation, windows.TokenImpersonation, &copied)
	if err != nil {
		return 0, os.NewSyscallError("DuplicateTokenEx", winerr.Cause(err))
	}
	return Handle(copied), nil
}

// makeFile makes a file that the system deletes on close.
func makeFile(dir string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(fmt.Sprintf(`%s\lockstile-trial-%d`, dir, os.Getpid()))
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, windows.GENERIC_WRITE|windows.DELETE, 0, nil, windows.CREATE_NEW, windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
}

// openFor opens a file or folder itself for rights, without using the rights.
func openFor(path string, rights uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	return windows.CreateFile(name, rights, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
}

// attempt tries to open something with a token on our thread.
func (platform) attempt(token Handle, a Attempt) (string, error) {
	runtime.LockOSThread()
	if err := windows.SetThreadToken(nil, windows.Token(token)); err != nil {
		runtime.UnlockOSThread()
		return "", os.NewSyscallError("SetThreadToken", winerr.Cause(err))
	}
	undo, opened := try(a)
	if err := windows.RevertToSelf(); err != nil {
		return "", os.NewSyscallError("RevertToSelf", winerr.Cause(err)) // the thread stays locked, and ends with the goroutine
	}
	runtime.UnlockOSThread()
	switch opened {
	case nil:
		undo()
		return "ok", nil
	case windows.ERROR_ACCESS_DENIED:
		return "denied", nil
	}
	return "", opened
}
