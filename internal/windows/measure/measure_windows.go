// Package measure reads a process's state from outside into evidence. Package measure
// must never ask the process itself, change the process, or fill in a value that could
// not be read.
package measure

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/attest"
	"github.com/lockstile/lockstile/internal/windows/winerr"
)

// Process is a process to measure; the names of its facts begin with Who.
type Process struct {
	Who    string
	Handle uintptr
}

func (p Process) fact(name string) attest.Fact { return attest.Fact(p.Who + "." + name) }

// Token reads the user and the rights of the process.
func (p Process) Token(e *attest.Evidence) {
	var token windows.Token
	err := windows.OpenProcessToken(windows.Handle(p.Handle), windows.TOKEN_QUERY, &token)
	if err == nil {
		defer token.Close()
	}
	set := func(name string, read func(windows.Token) (string, error)) {
		value, why := "", err
		if err == nil {
			value, why = read(token)
		}
		e.Set(p.fact("token."+name), value, why)
	}
	set("user", user)
	set("restricted", restricted)
	set("privileges", privileges)
	set("restricting", restricting)
	set("integrity", integrity)
	set("default list", defaultList)
	set("administrators", func(t windows.Token) (string, error) {
		return membership(t, func(g windows.SIDAndAttributes) bool { return g.Sid.String() == access.Administrators })
	})
	set("logon session", func(t windows.Token) (string, error) {
		return membership(t, func(g windows.SIDAndAttributes) bool {
			return g.Attributes&windows.SE_GROUP_LOGON_ID == windows.SE_GROUP_LOGON_ID
		})
	})
}

func user(t windows.Token) (string, error) {
	u, err := t.GetTokenUser()
	if err != nil {
		return "", err
	}
	return u.User.Sid.String(), nil
}

// privileges lists the token's privileges, enabled or not, by their numbers on this
// machine, in order (LUID).
func privileges(t windows.Token) (string, error) {
	buf, err := information(t, windows.TokenPrivileges)
	if err != nil {
		return "", err
	}
	const head = unsafe.Sizeof(uint32(0))
	const one = unsafe.Sizeof(windows.LUIDAndAttributes{})
	if uintptr(len(buf)) < head {
		return "", errors.New("the list of privileges is too short")
	}
	count := uintptr(*(*uint32)(unsafe.Pointer(&buf[0])))
	if count > (uintptr(len(buf))-head)/one {
		return "", errors.New("the list of privileges is shorter than it says")
	}
	numbers := make([]int, count)
	for i := range count {
		id := (*windows.LUIDAndAttributes)(unsafe.Pointer(&buf[head+i*one])).Luid
		numbers[i] = int(id.HighPart)<<32 | int(id.LowPart)
	}
	slices.Sort(numbers)
	return strings.Trim(fmt.Sprint(numbers), "[]"), nil
}

// membership returns the effect of the token's membership in a group.
func membership(t windows.Token, is func(windows.SIDAndAttributes) bool) (string, error) {
	groups, err := t.GetTokenGroups()
	if err != nil {
		return "", err
	}
	out := "not a member"
	for _, g := range groups.AllGroups() {
		switch {
		case !is(g):
		case g.Attributes&windows.SE_GROUP_USE_FOR_DENY_ONLY == 0:
			return "a member", nil
		default:
			out = "for denials alone"
		}
	}
	runtime.KeepAlive(groups)
	return out, nil
}

// restricting lists the restricting SIDs, in order.
func restricting(t windows.Token) (string, error) {
	buf, err := information(t, windows.TokenRestrictedSids)
	if err != nil {
		return "", err
	}
	if uintptr(len(buf)) < unsafe.Sizeof(windows.Tokengroups{}) {
		return "", nil // a count of 0
	}
	var out []string
	for _, g := range (*windows.Tokengroups)(unsafe.Pointer(&buf[0])).AllGroups() {
		out = append(out, g.Sid.String())
	}
	runtime.KeepAlive(buf)
	slices.Sort(out)
	return strings.Join(out, " "), nil
}

