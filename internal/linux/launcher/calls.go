//go:build linux

package launcher

import "golang.org/x/sys/unix"

// lastCall is the newest system call considered for the filter (file_setattr of Linux
// 6.17). For a command later calls do not exist, and neither do the numbers that another
// interface of the processor has for the same calls (x32).
const lastCall = 469

// elsewhere are calls without a number on some processors.
var elsewhere = []string{"chmod", "chown", "creat", "futimesat", "lchown", "mknod", "open", "utime", "utimes"}

// callNumbers are the system calls that a filter can name, on this processor.
var callNumbers = map[string]uint32{
	"fchown":             unix.SYS_FCHOWN,
	"fchownat":           unix.SYS_FCHOWNAT,
	"utimensat":          unix.SYS_UTIMENSAT,
	"setxattr":           unix.SYS_SETXATTR,
	"lsetxattr":          unix.SYS_LSETXATTR,
	"fsetxattr":          unix.SYS_FSETXATTR,
	"removexattr":        unix.SYS_REMOVEXATTR,
	"lremovexattr":       unix.SYS_LREMOVEXATTR,
	"fremovexattr":       unix.SYS_FREMOVEXATTR,
	"shmget":             unix.SYS_SHMGET,
	"shmat":              unix.SYS_SHMAT,
	"msgget":             unix.SYS_MSGGET,
	"semget":             unix.SYS_SEMGET,
	"mq_open":            unix.SYS_MQ_OPEN,
	"bind":               unix.SYS_BIND,
	"setxattrat":         463, // Linux 6.13
	"removexattrat":      466,
	"file_setattr":       469, // Linux 6.17
	"acct":               unix.SYS_ACCT,
	"add_key":            unix.SYS_ADD_KEY,
	"bpf":                unix.SYS_BPF,
	"chroot":             unix.SYS_CHROOT,
	"fchmod":             unix.SYS_FCHMOD,
	"fchmodat":           unix.SYS_FCHMODAT,
	"fchmodat2":          unix.SYS_FCHMODAT2,
	"mknodat":            unix.SYS_MKNODAT,
	"open_tree_attr":     467, // Linux 6.15
	"openat":             unix.SYS_OPENAT,
	"openat2":            unix.SYS_OPENAT2,
	"clock_settime":      unix.SYS_CLOCK_SETTIME,
	"clone":              unix.SYS_CLONE,
	"clone3":             unix.SYS_CLONE3,
	"connect":            unix.SYS_CONNECT,
	"delete_module":      unix.SYS_DELETE_MODULE,
	"fanotify_init":      unix.SYS_FANOTIFY_INIT,
	"finit_module":       unix.SYS_FINIT_MODULE,
	"fsconfig":           unix.SYS_FSCONFIG,
	"fsmount":            unix.SYS_FSMOUNT,
	"fsopen":             unix.SYS_FSOPEN,
	"fspick":             unix.SYS_FSPICK,
	"init_module":        unix.SYS_INIT_MODULE,
	"io_uring_enter":     unix.SYS_IO_URING_ENTER,
	"io_uring_register":  unix.SYS_IO_URING_REGISTER,
	"io_uring_setup":     unix.SYS_IO_URING_SETUP,
	"fcntl":              unix.SYS_FCNTL,
	"ioctl":              unix.SYS_IOCTL,
	"kexec_file_load":    unix.SYS_KEXEC_FILE_LOAD,
	"kexec_load":         unix.SYS_KEXEC_LOAD,
	"keyctl":             unix.SYS_KEYCTL,
	"lookup_dcookie":     unix.SYS_LOOKUP_DCOOKIE,
	"ioprio_set":         unix.SYS_IOPRIO_SET,
	"migrate_pages":      unix.SYS_MIGRATE_PAGES,
	"move_pages":         unix.SYS_MOVE_PAGES,
	"prlimit64":          unix.SYS_PRLIMIT64,
	"sched_setaffinity":  unix.SYS_SCHED_SETAFFINITY,
	"sched_setattr":      unix.SYS_SCHED_SETATTR,
	"sched_setparam":     unix.SYS_SCHED_SETPARAM,
	"sched_setscheduler": unix.SYS_SCHED_SETSCHEDULER,
	"setpriority":        unix.SYS_SETPRIORITY,
	"mount":              unix.SYS_MOUNT,
	"mount_setattr":      unix.SYS_MOUNT_SETATTR,
	"move_mount":         unix.SYS_MOVE_MOUNT,
	"nfsservctl":         unix.SYS_NFSSERVCTL,
	"open_by_handle_at":  unix.SYS_OPEN_BY_HANDLE_AT,
	"open_tree":          unix.SYS_OPEN_TREE,
	"perf_event_open":    unix.SYS_PERF_EVENT_OPEN,
	"pivot_root":         unix.SYS_PIVOT_ROOT,
	"quotactl":           unix.SYS_QUOTACTL,
	"quotactl_fd":        unix.SYS_QUOTACTL_FD,
	"reboot":             unix.SYS_REBOOT,
	"request_key":        unix.SYS_REQUEST_KEY,
	"setns":              unix.SYS_SETNS,
	"settimeofday":       unix.SYS_SETTIMEOFDAY,
	"socket":             unix.SYS_SOCKET,
	"socketpair":         unix.SYS_SOCKETPAIR,
	"swapoff":            unix.SYS_SWAPOFF,
	"swapon":             unix.SYS_SWAPON,
	"syslog":             unix.SYS_SYSLOG,
	"umount2":            unix.SYS_UMOUNT2,
	"unshare":            unix.SYS_UNSHARE,
	"userfaultfd":        unix.SYS_USERFAULTFD,
	"vhangup":            unix.SYS_VHANGUP,
}
