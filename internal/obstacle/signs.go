package obstacle

import (
	"slices"
	"strings"
)

// sign is a kind of error in a line of output.
type sign uint8

const (
	signReadOnly  sign = iota + 1 // EROFS
	signDevices                   // EXDEV
	signBusy                      // EBUSY
	signUnknown                   // a host that can't be resolved or reached
	signRefused                   // ECONNREFUSED
	signFork                      // EAGAIN of a new process or thread
	signOpenFiles                 // EMFILE
	signFileSize                  // EFBIG
	signDenied                    // EACCES
	signForbidden                 // EPERM
	signAbsent                    // ENOENT
	signOwner                     // EINVAL of an owner that the sandbox doesn't have
	signProcess                   // ESRCH: a process that can't be seen
	signRoot                      // an act that needs root's rights
	signService                   // a service of the host that can't be reached
	signFamily                    // EAFNOSUPPORT: a kind of socket
	signDevice                    // a device that isn't there
	signSigning                   // a signing key that can't be reached
	signUnwritten                 // a failed write, without an errno
)

// spelling is a sign with its texts, in lower case. The first sign in a line counts, in
// the order of the table.
type spelling struct {
	sign  sign
	texts []string
}

// spellings are searched as plain text: regular expressions would take longer than a
// start.
var spellings = [...]spelling{
	{signReadOnly, []string{"read-only file system", "read-only filesystem", "readonlyfilesystem", "readonlyfilesystemexception", "erofs", "[errno 30]", "os error 30"}},
	{signDevices, []string{"invalid cross-device link", "cross-device link", "crossesdevices", "exdev", "[errno 18]", "os error 18"}},
	{signBusy, []string{"device or resource busy", "resourcebusy", "ebusy", "[errno 16]", "os error 16"}},
	{signUnknown, []string{
		"could not resolve host", "couldn't resolve host", "could not resolve proxy", "could not resolve hostname", "unable to resolve host address", "unable to resolve host",
		"temporary failure in name resolution", "temporary failure resolving", "name or service not known", "no address associated with hostname",
		"nodename nor servname provided", "failed to lookup address information", "name resolution failure", "no such host", "server misbehaving",
		"eai_again", "enotfound", "network is unreachable", "networkunreachable", "enetunreach", "[errno 101]", "os error 101", "[errno -2]", "[errno -3]", "[errno -5]",
		"unknownhostexception", "unresolvedaddressexception", "network unreachable", "could not resolve address",
		"no servers could be reached", "(from versions: none)",
	}},
	{signRefused, []string{"connection refused", "econnrefused", "connectionrefused", "[errno 111]", "os error 111", "couldn't connect to server", "could not connect to server", "could not connect to the endpoint url"}},
	{signFork, []string{"can't start new thread", "cannot fork", "can't fork", "fork: retry", "unable to create native thread", "failed to create new os thread", "fork: resource temporarily unavailable", "fork failed: resource temporarily unavailable"}},
	{signOpenFiles, []string{"too many open files", "emfile", "[errno 24]", "os error 24"}},
	{signFileSize, []string{"file too large", "efbig", "[errno 27]", "os error 27", "file size limit exceeded"}},
	{signDenied, []string{"permission denied", "permissiondenied", "eacces", "[errno 13]", "os error 13", "accessdeniedexception"}},
	{signSigning, []string{"failed to sign the data", "gpg: signing failed", "gpg failed to sign", "couldn't load public key", "no private key found for public key", "signing failed: agent refused operation"}},
	{signRoot, []string{
		"\"no new privileges\" flag", "no new privileges", "is owned by uid 65534", "effective uid is not 0", "must be superuser", "requires superuser privilege", "are you root",
		"must be root", "need to be root", "needs to be run as root", "must be run as root", "authentication failure", "authentication token manipulation error",
		"you do not have permission to use", "crontabs: no such file or directory", "only root can", "only root may",
	}},
	{signForbidden, []string{"operation not permitted", "eperm", "[errno 1]", "os error 1", "no permissions to create new namespace", "no permission to enable"}},
	{signService, []string{
		"failed to connect to bus", "system has not been booted with systemd", "cannot connect to the docker daemon", "could not open a connection to your authentication agent",
		"no server running on", "error connecting to agent", "can't open display", "cannot open display", "unable to open display", "failed to connect to the bus", "could not connect to d-bus",
	}},
	{signFamily, []string{"address family not supported by protocol", "eafnosupport", "[errno 97]", "os error 97"}},
	{signDevice, []string{"cannot find an unused loop device", "fuse: device not found", "could not access kvm kernel module"}},
	{signProcess, []string{"no such process", "esrch", "[errno 3]", "os error 3"}},
	{signUnwritten, []string{"unable to open database", "attempt to write a readonly database", "unable to create temporary object directory", "could not be created", "failure writing output to destination", "isn't writable", "try again later"}},
	{signAbsent, []string{"no such file or directory", "enoent", "[errno 2]", "os error 2", "nosuchfileexception"}},
	{signOwner, []string{"invalid argument", "[errno 22]", "os error 22"}},
}