// defaultList returns who may open the objects made by the process: SIDs with full
// access, and other entries unchanged, in order.
func defaultList(t windows.Token) (string, error) {
	buf, err := information(t, windows.TokenDefaultDacl)
	if err != nil {
		return "", err
	}
	if uintptr(len(buf)) < unsafe.Sizeof(uintptr(0)) {
		return "", errors.New("the default list is too short")
	}
	at := *(*uintptr)(unsafe.Pointer(&buf[0])) // TOKEN_DEFAULT_DACL: where the list is, within buf
	begin := uintptr(unsafe.Pointer(&buf[0]))
	if at < begin || at >= begin+uintptr(len(buf)) {
		return "", errors.New("there is no default list")
	}
	list, err := access.ParseList(buf[at-begin:])
	if err != nil {
		return "", err
	}
	var out []string
	for _, e := range list {
		if e == (access.ACE{Mask: access.GenericAll, SID: e.SID}) {
			out = append(out, e.SID)
		} else {
			out = append(out, e.String())
		}
	}
	runtime.KeepAlive(buf)
	slices.Sort(out)
	return strings.Join(out, " "), nil
}

// integrity returns the last number of the level's SID.
func integrity(t windows.Token) (string, error) {
	buf, err := information(t, windows.TokenIntegrityLevel)
	if err != nil {
		return "", err
	}
	if uintptr(len(buf)) < unsafe.Sizeof(windows.Tokenmandatorylabel{}) {
		return "", errors.New("the label is too short")
	}
	sid := (*windows.Tokenmandatorylabel)(unsafe.Pointer(&buf[0])).Label.Sid.String()
	runtime.KeepAlive(buf)
	names := map[string]string{"S-1-16-0": "untrusted", "S-1-16-4096": "low", "S-1-16-8192": "medium", "S-1-16-12288": "high", "S-1-16-16384": "system"}
	if name, ok := names[sid]; ok {
		return name, nil
	}
	return sid, nil
}

// information reads a class of a token's information.
func information(t windows.Token, class uint32) ([]byte, error) {
	var size uint32
	err := windows.GetTokenInformation(t, class, nil, 0, &size)
	if err != windows.ERROR_INSUFFICIENT_BUFFER {
		return nil, fmt.Errorf("GetTokenInformation: %w", winerr.Cause(err))
	}
	buf := make([]byte, size)
	if err := windows.GetTokenInformation(t, class, &buf[0], size, &size); err != nil {
		return nil, fmt.Errorf("GetTokenInformation: %w", winerr.Cause(err))
	}
	return buf[:min(int(size), len(buf))], nil
}

var isTokenRestricted = windows.NewLazySystemDLL("advapi32.dll").NewProc("IsTokenRestricted")

// restricted reports whether the token has restricting SIDs.
func restricted(t windows.Token) (string, error) {
	yes, _, errno := isTokenRestricted.Call(uintptr(t))
	switch {
	case yes != 0:
		return "yes", nil
	case errno != windows.ERROR_SUCCESS: // the result is 0 for an error too
		return "", fmt.Errorf("IsTokenRestricted: %w", errno)
	}
	return "no", nil
}

var (
	kernel32             = windows.NewLazySystemDLL("kernel32.dll")
	suspendThread        = kernel32.NewProc("SuspendThread")
	getProcessIDOfThread = kernel32.NewProc("GetProcessIdOfThread")
)

// Thread reads how often the process's only thread is suspended: Thread suspends the
// thread again, which returns the count before, and resumes.
func (p Process) Thread(e *attest.Evidence, thread uintptr) {
	of, _, errno := getProcessIDOfThread.Call(thread)
	if pid, err := windows.GetProcessId(windows.Handle(p.Handle)); err != nil || uint32(of) != pid {
		e.Set(p.fact("thread"), fmt.Sprintf("of process %d", uint32(of)), errors.Join(err, ifZero(of, errno)))
		return
	}
	const failed = 1<<32 - 1
	was, _, errno := suspendThread.Call(thread)
	if uint32(was) == failed {
		e.Set(p.fact("thread"), "", fmt.Errorf("SuspendThread: %w", winerr.Cause(errno)))
		return
	}
	now, err := windows.ResumeThread(windows.Handle(thread))
	if err == nil && uintptr(now) != was+1 {
		err = errors.New("somebody else resumes it")
	}
	e.Set(p.fact("thread"), fmt.Sprintf("suspended %d times", uint32(was)), err)
}

