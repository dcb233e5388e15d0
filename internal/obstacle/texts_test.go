//go:build linux

package obstacle_test

// text is what a program printed before it failed, with the expected cause and setting. An
// empty cause expects no obstacle. settings are overrides or a mode; argv and status are the
// command line and the exit code, if they count.
type text struct {
	text, cause, setting, settings, argv string
	status                               int
}

const (
	outRoot = `sandbox_workspace_write.writable_roots=["OUT"]`
	netOn   = "sandbox_workspace_write.network_access=true"
	netOff  = "the network is off"
	wide    = "--sandbox workspace-write"
	forbids = "one that the sandbox forbids"
)

var texts = []text{
	// Writing outside, with EROFS.
	{text: "touch: cannot touch 'OUT/new': Read-only file system", cause: "OUT/new may not be written (outside", setting: outRoot},
	{text: "touch: cannot touch ‘OUT/new’: Read-only file system", cause: "OUT/new may not be written", setting: outRoot},
	{text: "cp: cannot create regular file 'OUT/copy of a': Read-only file system", cause: "OUT/copy of a may not", setting: outRoot},
	{text: "mv: cannot move 'WS/a' to 'OUT/a': Read-only file system", cause: "OUT/a may not", setting: outRoot},
	{text: "rm: cannot remove 'OUT/plain': Read-only file system", cause: "OUT/plain may not", setting: outRoot},
	{text: "mkdir: cannot create directory ‘OUT/deep/x’: Read-only file system", cause: "OUT/deep/x may not", setting: `sandbox_workspace_write.writable_roots=["OUT/deep"]`},
	{text: "ln: failed to create symbolic link 'OUT/l': Read-only file system", cause: "OUT/l may not", setting: outRoot},
	{text: "tee: OUT/log: Read-only file system", cause: "OUT/log may not", setting: outRoot},
	{text: "bash: line 1: OUT/x: Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "-bash: OUT/x: Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "sh: 1: cannot create OUT/x: Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "zsh:1: read-only file system: OUT/x", cause: "OUT/x may not", setting: outRoot},
	{text: "fish: An error occurred while redirecting file 'OUT/x'\nopen: Read-only file system", cause: "a place outside the writable folders"},
	{text: "mkdir OUT/x: read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "panic: open OUT/x: read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "2026/01/02 10:00:00 rename WS/a OUT/a: read-only file system", cause: "OUT/a may not", setting: outRoot},
	{text: "failed to initialize build cache at HOME/.cache/go-build: mkdir HOME/.cache/go-build: read-only file system", cause: "HOME/.cache/go-build may not", setting: `sandbox_workspace_write.writable_roots=["HOME/.cache"]`},
	{text: "go: could not create module cache: mkdir HOME/go: read-only file system", cause: "HOME/go may not"},
	{text: "Error: EROFS: read-only file system, open 'OUT/x'\n    at Object.openSync (node:fs:601:3) {\n  errno: -30,\n  code: 'EROFS',\n  syscall: 'open',\n  path: 'OUT/x'\n}", cause: "OUT/x may not", setting: outRoot},
	{text: "npm error code EROFS\nnpm error syscall mkdir\nnpm error path OUT/_cacache\nnpm error errno EROFS", cause: "OUT/_cacache may not", setting: outRoot},
	{text: "npm ERR! code EROFS\nnpm ERR! syscall open\nnpm ERR! path OUT/_cacache", cause: "OUT/_cacache may not", setting: outRoot},
	{text: "error An unexpected error occurred: \"EROFS: read-only file system, mkdir 'OUT/yarn'\".", cause: "OUT/yarn may not", setting: outRoot},
	{text: " ERROR  EROFS: read-only file system, mkdir 'OUT/pnpm'", cause: "OUT/pnpm may not", setting: outRoot},
	{text: "OSError: [Errno 30] Read-only file system: 'OUT/x'", cause: "OUT/x may not", setting: outRoot},
	{text: "ERROR: Could not install packages due to an OSError: [Errno 30] Read-only file system: 'OUT/lib'", cause: "OUT/lib may not", setting: outRoot},
	{text: "Error: Os { code: 30, kind: ReadOnlyFilesystem, message: \"Read-only file system\" }", cause: "a place outside the writable folders"},
	{text: "error: failed to create directory `OUT/target`\n\nCaused by:\n  Read-only file system (os error 30)", cause: "OUT/target may not", setting: outRoot},
	{text: "error: could not create file at `OUT/x.toml`: Read-only file system (os error 30)", cause: "OUT/x.toml may not", setting: outRoot},
	{text: "Cannot open OUT/x: Read-only file system at -e line 1.", cause: "OUT/x may not", setting: outRoot},
	{text: "Read-only file system: OUT/x at -e line 1.", cause: "OUT/x may not", setting: outRoot},
	{text: "java.io.FileNotFoundException: OUT/x (Read-only file system)", cause: "OUT/x may not", setting: outRoot},
	{text: "Exception in thread \"main\" java.nio.file.FileSystemException: OUT/x: Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "Errno::EROFS: Read-only file system @ dir_s_mkdir - OUT/gems", cause: "OUT/gems may not", setting: outRoot},
	{text: "Warning: Failed to open the file OUT/x: Read-only file system\ncurl: (23) Failure writing output to destination", cause: "OUT/x may not", setting: outRoot},
	{text: "OUT/index.html: Read-only file system\n\nCannot write to ‘OUT/index.html’ (Success).", cause: "OUT/index.html may not", setting: outRoot},
	{text: "fatal: could not create work tree dir 'OUT/repo': Read-only file system", cause: "OUT/repo may not", setting: outRoot},
	{text: "W: Not using locking for read only lock file\nE: Could not open lock file /var/lib/dpkg/lock-frontend - open (30: Read-only file system)", cause: "/var/lib/dpkg/lock-frontend may not"},
	{text: "/usr/bin/install: cannot create regular file '/usr/local/bin/x': Read-only file system\nmake: *** [Makefile:3: install] Error 1", cause: "/usr/local/bin/x may not"},
	{text: "touch: cannot touch '/etc/new': Read-only file system", cause: "/etc/new may not"},
	{text: "sed: couldn't open temporary file OUT/sedX1: Read-only file system", cause: "OUT/sedX1 may not", setting: outRoot},
	{text: "tar: OUT/x: Cannot open: Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "ld: cannot open output file OUT/a.out: Read-only file system", cause: "OUT/a.out may not", setting: outRoot},
	{text: "bash: line 1: new: Read-only file system", cause: "a place outside the writable folders"},
	{text: "\x1b[31mtouch: cannot touch 'OUT/new': Read-only file system\x1b[0m", cause: "OUT/new may not", setting: outRoot},
	{text: "touch: cannot touch 'leads/new': Read-only file system", cause: "WS/leads/new may not", setting: outRoot},
	{text: "touch: cannot touch \"OUT/a's\": Read-only file system", cause: "OUT/a's may not", setting: outRoot},
	{text: "touch: cannot touch 'OUT/new': Read-only file system", cause: "OUT/new may not", setting: `sandbox_workspace_write.writable_roots=["OTHER", "OUT"]`, settings: `sandbox_workspace_write.writable_roots=["OTHER"]`},
	{text: "touch: cannot touch '/proc/sys/x': Read-only file system", cause: "/proc/sys/x may not"},
	{text: "touch: cannot touch 'PRODUCT/x': Read-only file system", cause: "PRODUCT/x may not"},

	{text: "cp: cannot create regular file 'OUT/bin/tool': Read-only file system", cause: "OUT/bin/tool may not"},
	{text: "cp: cannot create regular file 'HOME/.local/share/x': Read-only file system", cause: "HOME/.local/share/x may not"},
	{text: "cp: cannot create regular file 'leads/bin/tool': Read-only file system", cause: "WS/leads/bin/tool may not"},

	// Trusted names.
	{text: "touch: cannot touch '.git/hooks/x': Read-only file system", cause: "WS/.git/hooks/x may not be written (protected name"},
	{text: "fatal: Unable to create 'WS/.git/index.lock': Read-only file system", cause: "WS/.git/index.lock may not be written (protected name"},
	{text: "error: could not lock config file .git/config: Read-only file system", cause: "WS/.git/config may not"},
	{text: "mv: cannot move '.git' to 'g': Device or resource busy", cause: "WS/.git may not"},
	{text: "OSError: [Errno 16] Device or resource busy: '.git' -> 'x'", cause: "WS/.git may not"},
	{text: "error: cannot open '.git/FETCH_HEAD': Permission denied", cause: "WS/.git/FETCH_HEAD may not"},

	// Read-only.
	{text: "touch: cannot touch 'x': Read-only file system", cause: "WS/x may not be written (sandbox_mode", setting: wide, settings: "read-only"},
	{text: "mkdir x: permission denied", cause: "WS/x may not", setting: wide, settings: "read-only"},
	{text: "touch: cannot touch 'x': Read-only file system", cause: "WS/x may not", setting: `sandbox_mode="workspace-write"`, settings: `sandbox_mode="read-only"`},
	{text: "touch: cannot touch '/tmp/x': Read-only file system", cause: "/tmp/x may not", setting: wide, settings: "read-only"},
	{text: "touch: cannot touch 'OUT/x': Read-only file system", cause: "OUT/x may not", settings: "read-only"},
	{text: "curl: (6) Could not resolve host: example.com", cause: netOff, settings: "read-only"},
	{text: "touch: cannot touch '/tmp/x': Read-only file system", cause: "/tmp/x may not", setting: "sandbox_workspace_write.exclude_slash_tmp=false", settings: "sandbox_workspace_write.exclude_slash_tmp=true"},

	// EACCES.
	{text: "cat: HOME/.ssh/id: Permission denied", cause: "HOME/.ssh/id may not be read (default credential store", setting: `filesystem.allow_read=["HOME/.ssh/id"]`},
	{text: "PermissionError: [Errno 13] Permission denied: 'HOME/.npmrc'", cause: "HOME/.npmrc may not be read", setting: `filesystem.allow_read=["HOME/.npmrc"]`},
	{text: "Error: EACCES: permission denied, open 'HOME/.npmrc'", cause: "HOME/.npmrc may not be read", setting: `filesystem.allow_read=["HOME/.npmrc"]`},
	{text: "java.nio.file.AccessDeniedException: HOME/.aws/credentials", cause: "HOME/.aws/credentials may not be read", setting: `filesystem.allow_read=["HOME/.aws/credentials"]`},
	{text: "open OUT/secret: permission denied", cause: "OUT/secret may not be read (filesystem.deny_read", settings: `filesystem.deny_read=["OUT/secret"]`},
	{text: "mkdir: cannot create directory 'OUT/x': Permission denied", cause: "OUT/x may not be written", setting: outRoot},
	{text: "error: failed to write `OUT/x`\n\nCaused by:\n  Permission denied (os error 13)", cause: "OUT/x may not be written", setting: outRoot},
	{text: "cat: PRODUCT/sandbox.log: Permission denied", cause: "lockstile's own folder"},

	// ENOENT.
	{text: "Load key \"HOME/.ssh/id_ed25519\": No such file or directory", cause: "HOME/.ssh/id_ed25519 may not be read", setting: `filesystem.allow_read=["HOME/.ssh/id_ed25519"]`},
	{text: "cat: /tmp/notes.txt: No such file or directory", cause: "/tmp/notes.txt isn't in the command's own /tmp"},
	{text: "FileNotFoundError: [Errno 2] No such file or directory: '/tmp/a/b'", cause: "/tmp/a/b isn't in"},
	{text: "dial unix /var/run/docker.sock: connect: no such file or directory", cause: "/var/run/docker.sock can't be reached"},

	// EPERM.
	{text: "PermissionError: [Errno 1] Operation not permitted: '/'", cause: forbids},
	{text: "PermissionError: [Errno 1] Operation not permitted", cause: forbids},
	{text: "mount /x: operation not permitted", cause: forbids},
	{text: "unshare: unshare failed: Operation not permitted", cause: forbids},
	{text: "chown: changing ownership of 'q': Operation not permitted", cause: forbids},
	{text: "sh: 1: kill: Operation not permitted", cause: forbids},
	{text: "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.", cause: "no program gains rights"},
	{text: "ping: socket: Operation not permitted", cause: forbids},

	{text: "chown: changing ownership of 'q': Invalid argument", cause: "another user or group"},
	{text: "tar: x: Cannot change ownership to uid 7, gid 7: Invalid argument", cause: "another user or group"},

	// EXDEV.
	{text: "OSError: [Errno 18] Invalid cross-device link: 'q' -> '/tmp/z'", cause: "no file can be renamed or linked"},
	{text: "ln: failed to create hard link '/tmp/z' => 'q': Invalid cross-device link", cause: "no file can be renamed or linked"},
	{text: "Error: EXDEV: cross-device link not permitted, rename '/tmp/z' -> 'WS/z'", cause: "no file can be renamed or linked"},
	{text: "rename /tmp/z WS/z: invalid cross-device link", cause: "no file can be renamed or linked"},

	// The network.
	{text: "curl: (6) Could not resolve host: example.com", cause: netOff, setting: netOn},
	{text: "wget: unable to resolve host address ‘example.com’", cause: netOff, setting: netOn},
	{text: "Resolving example.com (example.com)... failed: Temporary failure in name resolution.", cause: netOff, setting: netOn},
	{text: "fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com", cause: netOff, setting: netOn},
	{text: "ssh: Could not resolve hostname github.com: Temporary failure in name resolution\nfatal: Could not read from remote repository.", cause: netOff, setting: netOn},
	{text: "npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\nnpm error errno EAI_AGAIN", cause: netOff, setting: netOn},
	{text: "Error: getaddrinfo ENOTFOUND api.example.com", cause: netOff, setting: netOn},
	{text: "socket.gaierror: [Errno -3] Temporary failure in name resolution", cause: netOff, setting: netOn},
	{text: "go: example.com/m@v1.0.0: Get \"https://proxy.golang.org/x\": dial tcp: lookup proxy.golang.org: no such host", cause: netOff, setting: netOn},
	{text: "dial tcp: lookup proxy.golang.org on 127.0.0.53:53: read udp 127.0.0.1:4->127.0.0.53:53: read: connection refused", cause: netOff, setting: netOn},
	{text: "dial tcp 192.0.2.1:443: connect: network is unreachable", cause: netOff, setting: netOn},
	{text: "OSError: [Errno 101] Network is unreachable", cause: netOff, setting: netOn},
	{text: "warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name (Could not resolve host: index.crates.io)", cause: netOff, setting: netOn},
	{text: "error sending request: dns error: failed to lookup address information: Temporary failure in name resolution", cause: netOff, setting: netOn},
	{text: "Err:1 http://deb.debian.org/debian bookworm InRelease\n  Temporary failure resolving 'deb.debian.org'", cause: netOff, setting: netOn},
	{text: "java.net.UnknownHostException: repo.maven.apache.org", cause: netOff, setting: netOn},
	{text: "Error: connect ECONNREFUSED 127.0.0.1:5432", cause: "127.0.0.1 is the command's own loopback", setting: netOn},
	{text: "psql: error: connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused", cause: "the command's own loopback", setting: netOn},
	{text: "Error: connect ENETUNREACH 192.0.2.1:443", cause: netOff, setting: netOn},

	{text: "bash: line 1: /dev/tcp/127.0.0.1/22: Connection refused", cause: "the command's own loopback", setting: netOn},

	// Limits.
	{text: "bash: fork: retry: Resource temporarily unavailable", cause: "400 processes", setting: "limits.processes=800", settings: "limits.processes=400"},
	{text: "RuntimeError: can't start new thread", cause: "4096 processes", setting: "limits.processes=8192"},
	{text: "open x: too many open files", cause: "32 open files", setting: "limits.open_files=64", settings: "limits.open_files=32"},
	{text: "dd: error writing 'x': File too large", cause: "1 MiB", setting: "limits.file_size_mb=2", settings: "limits.file_size_mb=1"},

	// No obstacle.
	{text: ""},
	{text: "fine"},
	{text: "cat: WS/none: No such file or directory"},
	{text: "ls: cannot access '/none': No such file or directory"},
	{text: "bash: ./plain: Permission denied"},
	{text: "bash: line 1: OUT/plain: Permission denied"},
	{text: "bash: WS/plain: Permission denied"},
	{text: "WS/main.go:12:14: cannot use \"permission denied\" (untyped string constant) as int value"},
	{text: "WS/main.c:3:5: error: expected ';' before string constant\n    puts(\"open WS/x: permission denied\")"},
	{text: "main.go:7: undefined: ErrText // \"read-only file system\""},
	{text: "--- FAIL: TestErrors: got \"read-only file system\", want nil"},
	{text: "HTTP/1.1 403 Forbidden"},
	{text: "remote: Permission denied to user.\nfatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 403", settings: "sandbox_workspace_write.network_access=true"},
	{text: "git@github.com: Permission denied (publickey).", settings: "sandbox_workspace_write.network_access=true"},
	{text: "curl: (6) Could not resolve host: nowhere.invalid", settings: "sandbox_workspace_write.network_access=true"},
	{text: "Error: connect ECONNREFUSED 127.0.0.1:5432", settings: "sandbox_workspace_write.network_access=true"},
	{text: "Error: connect ECONNREFUSED 203.0.113.9:5432"},
	{text: "touch: cannot touch 'WS/x': Permission denied"},
	{text: "open WS/x: read-only file system"},
	{text: "touch: cannot touch '/tmp/x': Read-only file system"},
	{text: "mv: cannot move 'a' to 'b': Invalid cross-device link"},
	{text: "rmdir: failed to remove 'sub': Device or resource busy"},
	{text: "touch: cannot touch '/etc/x': Read-only file system", settings: "danger-full-access"},
	{text: "open x: too many open files"},
	{text: "dd: error writing 'x': File too large"},
	{text: "this page explains the read-only file system of the phone"},
	{text: "permission denied"},
	{text: "dd: failed to open 'x': Invalid argument"},
	{text: "psql: error: FATAL: permission denied for table users"},
	{text: "ERROR: permission denied for schema public"},
	{text: "chmod: changing permissions of 'WS/x': Operation not permitted"},
	{text: "/usr/bin/tool: line 3: WS/x: Permission denied"},
	{text: "ModuleNotFoundError: No module named 'requests'"},
	{text: "the word enoent-like and xerofs and eperms are no errors"},
	{text: "Error: ENOENT: no such file or directory, open 'package.json'"},
	{text: "touch: cannot touch '/none/x': No such file or directory"},
}
