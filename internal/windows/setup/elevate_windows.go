package setup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/windows/cmdline"
	"github.com/lockstile/lockstile/internal/windows/pipe"
	"github.com/lockstile/lockstile/internal/windows/winerr"
)

// User returns the SID of the current user.
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

const (
	// comes is how long an elevated process may take to begin, once the user agreed.
	comes = 30 * time.Second
	// mostReport is how long a report may be, in bytes.
	mostReport = 1 << 20
)

// Elevate asks Windows for an administrator's rights. The elevated process runs setup
// again, unseen, and reports by a pipe.
func (m Machine) Elevate(remove bool, owner string) (Done, error) {
	name, h, err := pipe.Listen(owner, owner)
	if err != nil {
		return Done{}, fmt.Errorf("make a pipe for the report: %w", err)
	}
	at := os.NewFile(uintptr(h), name)
	defer at.Close()
	args := []string{"setup", "--for", owner, "--home", m.Home, "--report", name}
	if remove {
		args = append(args, "--remove")
	}
	process, err := runAs(args)
	if err != nil {
		return Done{}, err
	}
	defer windows.CloseHandle(process)
	pid, err := windows.GetProcessId(process)
	if err == nil {
		err = pipe.Await(windows.Handle(at.Fd()), process, pid, comes)
	}
	if err != nil {
		return Done{}, fmt.Errorf("wait for its report: %w", err)
	}
	var report Report
	if err := json.NewDecoder(io.LimitReader(at, mostReport)).Decode(&report); err != nil {
		return Done{}, fmt.Errorf("read its report: %w", err)
	}
	if report.Error != "" {
		err = errors.New(report.Error)
	}
	return report.Done, err
}

// Tell sends a report to the process that asked for the rights.
func Tell(name string, r Report) error {
	if !strings.HasPrefix(name, pipe.Prefix) {
		return fmt.Errorf("%s is no pipe of lockstile's", name)
	}
	to, err := pipe.Dial(name)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(to).Encode(r), to.Close())
}

// runAs starts our program with an administrator's rights. Windows asks the user.
func runAs(args []string) (windows.Handle, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	line, err := cmdline.Compose(args) // the first is a plain word, quoted as a program's name is
	if err != nil {
		return 0, err
	}
	var words [3]*uint16
	for i, text := range []string{"runas", self, line} {
		if words[i], err = windows.UTF16PtrFromString(text); err != nil {
			return 0, err
		}
	}
	const noCloseProcess, noAsync = 0x40, 0x100
	info := shellExecuteInfo{mask: noCloseProcess | noAsync, verb: words[0], file: words[1], parameters: words[2]} // show: SW_HIDE
	info.size = uint32(unsafe.Sizeof(info))
	ok, _, errno := shellExecuteEx.Call(uintptr(unsafe.Pointer(&info)))
	runtime.KeepAlive(words)
	switch {
	case ok == 0 && errno == windows.ERROR_CANCELLED:
		return 0, errors.New("they were not given: the question for them was answered with no, or nobody was there to answer it")
	case ok == 0:
		return 0, os.NewSyscallError("ShellExecuteEx", winerr.Cause(errno))
	case info.process == 0:
		return 0, errors.New("ShellExecuteEx gives no process")
	}
	return info.process, nil
}
