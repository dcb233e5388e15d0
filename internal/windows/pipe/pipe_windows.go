package pipe

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Listen makes a pipe under an unused name, for one client of the local machine: the
// owner or an account, by their SIDs.
func Listen(owner, account string) (name string, pipe windows.Handle, err error) {
	name = Prefix + rand.Text()
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

// Await waits until the given process, and no other, has opened the pipe.
func Await(pipe, process windows.Handle, pid uint32, patience time.Duration) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return os.NewSyscallError("CreateEvent", err)
	}
	defer windows.CloseHandle(event)
	overlapped := &windows.Overlapped{HEvent: event}
	switch err := windows.ConnectNamedPipe(pipe, overlapped); err {
	case nil, windows.ERROR_PIPE_CONNECTED:
	case windows.ERROR_IO_PENDING:
		come, err := windows.WaitForMultipleObjects([]windows.Handle{event, process}, false, uint32(patience.Milliseconds()))
		if err == nil && come == windows.WAIT_OBJECT_0 {
			break
		}
		_ = windows.CancelIoEx(pipe, overlapped)
		var n uint32
		_ = windows.GetOverlappedResult(pipe, overlapped, &n, true) // the kernel may write to overlapped until here
		runtime.KeepAlive(overlapped)
		switch {
		case err != nil:
			return os.NewSyscallError("WaitForMultipleObjects", err)
		case come == windows.WAIT_OBJECT_0+1:
			return errors.New("it ended before it came to its pipe")
		}
		return errors.New("it took too long to begin")
	default:
		return os.NewSyscallError("ConnectNamedPipe", err)
	}
	var client uint32
	if err := windows.GetNamedPipeClientProcessId(pipe, &client); err != nil {
		return os.NewSyscallError("GetNamedPipeClientProcessId", err)
	}
	if client != pid {
		return fmt.Errorf("process %d came to the pipe, not %d", client, pid)
	}
	return nil
}

// Dial opens a pipe for reading and writing at the same time. The server may learn our
// user, and not act for us.
func Dial(name string) (*os.File, error) {
	n, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	const identify = 0x00010000 | 0x00100000 // SECURITY_IDENTIFICATION | SECURITY_SQOS_PRESENT
	h, err := windows.CreateFile(n, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_OVERLAPPED|identify, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}