// hit is a line with a sign.
type hit struct {
	sign          sign
	line, lower   string // of equal length
	at, end       int    // the text of the sign
	before, after []string
}

// find returns the first sign of a line.
func find(line string) (hit, bool) {
	h := hit{line: line, lower: lowered(line)}
	return h, h.look(spellings[:]) || h.look(translated[:])
}

// look searches the line for a table's signs.
func (h *hit) look(table []spelling) bool {
	for i := range table {
		for _, text := range table[i].texts {
			if at := standing(h.lower, text); at >= 0 {
				h.sign, h.at, h.end = table[i].sign, at, at+len(text)
				return true
			}
		}
	}
	return false
}

// lowered is strings.ToLower for ASCII: every byte keeps its place.
func lowered(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// standing finds text in a line as a word of its own, and not as the whole of a quoted
// text: a quoted error is talked about.
func standing(lower, text string) int {
	for from := 0; ; {
		i := strings.Index(lower[from:], text)
		if i < 0 {
			return -1
		}
		at, end := from+i, from+i+len(text)
		if !letterBefore(lower, at) && !letterAfter(lower, end) && !quotedWhole(lower, at, end) {
			return at
		}
		from = end
	}
}

func letterBefore(s string, at int) bool {
	return at > 0 && isLetter(s[at]) && isLetter(s[at-1])
}

func letterAfter(s string, end int) bool {
	return end < len(s) && isLetter(s[end-1]) && isLetter(s[end])
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func quotedWhole(s string, at, end int) bool {
	return at > 0 && end < len(s) && s[at-1] == s[end] && (s[end] == '"' || s[end] == '\'' || s[end] == '`') && !strings.Contains(s[:at], "(file-error ")
}

// reports says whether the sign stands in the line as programs report an error: at the
// begin, or behind a colon or a bracket.
func (h hit) reports() bool {
	begin := strings.TrimRight(h.line[:h.at], " ")
	if begin == "" || strings.Contains(begin, "(file-error ") { // Emacs quotes the error
		return true
	}
	rest := strings.TrimLeft(h.line[h.end:], " ")
	closes := rest == "" || strings.IndexByte(":),.;]'\"(", rest[0]) >= 0
	return closes && strings.IndexByte(":([]-,", begin[len(begin)-1]) >= 0
}

// leads reports whether a line begins with a word of a list, as with the name of the
// program that failed.
func (h hit) leads(words []string) bool {
	end := strings.IndexAny(h.lower, ": ")
	return end > 0 && slices.Contains(words, h.lower[:end])
}

// hasAny reports whether a line contains a word of a list.
func (h hit) hasAny(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return standing(h.lower, w) >= 0 })
}

// privileged are words of acts that need a privilege.
var privileged = []string{
	"mount", "umount", "unmount", "chroot", "pivot_root", "unshare", "setns", "namespace", "namespaces", "clone", "newuidmap", "newgidmap", "uid_map", "bwrap",
	"chown", "chgrp", "lchown", "fchown", "changing ownership", "changing group", "setuid", "setgid", "seteuid", "setegid", "setresuid", "setresgid", "setreuid", "setgroups", "initgroups", "set groups",
	"ptrace", "ptrace_traceme", "ptrace_seize", "attach", "kill", "mknod", "mkfifo", "raw", "socket", "bpf", "perf_event_open", "keyctl", "io_uring", "io_uring_setup", "capset", "capability", "cap_set_proc",
	"sethostname", "hostname", "settimeofday", "clock_settime", "swapon", "reboot", "iopl", "ioperm", "insmod", "modprobe", "dmesg", "syslog", "setpriority", "nice", "sched_setscheduler",
	"sudo", "su", "setcap", "setfattr", "iptables", "nft", "rtnetlink", "sysctl", "quotactl", "userfaultfd", "personality", "fanotify_init", "prctl",
	"setting flags", "chattr", "resource limit", "prlimit", "chrt", "cannot set date", "root directory", "kernel buffer", "niceness",
	"no permissions to create new namespace", "no permission to enable",
}

// owners are words of acts with users and groups.
var owners = []string{"chown", "chgrp", "lchown", "fchown", "changing ownership", "changing group", "change ownership", "setuid", "setgid", "seteuid", "setegid", "setresuid", "setresgid", "setgroups", "setfacl"}

// bareErrno are forms of EPERM by which a language's runtime reports a call.
var bareErrno = []string{"[errno 1]", "os error 1", "code: 1", "eperm"}
