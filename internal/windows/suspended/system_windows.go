package suspended

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// platform is Windows.
type platform struct{}

// Prepare makes the surroundings of a process: the job, and for a confined process the
// token. The caller must Wait or Kill.
func Prepare(c *Confinement) (*Child, error) { return prepare(platform{}, c) }

// NewDesktop makes a desktop; sddl is the access list of the desktop.
func NewDesktop(sddl string) (*Desktop, error) { return newDesktop(platform{}, sddl) }

// JobOf returns a job made by another process. handle is a handle to the job, and ours
// from here on.
func JobOf(handle windows.Handle) *Job { return &Job{sys: platform{}, handle: Handle(handle)} }

func (platform) close(h Handle) { windows.CloseHandle(windows.Handle(h)) }

func (platform) await(process Handle) error {
	_, err := windows.WaitForSingleObject(windows.Handle(process), windows.INFINITE)
	return os.NewSyscallError("wait for the command", err)
}

func (platform) exitCode(process Handle) (code uint32, err error) {
	err = windows.GetExitCodeProcess(windows.Handle(process), &code)
	return code, os.NewSyscallError("GetExitCodeProcess", err)
}

func (platform) resumeThread(thread Handle) (uint32, error) {
	return windows.ResumeThread(windows.Handle(thread))
}

func (platform) inheritable(h Handle) (Handle, error) { return duplicate(h, true) }

func duplicate(h Handle, inherit bool) (Handle, error) {
	self := windows.CurrentProcess()
	var out windows.Handle
	err := windows.DuplicateHandle(self, windows.Handle(h), self, &out, 0, inherit, windows.DUPLICATE_SAME_ACCESS)
	return Handle(out), os.NewSyscallError("DuplicateHandle", err)
}

func (platform) duplicateFile(f *os.File) (*os.File, error) {
	h, err := duplicate(Handle(f.Fd()), false)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), f.Name()), nil
}

// trialTime is how long a process may take to end with its job, in milliseconds.
const trialTime = 5000

// TryJob reports whether a process ends with its job, by a trial with this program,
// suspended, which never runs. TryJob is for systems where a job's limits can't be read
// back.
func TryJob() error {
	j, err := newJob(platform{}, nil)
	if err != nil {
		return err
	}
	defer j.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	it, err := platform{}.createProcess(start{job: j.handle, spec: Spec{File: self, Line: `""`, Dir: filepath.Dir(self)}})
	if err != nil {
		return err
	}
	defer closeAll(platform{}, it.process, it.thread)
	j.Close()
	process := windows.Handle(it.process)
	if event, err := windows.WaitForSingleObject(process, trialTime); err != nil || event != windows.WAIT_OBJECT_0 {
		_ = windows.TerminateProcess(process, 1)
		return errors.New("a process lives on when its job is closed")
	}
	return nil
}
