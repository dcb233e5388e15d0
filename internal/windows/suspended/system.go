package suspended

import "os"

// Handle is a handle of the system; 0 is none.
type Handle uintptr

// system is the part of Windows that makes a process: each method is a call that succeeds
// or fails. A call that fails without a reason has an error as well. Tests have a system
// of their own, which fails at each call in each way.
type system interface {
	createJob() (Handle, error)
	limitJob(Handle, JobLimits) error
	limitUI(job Handle, limits uint32) error
	createPort() (Handle, error)
	watchJob(job, port Handle) error
	terminateJob(Handle) error
	jobProcesses(Handle) (int, error)
	awaitPort(Handle)

	restrictToken(restricting []string) (Handle, error)
	isRestricted(token Handle) bool
	setDefaultDACL(token Handle, sddl string) error
	setIntegrity(token Handle, sid string) error

	createConsole(size Size, in, out *os.File) (Handle, error)
	resizeConsole(Handle, Size) error
	closeConsole(Handle)
	duplicateFile(*os.File) (*os.File, error)

	createCanary() (Handle, error)
	isInherited(Handle) bool
	inheritable(Handle) (Handle, error)
	createProcess(start) (made, error)
	resumeThread(Handle) (wasSuspended uint32, err error)
	await(process Handle) error
	exitCode(process Handle) (uint32, error)

	ownToken(process Handle) (Handle, error)
	attempt(token Handle, a Attempt) (how string, err error)

	createStation() (Handle, error)
	openStation(Handle) error
	processStation() (Handle, error)
	setProcessStation(Handle) error
	createDesktop(name, sddl string) (Handle, error)
	objectName(Handle) (string, error)
	closeDesktop(Handle)
	closeStation(Handle)

	close(Handle)
}

// start is the input of a process creation.
type start struct {
	spec    Spec
	job     Handle
	console Handle // 0 for none
	token   Handle // 0 for our own
	stdio   *[3]Handle
}

// made is a new process.
type made struct {
	process, thread Handle
	pid             int
}

func closeAll(s system, handles ...Handle) {
	for _, h := range handles {
		if h != 0 {
			s.close(h)
		}
	}
}
