package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// acts are the actions of the hostile programs of the Windows cases, by name. The test
// looks at the effect from outside.
var acts = map[string]func(arg []string) error{
	"write": func(arg []string) error { return os.WriteFile(arg[0], []byte("x"), 0o600) },
	"mkdir": func(arg []string) error { return os.Mkdir(arg[0], 0o700) },
	"append by link": func(arg []string) error {
		if err := os.Link(arg[0], arg[1]); err != nil {
			return err
		}
		f, err := os.OpenFile(arg[1], os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("x")
		return errors.Join(err, f.Close())
	},
	"write by junction": func(arg []string) error {
		if err := exec.Command("cmd", "/c", "mklink", "/J", arg[0], arg[1]).Run(); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(arg[0], "x"), []byte("x"), 0o600)
	},
	"rename": func(arg []string) error { return os.Rename(arg[0], arg[1]) },
	"write with privileges": func(arg []string) error {
		enablePrivileges()
		name, err := windows.UTF16PtrFromString(arg[0])
		if err != nil {
			return err
		}
		h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
		if err != nil {
			return err
		}
		return windows.CloseHandle(h)
	},
	"write memory": func(arg []string) error {
		h, err := openProcess(arg[0], windows.PROCESS_VM_WRITE|windows.PROCESS_VM_OPERATION)
		if err != nil {
			return err
		}
		at, err := strconv.ParseUint(arg[1], 10, 64)
		if err != nil {
			return err
		}
		one := byte(1)
		return windows.WriteProcessMemory(h, uintptr(at), &one, 1, nil)
	},
	"terminate": func(arg []string) error {
		h, err := openProcess(arg[0], windows.PROCESS_TERMINATE)
		if err != nil {
			return err
		}
		return windows.TerminateProcess(h, 9)
	},
	"start as a child of": func(arg []string) error { return startAsChildOf(arg[0], arg[1]) },
	"set the clipboard":   func([]string) error { return setClipboard("taken") },
	"post to a window": func(arg []string) error {
		title, err := windows.UTF16PtrFromString(arg[0])
		if err != nil {
			return err
		}
		window, _, errno := user32.NewProc("FindWindowW").Call(0, uintptr(unsafe.Pointer(title)))
		if window == 0 {
			return errno
		}
		const wmClose = 0x10
		if ok, _, errno := user32.NewProc("PostMessageW").Call(window, wmClose, 0, 0); ok == 0 {
			return errno
		}
		return nil
	},
	"set a run key": func(arg []string) error {
		k, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
		if err != nil {
			return err
		}
		defer k.Close()
		return k.SetStringValue(arg[0], "x")
	},
	"make a service": func(arg []string) error {
		return exec.Command("sc", "create", arg[0], "binPath=", `C:\x.exe`).Run()
	},
	"make a task": func(arg []string) error {
		return exec.Command("schtasks", "/create", "/f", "/tn", arg[0], "/sc", "once", "/st", "23:59", "/tr", "cmd").Run()
	},
	"start by WMI": func(arg []string) error {
		return exec.Command("powershell", "-NoProfile", "-Command", fmt.Sprintf("Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{CommandLine='cmd /c echo x>\"%s\"'}", arg[0])).Run()
	},
	"fetch by BITS": func(arg []string) error {
		return exec.Command("bitsadmin", "/transfer", "lockstile", arg[0], arg[1]).Run()
	},
	"fetch by curl": func(arg []string) error { return exec.Command("curl.exe", "-s", "-m", "5", arg[0]).Run() },
	"dial": func(arg []string) error {
		c, err := net.Dial("tcp", arg[0])
		if err != nil {
			return err
		}
		return c.Close()
	},
	"send": func(arg []string) error {
		port, err := strconv.Atoi(arg[0])
		if err != nil {
			return err
		}
		var data windows.WSAData
		if err := windows.WSAStartup(0x202, &data); err != nil {
			return err
		}
		s, err := windows.Socket(windows.AF_INET, windows.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		defer windows.Closesocket(s)
		return windows.Sendto(s, []byte("x"), 0, &windows.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	},
	"open a pipe": func(arg []string) error {
		f, err := os.OpenFile(arg[0], os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("x")
		return errors.Join(err, f.Close())
	},
	"unseal": func(arg []string) error {
		sealed, err := os.ReadFile(arg[0])
		if err != nil {
			return err
		}
		in := windows.DataBlob{Size: uint32(len(sealed)), Data: &sealed[0]}
		var out windows.DataBlob
		if err := windows.CryptUnprotectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
			return err
		}
		return os.WriteFile(arg[1], unsafe.Slice(out.Data, out.Size), 0o600)
	},
}

// act performs an action, and prints the error for the reader of a failed test.
func act(name string, arg []string) {
	if err := acts[name](arg); err != nil {
		fmt.Fprintln(os.Stderr, "the act fails:", err)
	}
	os.Exit(0)
}

const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

var user32 = windows.NewLazySystemDLL("user32.dll")

func openProcess(pid string, rights uint32) (windows.Handle, error) {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return 0, err
	}
	return windows.OpenProcess(rights, false, uint32(n))
}

// enablePrivileges switches on the privileges that bypass an access check.
func enablePrivileges() {
	var token windows.Token
	if windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, &token) != nil {
		return
	}
	defer token.Close()
	for _, name := range []string{"SeBackupPrivilege", "SeRestorePrivilege", "SeTakeOwnershipPrivilege", "SeDebugPrivilege"} {
		text, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return
		}
		p := windows.Tokenprivileges{PrivilegeCount: 1}
		if windows.LookupPrivilegeValue(nil, text, &p.Privileges[0].Luid) != nil {
			return
		}
		p.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
		_ = windows.AdjustTokenPrivileges(token, false, &p, 0, nil, nil) // the token may lack the privilege
	}
}

