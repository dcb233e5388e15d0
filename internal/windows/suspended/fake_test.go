package suspended

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/attest"
)

// fake is a Windows in memory that fails at the n-th call: with an error, or with a
// success that did nothing. fake knows the open handles, and the state of the process.
type fake struct {
	calls   []string
	failAt  int // counted from 1
	nothing bool

	next     Handle
	open     map[Handle]string
	station  Handle
	consoles chan Handle // closed, beside us

	limits   JobLimits
	limited  bool
	ui       uint32
	watched  bool
	ended    bool
	slow     bool
	restrict []string // nil: not restricted
	dacl     string
	level    string
	desktop  string
	entered  bool // everybody may be on our station
	process  start
	made     bool
	writable []string // folders
	running  bool
}

func newFake() *fake {
	return &fake{open: map[Handle]string{}, station: 1, slow: true, consoles: make(chan Handle, 10)}
}

var errFails = errors.New("it fails")

// step counts a call, and reports whether the call does something.
func (f *fake) step(name string) (do bool, err error) {
	f.calls = append(f.calls, name)
	switch {
	case len(f.calls) != f.failAt:
		return true, nil
	case f.nothing:
		return false, nil
	}
	return false, errFails
}

// handle is a call that makes a handle; after a success that did nothing the handle is
// not open.
func (f *fake) handle(name string) (Handle, error) {
	do, err := f.step(name)
	if err != nil {
		return 0, err
	}
	f.next++
	h := 100 + f.next
	if do {
		f.open[h] = name
	}
	return h, nil
}

// need fails like a call with an invalid handle.
func (f *fake) need(handles ...Handle) error {
	for _, h := range handles {
		if f.open[h] == "" {
			return errors.New("the handle is invalid")
		}
	}
	return nil
}

func (f *fake) change(name string, do func()) error {
	yes, err := f.step(name)
	if yes {
		do()
	}
	return err
}

func (f *fake) close(h Handle) { delete(f.open, h) }

func (f *fake) createJob() (Handle, error)  { return f.handle("CreateJobObject") }
func (f *fake) createPort() (Handle, error) { return f.handle("CreateIoCompletionPort") }
func (f *fake) limitJob(_ Handle, l JobLimits) error {
	return f.change("SetInformationJobObject limits", func() { f.limits, f.limited = l, true })
}
func (f *fake) limitUI(_ Handle, which uint32) error {
	return f.change("SetInformationJobObject UI", func() { f.ui = which })
}
func (f *fake) watchJob(Handle, Handle) error {
	return f.change("SetInformationJobObject port", func() { f.watched = true })
}
func (f *fake) terminateJob(Handle) error {
	f.ended = true
	return nil
}
func (f *fake) jobProcesses(Handle) (int, error) {
	_, err := f.step("QueryInformationJobObject")
	if f.slow && err == nil { // the end of all processes takes a while
		f.slow = false
		return 1, nil
	}
	return 0, err
}
func (f *fake) awaitPort(Handle) {}

func (f *fake) restrictToken(sids []string) (h Handle, err error) {
	do, err := f.step("CreateRestrictedToken")
	if err != nil {
		return 0, err
	}
	f.next++
	h = 100 + f.next
	f.open[h] = "CreateRestrictedToken"
	if do {
		f.restrict = sids
	}
	return h, nil
}
func (f *fake) isRestricted(Handle) bool {
	do, err := f.step("IsTokenRestricted")
	return do && err == nil && f.restrict != nil
}
func (f *fake) setDefaultDACL(_ Handle, sddl string) error {
	return f.change("SetTokenInformation list", func() { f.dacl = sddl })
}
func (f *fake) setIntegrity(_ Handle, sid string) error {
	return f.change("SetTokenInformation integrity", func() { f.level = sid })
}

func (f *fake) createConsole(Size, *os.File, *os.File) (Handle, error) {
	return f.handle("CreatePseudoConsole")
}
func (f *fake) resizeConsole(Handle, Size) error { return nil }
func (f *fake) closeConsole(h Handle)            { f.consoles <- h }
func (f *fake) duplicateFile(*os.File) (*os.File, error) {
	if _, err := f.step("DuplicateHandle console"); err != nil {
		return nil, err
	}
	return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
}

