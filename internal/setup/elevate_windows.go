package setup

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/cmdline"
	"github.com/lockstile/lockstile/internal/winerr"
)

// User is the SID of whoever runs this process.
func (Machine) User() (string, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", os.NewSyscallError("GetTokenInformation", err)
	}
	return u.User.Sid.String(), nil
}

var shellExecuteEx = windows.NewLazySystemDLL("shell32.dll").NewProc("ShellExecuteExW")

// shellExecuteInfo is SHELLEXECUTEINFOW.
type shellExecuteInfo struct {
	size, mask                  uint32
	window                      windows.Handle
	verb, file, parameters, dir *uint16
	show                        int32
	instance                    windows.Handle
	idList, class               uintptr
	classKey                    windows.Handle
	hotKey                      uint32
	icon, process               windows.Handle
}

// Elevate has the system ask for an administrator's rights, with which this program
// runs setup again in a window of its own; and waits for that.
func (m Machine) Elevate(remove bool, owner string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{self, "setup", "--for", owner, "--home", m.Home}
	if remove {
		args = append(args, "--remove")
	}
	line, err := cmdline.Compose(args)
	if err != nil {
		return err
	}
	program, err := cmdline.Compose(args[:1])
	if err != nil {
		return err
	}
	var words [3]*uint16
	for i, text := range []string{"runas", self, line[len(program):]} {
		if words[i], err = windows.UTF16PtrFromString(text); err != nil {
			return err
		}
	}
	const noCloseProcess, noAsync, showNormal = 0x40, 0x100, 1
	info := shellExecuteInfo{mask: noCloseProcess | noAsync, verb: words[0], file: words[1], parameters: words[2], show: showNormal}
	info.size = uint32(unsafe.Sizeof(info))
	ok, _, errno := shellExecuteEx.Call(uintptr(unsafe.Pointer(&info)))
	runtime.KeepAlive(words)
	switch {
	case ok == 0 && errno == windows.ERROR_CANCELLED:
		return errors.New("they were not given: the question for them was answered with no, or nobody was there to answer it")
	case ok == 0:
		return os.NewSyscallError("ShellExecuteEx", winerr.Cause(errno))
	case info.process == 0:
		return errors.New("ShellExecuteEx gives no process")
	}
	defer windows.CloseHandle(info.process)
	if _, err := windows.WaitForSingleObject(info.process, windows.INFINITE); err != nil {
		return os.NewSyscallError("WaitForSingleObject", err)
	}
	var code uint32
	if err := windows.GetExitCodeProcess(info.process, &code); err != nil {
		return os.NewSyscallError("GetExitCodeProcess", err)
	}
	if code != 0 {
		return fmt.Errorf("lockstile setup failed with them (exit code %d); its window said why", code)
	}
	return nil
}
