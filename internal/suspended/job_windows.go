package suspended

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/winerr"
)

// Job keeps a command's tree together: it ends when the last handle to the job is
// closed, ours, so with us; and nothing leaves it.
type Job struct {
	mu     sync.Mutex // End comes from elsewhere than Close
	handle windows.Handle
	port   windows.Handle // tells when it is empty
}

// JobOf is one that another process made, by a handle to it, which is ours from here on.
func JobOf(handle windows.Handle) *Job { return &Job{handle: handle} }

// Handle stays the job's.
func (j *Job) Handle() windows.Handle { return j.handle }

// jobLimits are read back as evidence. Without a BREAKAWAY flag, a process that asks
// to leave is not started.
const jobLimits = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION

func newJob() (*Job, error) {
	j := &Job{}
	if err := j.make(); err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

func (j *Job) make() (err error) {
	if j.handle, err = windows.CreateJobObject(nil, nil); err != nil {
		return os.NewSyscallError("CreateJobObject", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: jobLimits}}
	if err := j.set(windows.JobObjectExtendedLimitInformation, unsafe.Pointer(&limits), unsafe.Sizeof(limits)); err != nil {
		return err
	}
	if j.port, err = windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1); err != nil {
		return os.NewSyscallError("CreateIoCompletionPort", err)
	}
	port := completionPort{Port: j.port}
	return j.set(windows.JobObjectAssociateCompletionPortInformation, unsafe.Pointer(&port), unsafe.Sizeof(port))
}

func (j *Job) set(class uint32, what unsafe.Pointer, size uintptr) error {
	if ok, err := windows.SetInformationJobObject(j.handle, class, uintptr(what), uint32(size)); ok == 0 || err != nil {
		return os.NewSyscallError("SetInformationJobObject", winerr.Cause(err))
	}
	return nil
}

// uiLimits is every restriction on the user's desktop that there is: clipboard, other
// programs' windows, settings, the end of the session (JOBOBJECT_BASIC_UI_RESTRICTIONS).
const uiLimits = 0xFF

func (j *Job) restrictUI() error {
	limits := windows.JOBOBJECT_BASIC_UI_RESTRICTIONS{UIRestrictionsClass: uiLimits}
	return j.set(windows.JobObjectBasicUIRestrictions, unsafe.Pointer(&limits), unsafe.Sizeof(limits))
}

// trialTime is how long a process may take to end with its job, in milliseconds.
const trialTime = 5000

// TryJob reports whether a process ends with its job, by trying it with this very
// program, suspended, which never runs: for where a job's limits can't be read back.
func TryJob() error {
	j, err := newJob()
	if err != nil {
		return err
	}
	defer j.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	info, err := create(&Child{job: j}, Spec{File: self, Line: `""`, Dir: filepath.Dir(self)}, nil)
	if err != nil {
		return err
	}
	defer closeAll([]windows.Handle{info.Process, info.Thread})
	j.Close()
	if event, err := windows.WaitForSingleObject(info.Process, trialTime); err != nil || event != windows.WAIT_OBJECT_0 {
		_ = windows.TerminateProcess(info.Process, 1)
		return errors.New("a process lives on when its job is closed")
	}
	return nil
}

// End kills all processes of the job. After Close it is os.ErrProcessDone.
func (j *Job) End() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handle == 0 {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(j.handle, 1))
}

// emptyPoll is how often, in milliseconds, it is asked whether a job is empty:
// "messages are not guaranteed" (JOBOBJECT_ASSOCIATE_COMPLETION_PORT).
const emptyPoll = 100

// await waits until no process of the job is left.
func (j *Job) await() error {
	for {
		left, err := j.processes()
		if err != nil || left == 0 {
			return err
		}
		var message uint32
		var key uintptr
		var overlapped *windows.Overlapped
		_ = windows.GetQueuedCompletionStatus(j.port, &message, &key, &overlapped, emptyPoll) // only to wake up sooner
	}
}

// completionPort is JOBOBJECT_ASSOCIATE_COMPLETION_PORT, which x/sys doesn't have.
type completionPort struct {
	Key  uintptr
	Port windows.Handle
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, the same.
type accounting struct {
	UserTime, KernelTime, PeriodUserTime, PeriodKernelTime int64
	Faults, Total, Active, Terminated                      uint32
}

const jobObjectBasicAccountingInformation = 1

func (j *Job) processes() (uint32, error) {
	var a accounting
	err := windows.QueryInformationJobObject(j.handle, jobObjectBasicAccountingInformation, uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	return a.Active, os.NewSyscallError("QueryInformationJobObject", err)
}

// Close closes our handles; with the last one the tree ends.
func (j *Job) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	closeAll([]windows.Handle{j.handle, j.port})
	j.handle, j.port = 0, 0
}