func (f *fake) createCanary() (Handle, error) { return f.handle("CreateEvent") }
func (f *fake) isInherited(h Handle) bool {
	do, err := f.step("GetHandleInformation")
	return do && err == nil && f.need(h) == nil
}
func (f *fake) inheritable(Handle) (Handle, error) { return f.handle("DuplicateHandle stream") }
func (f *fake) createProcess(it start) (made, error) {
	do, err := f.step("CreateProcess")
	needs := []Handle{it.job, it.console}
	if it.token != 0 {
		needs = append(needs, it.token)
	}
	if it.stdio != nil {
		needs = append(needs, it.stdio[:]...)
	}
	if err = errors.Join(err, f.need(needs...)); err != nil {
		return made{}, err
	}
	f.process, f.made = it, do
	f.next += 2
	m := made{100 + f.next - 1, 100 + f.next, 42}
	f.open[m.process], f.open[m.thread] = "process", "thread"
	return m, nil
}
func (f *fake) resumeThread(Handle) (uint32, error) {
	do, err := f.step("ResumeThread")
	if err != nil {
		return 0, err
	}
	if !do {
		return 0, nil
	}
	f.running = true
	return 1, nil
}
func (f *fake) await(Handle) error {
	_, err := f.step("WaitForSingleObject")
	return err
}
func (f *fake) exitCode(Handle) (uint32, error) {
	_, err := f.step("GetExitCodeProcess")
	return 7, err
}

func (f *fake) ownToken(Handle) (Handle, error) { return f.handle("OpenProcessToken") }
func (f *fake) attempt(token Handle, a Attempt) (string, error) {
	do, err := f.step("attempt")
	if err = errors.Join(err, f.need(token)); err != nil {
		return "", err
	}
	if !do || a.What == Write && slices.Contains(f.writable, a.Path) {
		return "ok", nil
	}
	return "denied", nil
}

func (f *fake) createStation() (Handle, error) { return f.handle("CreateWindowStation") }
func (f *fake) openStation(Handle) error {
	return f.change("open the station", func() { f.entered = true })
}
func (f *fake) processStation() (Handle, error) {
	do, err := f.step("GetProcessWindowStation")
	if !do {
		return 0, err
	}
	return f.station, nil
}
func (f *fake) setProcessStation(h Handle) error {
	return f.change("SetProcessWindowStation", func() { f.station = h })
}
func (f *fake) createDesktop(name, sddl string) (Handle, error) {
	h, err := f.handle("CreateDesktop")
	if f.open[h] != "" {
		if f.station == 1 {
			f.desktop = `WinSta0\` + name
			return h, err
		}
		f.desktop = `Service-0x0-1$\` + name
	}
	return h, err
}
func (f *fake) objectName(h Handle) (string, error) {
	do, err := f.step("GetUserObjectInformation")
	if !do {
		return "", err
	}
	if err = errors.Join(err, f.need(h)); f.open[h] == "CreateDesktop" {
		return strings.TrimPrefix(f.desktop, `Service-0x0-1$\`), err
	}
	return "Service-0x0-1$", err
}
func (f *fake) closeDesktop(h Handle) { f.close(h) }
func (f *fake) closeStation(h Handle) { f.close(h) }

// evidence returns the state of the process, as measured from outside.
func (f *fake) evidence(c *Child, own string) *attest.Evidence {
	e := attest.NewEvidence()
	set := func(name, value string) { e.Set(attest.Fact(name), value, nil) }
	if !f.made {
		e.Set("command.thread", "", errFails) // nothing of the process can be read
		return e
	}
	if c.PID() == 42 && f.open[c.Process()] == "process" && f.open[c.Thread()] == "thread" {
		set("command.thread", "suspended 1 times")
	}
	set("command.job", map[bool]string{true: "it alone"}[f.process.job == c.Job() && f.open[c.Job()] != ""])
	var names []string
	if f.limited {
		names = append(names, "kill on close", "die on unhandled exception")
	}
	if f.limits.Processes != 0 {
		names = append(names, "processes")
	}
	if f.limits.Memory != 0 {
		names = append(names, "memory")
	}
	set("job.limits", strings.Join(names, ", "))
	set("job.processes", fmt.Sprint(f.limits.Processes))
	set("job.memory", fmt.Sprint(f.limits.Memory))
	set("job.ui", fmt.Sprintf("%#x", f.ui))
	set("command.canary", map[bool]string{true: "not there"}[c.Canary() != 0])
	set("command.working directory", f.process.spec.Dir)
	where := "its maker's"
	if f.process.spec.Desktop == own && f.desktop == own {
		where = "its own"
	}
	set("command.desktop", where)
	set("command.loads no", "extension points, remote images, images of low integrity")
	confined := f.process.token != 0 && f.open[f.process.token] != ""
	if !confined || f.restrict == nil {
		set("command.token.restricted", "no")
		return e
	}
	set("command.token.restricted", "yes")
	set("command.token.restricting", strings.Join(slices.Sorted(slices.Values(f.restrict)), " "))
	set("command.token.privileges", "23")
	set("command.token.integrity", map[string]string{mediumIntegrity: "medium", "": "high"}[f.level])
	set("command.token.administrators", "for denials alone")
	set("command.token.logon session", "for denials alone")
	set("command.token.default list", f.dacl)
	set("command.token.user", "S-1-user")
	return e
}
