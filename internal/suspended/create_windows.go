package suspended

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// procThreadAttributeJobList puts a process into jobs before it can run
// (UpdateProcThreadAttribute: PROC_THREAD_ATTRIBUTE_JOB_LIST).
const procThreadAttributeJobList = 0x2000D

// create is the one place where a process is started on this system.
func create(c *Child, s Spec, stdio *[3]windows.Handle) (windows.ProcessInformation, error) {
	var info windows.ProcessInformation
	attributes, err := windows.NewProcThreadAttributeList(3)
	if err != nil {
		return info, os.NewSyscallError("InitializeProcThreadAttributeList", err)
	}
	defer attributes.Delete()
	set := func(which uintptr, what unsafe.Pointer, size uintptr) {
		if err == nil {
			err = os.NewSyscallError("UpdateProcThreadAttribute", attributes.Update(which, what, size))
		}
	}
	set(procThreadAttributeJobList, unsafe.Pointer(&c.job.handle), unsafe.Sizeof(c.job.handle))
	if c.console != nil {
		set(windows.PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, handlePointer(c.console.handle), unsafe.Sizeof(c.console.handle))
	}
	startup := windows.StartupInfoEx{ProcThreadAttributeList: attributes.List()}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	// On a terminal too, with handles that are none: else the command gets ours, where
	// these are no console.
	startup.Flags = windows.STARTF_USESTDHANDLES
	startup.StdInput, startup.StdOutput, startup.StdErr = windows.InvalidHandle, windows.InvalidHandle, windows.InvalidHandle
	if stdio != nil {
		startup.StdInput, startup.StdOutput, startup.StdErr = stdio[0], stdio[1], stdio[2]
		set(windows.PROC_THREAD_ATTRIBUTE_HANDLE_LIST, unsafe.Pointer(stdio), unsafe.Sizeof(*stdio))
	}
	block, envErr := environment(s.Env)
	name, nameErr := windows.UTF16PtrFromString(s.File)
	text, lineErr := windows.UTF16PtrFromString(s.Line)
	dir, dirErr := windows.UTF16PtrFromString(s.Dir)
	desktop, desktopErr := windows.UTF16PtrFromString(s.Desktop)
	for _, e := range []error{envErr, nameErr, lineErr, dirErr, desktopErr} {
		if err == nil {
			err = e
		}
	}
	if err != nil {
		return info, &StepError{"", "describe the process", err}
	}
	if s.Desktop != "" {
		startup.Desktop = desktop
	}
	stationSwitch.RLock()
	defer stationSwitch.RUnlock()
	const flags = windows.CREATE_SUSPENDED | windows.CREATE_UNICODE_ENVIRONMENT | windows.EXTENDED_STARTUPINFO_PRESENT
	if c.token == 0 {
		err = windows.CreateProcess(name, text, nil, nil, stdio != nil, flags, &block[0], dir, &startup.StartupInfo, &info)
	} else {
		err = windows.CreateProcessAsUser(c.token, name, text, nil, nil, stdio != nil, flags, &block[0], dir, &startup.StartupInfo, &info)
	}
	runtime.KeepAlive(c)
	if err != nil {
		return info, &StepError{"", CreateCall, err}
	}
	return info, nil
}

// handlePointer gives a handle where a pointer is wanted: the attribute takes the
// console itself, not where it is kept.
func handlePointer(h windows.Handle) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }

// inheritable copies handles so that a child can be given them; others of ours are
// not inherited, whatever they say, since they are not on the list.
func inheritable(files *[3]windows.Handle) (*[3]windows.Handle, error) {
	var out [3]windows.Handle
	self := windows.CurrentProcess()
	for i, f := range files {
		err := windows.DuplicateHandle(self, f, self, &out[i], 0, true, windows.DUPLICATE_SAME_ACCESS)
		if err != nil {
			closeAll(out[:])
			return nil, os.NewSyscallError("DuplicateHandle", err)
		}
	}
	return &out, nil
}

// newCanary makes a handle that a child would get if all were inherited.
func newCanary() (windows.Handle, error) {
	security := windows.SecurityAttributes{InheritHandle: 1}
	security.Length = uint32(unsafe.Sizeof(security))
	h, err := windows.CreateEvent(&security, 1, 0, nil)
	return h, os.NewSyscallError("CreateEvent", err)
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
