package containers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// group is a row of system calls, with the reason for the row. A call of a row is allowed
// with every argument; the rows together are the only calls of a container.
type group struct {
	why   string
	calls string // names, with spaces between
}

// ordinary are the calls that engines give to a container with the usual capabilities.
// What the kernel itself ties to a capability is in no row, if no ordinary container has
// the capability.
var ordinary = []group{
	{"open and close", "open openat openat2 creat close close_range dup dup2 dup3 fcntl flock ioctl memfd_create memfd_secret pipe pipe2"},
	{"read and write", "read readv pread64 preadv preadv2 readahead write writev pwrite64 pwritev pwritev2 lseek sendfile copy_file_range splice tee vmsplice"},
	{"asynchronous reading and writing", "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents"},
	{"content to disk", "sync syncfs fsync fdatasync sync_file_range fallocate fadvise64 truncate ftruncate"},
	{"folders and names", "getcwd chdir fchdir chroot getdents getdents64 mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat readlink readlinkat rename renameat renameat2 unlink unlinkat umask"},
	{"properties of files", "access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs statmount listmount chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat name_to_handle_at"},
	{"extended attributes", "getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat"},
	{"events", "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"},
	{"memory", "brk mmap munmap mremap mprotect madvise msync mincore mlock mlock2 mlockall munlock munlockall mseal membarrier map_shadow_stack remap_file_pages cachestat pkey_alloc pkey_free pkey_mprotect process_mrelease"},
	{"processes and threads", "fork vfork execve execveat exit exit_group wait4 waitid set_tid_address set_thread_area get_thread_area set_robust_list get_robust_list rseq prctl arch_prctl modify_ldt restart_syscall uretprobe getcpu pause"},
	{"other processes", "pidfd_open pidfd_send_signal kill tkill tgkill ptrace process_vm_readv process_vm_writev"},
	{"identities", "getpid getppid gettid getpgid getpgrp setpgid getsid setsid getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capget capset"},
	{"signals", "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack signalfd signalfd4"},
	{"locks between threads", "futex futex_requeue futex_wait futex_waitv futex_wake"},
	{"limits and scheduling", "getrlimit setrlimit prlimit64 getrusage getpriority setpriority ioprio_get ioprio_set sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval"},
	{"time", "time times gettimeofday adjtimex alarm getitimer setitimer nanosleep clock_gettime clock_getres clock_nanosleep clock_adjtime timer_create timer_delete timer_gettime timer_settime timer_getoverrun timerfd_create timerfd_gettime timerfd_settime"},
	{"sockets", "socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg"},
	{"messages, semaphores, shared memory", "msgget msgsnd msgrcv msgctl semget semop semtimedop semctl shmget shmat shmdt shmctl mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedreceive"},
	{"the machine", "uname sysinfo getrandom"},
	{"own restrictions", "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
	{"the same for programs of 32 bits", "_llseek _newselect chown32 clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64 futex_time64 " +
		"getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32 io_pgetevents_time64 ipc lchown32 lstat64 mmap2 mq_timedreceive_time64 mq_timedsend_time64 ppoll_time64 pselect6_time64 " +
		"recv recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64 send sendfile64 setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 setresgid32 setresuid32 setreuid32 setuid32 " +
		"sigprocmask sigreturn socketcall stat64 statfs64 timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 truncate64 ugetrlimit utimensat_time64 waitpid"},
	{"programs of 32 bits on arm", "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"},
}

// forStarts are the calls of a start that engines deny to a container without
// CAP_SYS_ADMIN or CAP_SYS_PTRACE. The kernel gives a process the effect of the mounts
// alone in a user namespace of its own.
var forStarts = []group{
	{"namespaces of a sandbox", "clone clone3 unshare"},
	{"the view of a sandbox, which no other process sees", "mount open_tree move_mount mount_setattr"},
	{"connects in place of a command", "pidfd_getfd"},
	{"the loopback of a session, and names that the host makes beside a command", "setns"},
}

// filtered are calls that depend on an argument.
var filtered = []filteredCall{
	// Families with an address space of the host's kernel or hypervisor: 38 is AF_ALG,
	// 40 is AF_VSOCK.
	{"socket", 0, "SCMP_CMP_LT", 38}, {"socket", 0, "SCMP_CMP_EQ", 39}, {"socket", 0, "SCMP_CMP_GT", 40},
	// Linux or Linux of 32 bits, with or without a fixed layout, and the question.
	{"personality", 0, "SCMP_CMP_EQ", 0}, {"personality", 0, "SCMP_CMP_EQ", 0x8}, {"personality", 0, "SCMP_CMP_EQ", 0x20000},
	{"personality", 0, "SCMP_CMP_EQ", 0x20008}, {"personality", 0, "SCMP_CMP_EQ", 0xffffffff},
}

type filteredCall struct {
	name  string
	arg   int
	op    string
	value uint64
}

// interfacesOf returns the interfaces of a processor, as libseccomp names them; none for an
// unknown processor.
func interfacesOf(arch string) []string {
	switch arch {
	case "amd64":
		return []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}
	case "arm64":
		return []string{"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"}
	}
	return nil
}

// rule and condition are parts of a profile in the form of the OCI runtime specification,
// which every engine reads.
type rule struct {
	Names  []string    `json:"names"`
	Action string      `json:"action"`
	Args   []condition `json:"args,omitempty"`
}

type condition struct {
	Index int    `json:"index"`
	Value uint64 `json:"value"`
	Op    string `json:"op"`
}

// SeccompProfile returns a profile for containers on a processor ("amd64"), as JSON: the
// calls of an ordinary container, and the calls of a start. Every other call fails with
// EPERM.
func SeccompProfile(arch string) (string, error) {
	interfaces := interfacesOf(arch)
	if interfaces == nil {
		return "", fmt.Errorf("no seccomp profile is known for the processor %q", arch)
	}
	var rules []string
	add := func(r rule) error {
		text, err := json.Marshal(r)
		rules = append(rules, "    "+string(text))
		return err
	}
	var problems error
	for _, g := range slices.Concat(ordinary, forStarts) {
		problems = errors.Join(problems, add(rule{Names: strings.Fields(g.calls), Action: allow}))
	}
	for _, c := range filtered {
		problems = errors.Join(problems, add(rule{Names: []string{c.name}, Action: allow, Args: []condition{{c.arg, c.value, c.op}}}))
	}
	// A row of the tables is a line, for people to compare.
	return fmt.Sprintf("{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 1,\n  \"architectures\": [\"%s\"],\n  \"syscalls\": [\n%s\n  ]\n}\n",
		strings.Join(interfaces, `", "`), strings.Join(rules, ",\n")), problems
}

const allow = "SCMP_ACT_ALLOW"
