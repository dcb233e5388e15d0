package suspended

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// procThreadAttributeJobList puts a process into jobs before it can run
// (UpdateProcThreadAttribute: PROC_THREAD_ATTRIBUTE_JOB_LIST).
const procThreadAttributeJobList = 0x2000D

// mitigations forbid a confined process to load, whatever the program: code of other
// programs that hook into all processes (extension points), images from other machines,
// and images that a program of low integrity could have written
// (UpdateProcThreadAttribute: PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY).
const mitigations = 1<<32 | 1<<52 | 1<<56

// createProcess is the only place where a process is started on this system.
func (platform) createProcess(it start) (made, error) {
	s := it.spec
	var none made
	attributes, err := windows.NewProcThreadAttributeList(4)
	if err != nil {
		return none, os.NewSyscallError("InitializeProcThreadAttributeList", err)
	}
	defer attributes.Delete()
	set := func(which uintptr, what unsafe.Pointer, size uintptr) {
		if err == nil {
			err = os.NewSyscallError("UpdateProcThreadAttribute", attributes.Update(which, what, size))
		}
	}
	set(procThreadAttributeJobList, unsafe.Pointer(&it.job), unsafe.Sizeof(it.job))
	if it.console != 0 {
		set(windows.PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, handlePointer(it.console), unsafe.Sizeof(it.console))
	}
	policy := uint64(mitigations)
	if it.token != 0 {
		set(windows.PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, unsafe.Pointer(&policy), unsafe.Sizeof(policy))
	}
	startup := windows.StartupInfoEx{ProcThreadAttributeList: attributes.List()}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	// Also on a terminal, with invalid handles: otherwise the command gets our handles if
	// ours are no console.
	startup.Flags = windows.STARTF_USESTDHANDLES
	startup.StdInput, startup.StdOutput, startup.StdErr = windows.InvalidHandle, windows.InvalidHandle, windows.InvalidHandle
	if it.stdio != nil {
		startup.StdInput, startup.StdOutput, startup.StdErr = windows.Handle(it.stdio[0]), windows.Handle(it.stdio[1]), windows.Handle(it.stdio[2])
		set(windows.PROC_THREAD_ATTRIBUTE_HANDLE_LIST, unsafe.Pointer(it.stdio), unsafe.Sizeof(*it.stdio))
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
		return none, fmt.Errorf("describe the process: %w", err)
	}
	if s.Desktop != "" {
		startup.Desktop = desktop
	}
	const flags = windows.CREATE_SUSPENDED | windows.CREATE_UNICODE_ENVIRONMENT | windows.EXTENDED_STARTUPINFO_PRESENT
	var info windows.ProcessInformation
	if it.token == 0 {
		err = windows.CreateProcess(name, text, nil, nil, it.stdio != nil, flags, &block[0], dir, &startup.StartupInfo, &info)
	} else {
		err = windows.CreateProcessAsUser(windows.Token(it.token), name, text, nil, nil, it.stdio != nil, flags, &block[0], dir, &startup.StartupInfo, &info)
	}
	runtime.KeepAlive(it)
	if err != nil {
		return none, err
	}
	return made{Handle(info.Process), Handle(info.Thread), int(info.ProcessId)}, nil
}

// handlePointer returns a handle as a pointer: the attribute takes the console itself,
// not the address of the handle.
func handlePointer(h Handle) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }

// createCanary makes a handle that a child would get if all handles were inherited.
func (platform) createCanary() (Handle, error) {
	security := windows.SecurityAttributes{InheritHandle: 1}
	security.Length = uint32(unsafe.Sizeof(security))
	h, err := windows.CreateEvent(&security, 1, 0, nil)
	return Handle(h), os.NewSyscallError("CreateEvent", err)
}

var getHandleInformation = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")

// isInherited reports whether a child would get a handle if all were inherited.
func (platform) isInherited(h Handle) bool {
	var flags uint32
	ok, _, _ := getHandleInformation.Call(uintptr(h), uintptr(unsafe.Pointer(&flags)))
	return ok != 0 && flags&windows.HANDLE_FLAG_INHERIT != 0
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