// ifZero returns the error of a call with result 0.
func ifZero(result uintptr, errno error) error {
	if result == 0 {
		return winerr.Cause(errno)
	}
	return nil
}

// Job reads whether the process is in the job, and the job's limits. If the limits can't
// be read back, try reports whether a process ends with a job like this.
func (p Process) Job(e *attest.Evidence, job uintptr, try func() error) {
	in, err := inJob(windows.Handle(p.Handle), windows.Handle(job))
	e.Set(p.fact("job"), in, err)
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err = windows.QueryInformationJobObject(windows.Handle(job), windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)), nil)
	names := limitNames(limits.BasicLimitInformation.LimitFlags)
	if err == nil && names == "" {
		if err = try(); err == nil {
			names = "kill on close, as tried"
		}
	}
	e.Set("job.limits", names, err)
	e.Set("job.processes", strconv.Itoa(int(limits.BasicLimitInformation.ActiveProcessLimit)), err)
	e.Set("job.memory", strconv.FormatUint(uint64(limits.JobMemoryLimit), 10), err)
}

// UILimits reads the job's limits for the user's desktop.
func UILimits(e *attest.Evidence, job uintptr) {
	var limits windows.JOBOBJECT_BASIC_UI_RESTRICTIONS
	err := windows.QueryInformationJobObject(windows.Handle(job), windows.JobObjectBasicUIRestrictions, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)), nil)
	e.Set("job.ui", fmt.Sprintf("%#x", limits.UIRestrictionsClass), err)
}

// inJob looks for the process in the job's own list.
func inJob(process, job windows.Handle) (string, error) {
	pid, err := windows.GetProcessId(process)
	if err != nil {
		return "", err
	}
	var list struct {
		Assigned, Listed uint32
		IDs              [64]uintptr
	}
	err = windows.QueryInformationJobObject(job, windows.JobObjectBasicProcessIdList, uintptr(unsafe.Pointer(&list)), uint32(unsafe.Sizeof(list)), nil)
	if err != nil {
		return "", fmt.Errorf("QueryInformationJobObject: %w", winerr.Cause(err))
	}
	if list.Assigned == 1 && list.Listed == 1 && list.IDs[0] == uintptr(pid) {
		return "it alone", nil
	}
	return fmt.Sprintf("%d processes", list.Assigned), nil
}

// limitNames names the relevant flags; other flags stay a number.
func limitNames(flags uint32) string {
	var names []string
	for _, f := range []struct {
		flag uint32
		name string
	}{
		{windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, "kill on close"},
		{windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, "die on unhandled exception"},
		{windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS, "processes"},
		{windows.JOB_OBJECT_LIMIT_JOB_MEMORY, "memory"},
		{windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK, "breakaway"},
		{windows.JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, "silent breakaway"},
	} {
		if flags&f.flag != 0 {
			names = append(names, f.name)
			flags &^= f.flag
		}
	}
	if flags != 0 {
		names = append(names, fmt.Sprintf("%#x", flags))
	}
	return strings.Join(names, ", ")
}

// The classes of GetProcessMitigationPolicy to read.
const (
	extensionPointPolicy = 6  // ProcessExtensionPointDisablePolicy
	imageLoadPolicy      = 10 // ProcessImageLoadPolicy
)

var getProcessMitigationPolicy = kernel32.NewProc("GetProcessMitigationPolicy")

// Mitigations reads the code that the process may not load.
func (p Process) Mitigations(e *attest.Evidence) {
	var names []string
	var err error
	for _, m := range []struct {
		class, mask uint32
		name        string
	}{
		{extensionPointPolicy, 1, "extension points"},
		{imageLoadPolicy, 1, "remote images"},
		{imageLoadPolicy, 2, "images of low integrity"},
	} {
		var flags uint32
		ok, _, errno := getProcessMitigationPolicy.Call(p.Handle, uintptr(m.class), uintptr(unsafe.Pointer(&flags)), unsafe.Sizeof(flags))
		if ok == 0 {
			err = fmt.Errorf("GetProcessMitigationPolicy: %w", winerr.Cause(errno))
		} else if flags&m.mask != 0 {
			names = append(names, m.name)
		}
	}
	e.Set(p.fact("loads no"), strings.Join(names, ", "), err)
}

