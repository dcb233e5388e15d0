package suspended

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/windows/winerr"
)

func (platform) createJob() (Handle, error) {
	h, err := windows.CreateJobObject(nil, nil)
	return Handle(h), os.NewSyscallError("CreateJobObject", err)
}

// limitJob sets the limits that are read back as evidence. Without a BREAKAWAY flag,
// Windows does not start a process that asks to leave the job.
func (platform) limitJob(job Handle, l JobLimits) error {
	basic := windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	if l.Processes != 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
		basic.ActiveProcessLimit = l.Processes
	}
	if l.Memory != 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		limits.JobMemoryLimit = uintptr(l.Memory)
	}
	limits.BasicLimitInformation = basic
	return setJob(job, windows.JobObjectExtendedLimitInformation, unsafe.Pointer(&limits), unsafe.Sizeof(limits))
}

func (platform) limitUI(job Handle, which uint32) error {
	limits := windows.JOBOBJECT_BASIC_UI_RESTRICTIONS{UIRestrictionsClass: which}
	return setJob(job, windows.JobObjectBasicUIRestrictions, unsafe.Pointer(&limits), unsafe.Sizeof(limits))
}

func (platform) createPort() (Handle, error) {
	h, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1)
	return Handle(h), os.NewSyscallError("CreateIoCompletionPort", err)
}

// completionPort is JOBOBJECT_ASSOCIATE_COMPLETION_PORT; x/sys lacks the type.
type completionPort struct {
	Key  uintptr
	Port windows.Handle
}

func (platform) watchJob(job, port Handle) error {
	it := completionPort{Port: windows.Handle(port)}
	return setJob(job, windows.JobObjectAssociateCompletionPortInformation, unsafe.Pointer(&it), unsafe.Sizeof(it))
}

func setJob(job Handle, class uint32, what unsafe.Pointer, size uintptr) error {
	if ok, err := windows.SetInformationJobObject(windows.Handle(job), class, uintptr(what), uint32(size)); ok == 0 || err != nil {
		return os.NewSyscallError("SetInformationJobObject", winerr.Cause(err))
	}
	return nil
}

func (platform) terminateJob(job Handle) error {
	return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(windows.Handle(job), 1))
}

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION; x/sys lacks the type.
type accounting struct {
	UserTime, KernelTime, PeriodUserTime, PeriodKernelTime int64
	Faults, Total, Active, Terminated                      uint32
}

func (platform) jobProcesses(job Handle) (int, error) {
	const jobObjectBasicAccountingInformation = 1
	var a accounting
	err := windows.QueryInformationJobObject(windows.Handle(job), jobObjectBasicAccountingInformation, uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	return int(a.Active), os.NewSyscallError("QueryInformationJobObject", err)
}

// awaitPort waits for news of a job, or a while: "messages are not guaranteed"
// (JOBOBJECT_ASSOCIATE_COMPLETION_PORT).
func (platform) awaitPort(port Handle) {
	const milliseconds = 100
	var message uint32
	var key uintptr
	var overlapped *windows.Overlapped
	_ = windows.GetQueuedCompletionStatus(windows.Handle(port), &message, &key, &overlapped, milliseconds)
}
