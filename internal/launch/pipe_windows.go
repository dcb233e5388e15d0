package launch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/runner"
)

// runnerPatience is how long a runner may take to begin: the first start of an account
// loads its profile.
const runnerPatience = 30 * time.Second

// listenPipe makes a pipe that nobody made before us, for one client of this machine:
// the owner or an account.
func listenPipe(owner, account string) (name string, pipe windows.Handle, err error) {
	name = runner.PipePrefix + rand.Text()
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;GA;;;" + owner + ")(A;;GRGW;;;" + account + ")")
	if err != nil {
		return "", 0, err
	}
	security := windows.SecurityAttributes{SecurityDescriptor: sd}
	security.Length = uint32(unsafe.Sizeof(security))
	n, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return "", 0, err
	}
	const open = windows.PIPE_ACCESS_DUPLEX | windows.FILE_FLAG_FIRST_PIPE_INSTANCE | windows.FILE_FLAG_OVERLAPPED
	const mode = windows.PIPE_TYPE_BYTE | windows.PIPE_READMODE_BYTE | windows.PIPE_REJECT_REMOTE_CLIENTS
	pipe, err = windows.CreateNamedPipe(n, open, mode, 1, 64<<10, 64<<10, 0, &security)
	runtime.KeepAlive(sd)
	return name, pipe, os.NewSyscallError("CreateNamedPipe", err)
}

// awaitRunner waits until the runner has come to the pipe, and nobody else.
func awaitRunner(pipe, process windows.Handle, pid uint32) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return os.NewSyscallError("CreateEvent", err)
	}
	defer windows.CloseHandle(event)
	overlapped := &windows.Overlapped{HEvent: event}
	switch err := windows.ConnectNamedPipe(pipe, overlapped); err {
	case nil, windows.ERROR_PIPE_CONNECTED:
	case windows.ERROR_IO_PENDING:
		come, err := windows.WaitForMultipleObjects([]windows.Handle{event, process}, false, uint32(runnerPatience.Milliseconds()))
		if err == nil && come == windows.WAIT_OBJECT_0 {
			break
		}
		_ = windows.CancelIoEx(pipe, overlapped)
		var n uint32
		_ = windows.GetOverlappedResult(pipe, overlapped, &n, true) // the kernel writes there until then
		runtime.KeepAlive(overlapped)
		switch {
		case err != nil:
			return os.NewSyscallError("WaitForMultipleObjects", err)
		case come == windows.WAIT_OBJECT_0+1:
			return errors.New("the runner ended before it came to its pipe")
		}
		return errors.New("the runner took too long to begin")
	default:
		return os.NewSyscallError("ConnectNamedPipe", err)
	}
	var client uint32
	if err := windows.GetNamedPipeClientProcessId(pipe, &client); err != nil {
		return os.NewSyscallError("GetNamedPipeClientProcessId", err)
	}
	if client != pid {
		return fmt.Errorf("process %d came to the pipe, not the runner, %d", client, pid)
	}
	return nil
}