// Parameters reads the process's folder and desktop. The desktop may be a private desktop
// of the process.
func (p Process) Parameters(e *attest.Evidence, own string) {
	dir, desktop, err := p.parameters()
	switch desktop {
	case "":
		desktop = "its maker's"
	case own:
		desktop = "its own"
	}
	if err == nil && dir == "" {
		err = errors.New("the process has no folder")
	}
	if len(dir) > len(`C:\`) {
		dir = strings.TrimSuffix(dir, `\`)
	}
	e.Set(p.fact("working directory"), dir, err)
	e.Set(p.fact("desktop"), desktop, err)
}

// parameters reads the process's own parameters, written by the parent
// (RTL_USER_PROCESS_PARAMETERS).
func (p Process) parameters() (dir, desktop string, err error) {
	h := windows.Handle(p.Handle)
	var basic windows.PROCESS_BASIC_INFORMATION
	if err := windows.NtQueryInformationProcess(h, windows.ProcessBasicInformation, unsafe.Pointer(&basic), uint32(unsafe.Sizeof(basic)), nil); err != nil {
		return "", "", err
	}
	var peb windows.PEB
	if err := peek(h, uintptr(unsafe.Pointer(basic.PebBaseAddress)), unsafe.Pointer(&peb), unsafe.Sizeof(peb)); err != nil {
		return "", "", err
	}
	var parameters windows.RTL_USER_PROCESS_PARAMETERS
	if err := peek(h, uintptr(unsafe.Pointer(peb.ProcessParameters)), unsafe.Pointer(&parameters), unsafe.Sizeof(parameters)); err != nil {
		return "", "", err
	}
	dir, err = peekText(h, parameters.CurrentDirectory.DosPath)
	if err == nil {
		desktop, err = peekText(h, parameters.DesktopInfo)
	}
	return dir, desktop, err
}

func peekText(process windows.Handle, s windows.NTUnicodeString) (string, error) {
	text := make([]uint16, s.Length/2)
	if len(text) == 0 {
		return "", nil
	}
	if err := peek(process, uintptr(unsafe.Pointer(s.Buffer)), unsafe.Pointer(&text[0]), uintptr(len(text))*2); err != nil {
		return "", err
	}
	return windows.UTF16ToString(text), nil
}

func peek(process windows.Handle, at uintptr, to unsafe.Pointer, size uintptr) error {
	var n uintptr
	err := windows.ReadProcessMemory(process, at, (*byte)(to), size, &n)
	if err == nil && n != size {
		err = errors.New("less was read than asked for")
	}
	return os.NewSyscallError("ReadProcessMemory", err)
}

// Inherited reads whether our handle has come to the process: an inherited handle would
// have the same number.
func (p Process) Inherited(e *attest.Evidence, handle uintptr) {
	var got windows.Handle
	err := windows.DuplicateHandle(windows.Handle(p.Handle), windows.Handle(handle), windows.CurrentProcess(), &got, 0, false, windows.DUPLICATE_SAME_ACCESS)
	switch err {
	case windows.ERROR_INVALID_HANDLE:
		e.Set(p.fact("canary"), "not there", nil)
	case nil:
		windows.CloseHandle(got)
		e.Set(p.fact("canary"), "there, or another in its place", nil)
	default:
		e.Set(p.fact("canary"), "", err)
	}
}

// Own is the state of this process, for comparison with other processes.
type Own struct {
	User       string // the SID
	Privileges string // as in the evidence
}

// Self measures this process for comparison: the user and the rights.
func Self() (Own, error) {
	token := windows.GetCurrentProcessToken()
	name, err := user(token)
	if err != nil {
		return Own{}, err
	}
	held, err := privileges(token)
	return Own{User: name, Privileges: held}, err
}