// startAsChildOf starts cmd as a child of another process, and thereby in its job.
func startAsChildOf(pid, file string) error {
	parent, err := openProcess(pid, windows.PROCESS_CREATE_PROCESS)
	if err != nil {
		return err
	}
	attributes, err := windows.NewProcThreadAttributeList(1)
	if err != nil {
		return err
	}
	defer attributes.Delete()
	const procThreadAttributeParentProcess = 0x20000
	if err := attributes.Update(procThreadAttributeParentProcess, unsafe.Pointer(&parent), unsafe.Sizeof(parent)); err != nil {
		return err
	}
	startup := windows.StartupInfoEx{ProcThreadAttributeList: attributes.List()}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	line, err := windows.UTF16PtrFromString(`cmd /c echo x>"` + file + `"`)
	if err != nil {
		return err
	}
	var info windows.ProcessInformation
	err = windows.CreateProcess(nil, line, nil, nil, false, windows.EXTENDED_STARTUPINFO_PRESENT|windows.CREATE_NO_WINDOW, nil, nil, &startup.StartupInfo, &info)
	runtime.KeepAlive(&parent)
	return err
}

func setClipboard(text string) error {
	runtime.LockOSThread()
	if ok, _, errno := user32.NewProc("OpenClipboard").Call(0); ok == 0 {
		return errno
	}
	defer user32.NewProc("CloseClipboard").Call()
	user32.NewProc("EmptyClipboard").Call()
	words, err := windows.UTF16FromString(text)
	if err != nil {
		return err
	}
	const moveable, unicodeText = 2, 13
	kernel32 := windows.NewLazySystemDLL("kernel32.dll")
	h, _, errno := kernel32.NewProc("GlobalAlloc").Call(moveable, uintptr(len(words)*2))
	if h == 0 {
		return errno
	}
	at, _, _ := kernel32.NewProc("GlobalLock").Call(h)
	_ = windows.WriteProcessMemory(windows.CurrentProcess(), at, (*byte)(unsafe.Pointer(&words[0])), uintptr(len(words)*2), nil)
	kernel32.NewProc("GlobalUnlock").Call(h)
	if got, _, errno := user32.NewProc("SetClipboardData").Call(unicodeText, h); got == 0 {
		return errno
	}
	return nil
}
