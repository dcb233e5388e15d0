//go:build linux

package obstacle_test

const (
	others    = "only its own processes"
	noRights  = "no program gains rights"
	noService = "a /run of their own"
	apart     = "no file can be renamed or linked"
	ownOnly   = "only servers and sockets of the command's own"
)

// moreTexts come from ordinary tasks of developers: docs/tasks.md.
var moreTexts = []text{
	{text: "error: gpg failed to sign the data\nfatal: failed to write commit object", cause: "the signing key"},
	{text: "gpg: signing failed: No secret key", cause: "the signing key"},
	{text: "error: Load key \"/home/u/.ssh/id\": No such file or directory?\nfatal: couldn't load public key /x: y", cause: "the signing key"},
	// Other languages.
	{text: "bash: Zeile 1: OUT/x: Das Dateisystem ist nur lesbar", cause: "OUT/x may not", setting: outRoot},
	{text: "cp: reguläre Datei 'OUT/x' kann nicht angelegt werden: Das Dateisystem ist nur lesbar", cause: "OUT/x may not", setting: outRoot},
	{text: "touch: '„OUT/x“' kann nicht berührt werden: Das Dateisystem ist nur lesbar", cause: "OUT/x may not", setting: outRoot},
	{text: "mkdir: impossible de créer le répertoire « OUT/x »: Système de fichiers accessible en lecture seulement", cause: "OUT/x may not", setting: outRoot},
	{text: "touch: 'OUT/x' に touch できません: 読み込み専用ファイルシステムです", cause: "OUT/x may not", setting: outRoot},
	{text: "chmod: cambiando los permisos de 'OUT/x': Sistema de ficheros de sólo lectura", cause: "OUT/x may not", setting: outRoot},
	{text: "touch: невозможно выполнить touch для 'OUT/x': Файловая система доступна только для чтения", cause: "OUT/x may not", setting: outRoot},
	{text: "cat: HOME/.ssh/id: Keine Berechtigung", cause: "HOME/.ssh/id may not be read", setting: `filesystem.allow_read=["HOME/.ssh/id"]`},
	{text: "mount: /x: Die Operation ist nicht erlaubt", cause: forbids},
	{text: "bash: Zeile 1: kill: (7) - Kein passender Prozess gefunden", cause: others},
	{text: "cat: nichts: Datei oder Verzeichnis nicht gefunden"},

	// Names that stand elsewhere than beside the error.
	{text: "error:  cannot create OUT/x\n        Read-only file system", cause: "OUT/x may not", setting: outRoot},
	{text: "CMake Error at b/cmake_install.cmake:41 (file):\n  file INSTALL cannot copy file\n  \"WS/a\" to\n  \"OUT/a\":\n  Read-only file system.", cause: "OUT/a may not", setting: outRoot},
	{text: "PHP Warning:  file_put_contents(OUT/x): Failed to open stream: Read-only file system in Command line code on line 1", cause: "OUT/x may not", setting: outRoot},
	{text: "error: unable to create temporary file: Read-only file system\nfatal: Could not create new root commit", cause: "WS/.git/objects may not"},
	{text: "Debugger entered--Lisp error: (file-error \"Creating directory\" \"Read-only file system\" \"OUT/x\")", cause: "OUT/x may not", setting: outRoot},
	{text: "npm error code EROFS\nnpm error syscall symlink\nnpm error path ../../../WS/pkg\nnpm error dest OUT/pkg", cause: "OUT/pkg may not", setting: outRoot},
	{text: "tar: tracked: Cannot open: Read-only file system", argv: "tar -C OUT -xf a.tar", cause: "OUT may not", setting: outRoot},
	{text: "notes: Read-only file system", argv: `ruby -e 'File.write(File.expand_path("~/notes"), "x")'`, cause: "HOME/notes may not"},
	{text: "notes: Read-only file system", argv: "tool --out OUT/a HOME/b", cause: "a place outside the writable folders"},
	{text: "notes: Read-only file system", argv: "/usr/bin/tool --config /etc/tool", cause: "a place outside the writable folders"},
	{text: "ERROR:  While executing gem ... (Errno::EROFS)\n    Read-only file system @ dir_s_mkdir - OUT/gem", cause: "OUT/gem may not", setting: outRoot},

	// Files in the home, which can't be a writable root.
	{text: "error: could not lock config file HOME/.gitconfig: Read-only file system", cause: "HOME/.gitconfig may not"},
	{text: "touch: cannot touch 'HOME/.profile': Read-only file system", cause: "HOME/.profile may not"},

	{text: "error: could not remove file HOME/.rustup/settings.toml: Read-only file system", cause: "HOME/.rustup/settings.toml may not"},
	{text: "open HOME/go/x: read-only file system", cause: "HOME/go/x may not"},
	{text: "go: could not create module cache: mkdir HOME/go/pkg: read-only file system", cause: "HOME/go/pkg may not"},
	{text: "open HOME/.cache/x: read-only file system", cause: "HOME/.cache/x may not", setting: `sandbox_workspace_write.writable_roots=["HOME/.cache"]`},

	// A failed write without an errno.
	{text: "Error: unable to open database \"OUT/app.db\": unable to open database file", cause: "OUT/app.db may not", setting: outRoot},
	{text: "sqlite3.OperationalError: unable to open database file", argv: `python3 -c 'sqlite3.connect(os.path.expanduser("~/cache.db"))'`, cause: "HOME/cache.db may not"},
	{text: "sqlite3.OperationalError: unable to open database file"},
	{text: "sqlite3.OperationalError: unable to open database file", argv: "app WS/x.db"},
	{text: "curl: (23) Failure writing output to destination", argv: "curl -sS -o OUT/page http://h.example/", cause: "OUT/page may not", setting: outRoot},
	{text: "error: remote unpack failed: unable to create temporary object directory\nTo OUT/bare.git\n ! [remote rejected] HEAD -> new (unpacker error)", cause: "OUT/bare.git may not"},
	{text: "touch: cannot touch 'OUT/bare.git/x': Read-only file system", cause: "OUT/bare.git/x may not"},

	{text: "useradd: cannot lock /etc/passwd; try again later.", cause: "/etc/passwd may not"},
	{text: "pyenv: cannot rehash: OUT/shims isn't writable", cause: "OUT/shims may not"},
	{text: "pyenv: cannot rehash: WS/shims isn't writable"},

	// ENOENT of a folder that could not be made.
	{text: "npm error code ENOENT\nnpm error syscall mkdir\nnpm error path HOME/.npm", cause: "HOME/.npm may not"},
	{text: "Error: ENOENT: no such file or directory, mkdir 'OUT/app'", cause: "OUT/app may not", setting: outRoot},
	{text: "Error: ENOENT: no such file or directory, mkdir 'OUT/none/app'"},
	{text: "go: writing go env config: open HOME/.config/go/env: no such file or directory", cause: "HOME/.config/go/env may not"},
	{text: "cp: cannot create regular file 'OUT/none/x': No such file or directory"},

	// Stores: absent ones are absent for everybody, and the machine's are not the user's.
	{text: "grep: HOME/.git-credentials: No such file or directory"},
	{text: "ls: cannot access 'HOME/.ssh/*': No such file or directory", cause: "may not be read", setting: `filesystem.allow_read=["HOME/.ssh"]`},
	{text: "cat: /var/spool/cron/atjobs/.SEQ: Permission denied", cause: "may not be read"},
	{text: "cat: /etc/shadow: Permission denied", cause: "/etc/shadow may not be read"},

	// Without a word.
	{argv: "grep user HOME/.ssh/config", status: 1, cause: "HOME/.ssh/config may not be read", setting: `filesystem.allow_read=["HOME/.ssh/config"]`},
	{argv: "grep user ~/.ssh/config", status: 1, cause: "HOME/.ssh/config may not be read", setting: `filesystem.allow_read=["HOME/.ssh/config"]`},
	{argv: "grep user ~/.netrc", status: 1},
	{argv: "grep user ~/notes", status: 1},
	{argv: "curl -sf http://127.0.0.1:80/", status: 7, cause: netOff, setting: netOn},
	{argv: "curl -sf https://h.example/", status: 22},
	{argv: "wget -q http://127.0.0.1:80/", status: 4, cause: netOff, setting: netOn},
	{argv: "getent hosts h.example", status: 2, cause: netOff, setting: netOn},
	{argv: "nc -z 127.0.0.1 80", status: 1, cause: netOff, setting: netOn},
	{argv: "nc -z 127.0.0.1 80; grep -q x y", status: 1},
	{argv: "nc -z 127.0.0.1 80", status: 1, settings: "sandbox_workspace_write.network_access=true"},
	{argv: "dd if=/dev/zero of=x", status: 128 + 25, cause: "1 MiB", setting: "limits.file_size_mb=2", settings: "limits.file_size_mb=1"},

	// Renames.
	{text: "mv: cannot move 'cloned' to 'c': Device or resource busy", cause: "WS/cloned can't be renamed or removed"},
	{text: "ln: failed to create hard link 'linked' => 'HOME/.profile': Invalid cross-device link", cause: apart},
	{text: "OSError: [Errno 18] Invalid cross-device link: 'q' -> 'OUT/q'", cause: apart},

	// Sockets and servers.
	{text: "ConnectionRefusedError: [Errno 111] Connection refused", cause: ownOnly, setting: netOn},
	{text: "ConnectionRefusedError: [Errno 111] Connection refused", settings: "sandbox_workspace_write.network_access=true"},
	{text: "Exception in thread \"main\" java.net.ConnectException: Connection refused", cause: ownOnly, setting: netOn},
	{text: "2026/01/02 10:46:29 socat[2] E connect(4, AF=2 127.0.0.1:465, 16): Connection refused", cause: "127.0.0.1 is the command's own loopback", setting: netOn},
	{text: "  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 362 after 0 ms: Could not connect to server)", cause: "the command's own loopback", setting: netOn},
	{text: "Could not connect to the endpoint URL: \"http://127.0.0.1:36/\"", cause: "the command's own loopback", setting: netOn},
	{text: "Failed to open TCP connection to 127.0.0.1:46 (Connection refused - connect(2) for \"127.0.0.1\" port 46) (Errno::ECONNREFUSED)", cause: "the command's own loopback", setting: netOn},
	{text: "Error: connect ECONNREFUSED OUT/sock", cause: "OUT/sock is a socket of the host", setting: netOn},
	{text: "psql: error: connection to server on socket \"OUT/sock\" failed: Connection refused", cause: "OUT/sock is a socket of the host", setting: netOn},
	{text: "psql: error: connection to server on socket \"OUT/plain\" failed: Connection refused"},
	{text: "no server running on OUT/sock", cause: "OUT/sock is a socket of the host", setting: netOn},
	{text: "ERROR: Could not find a version that satisfies the requirement x (from versions: none)", cause: netOff, setting: netOn},
	{text: "ERROR: Could not find a version that satisfies the requirement x (from versions: none)", argv: "pip install --no-index x"},
	{text: ";; connection timed out; no servers could be reached", cause: netOff, setting: netOn},
	{text: "bash: connect: Connection refused\nbash: line 1: /dev/tcp/127.0.0.1/46: Connection refused", cause: "the command's own loopback", setting: netOn},

	// Services of the host.
	{text: "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down", cause: noService},
	{text: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", cause: "/var/run/docker.sock can't be reached"},
	{text: "Cannot connect to the Docker daemon at tcp://127.0.0.1:46. Is the docker daemon running?", cause: "the command's own loopback", setting: netOn},
	{text: "Could not open a connection to your authentication agent.", cause: noService},
	{text: "fuse: device not found, try 'modprobe fuse' first", cause: "a /dev of their own"},

	// Processes, privileges and kinds of sockets.
	{text: "bash: line 1: kill: (13817) - No such process", cause: others},
	{text: "ProcessLookupError: [Errno 3] No such process", cause: others},
	{text: "strace: attach: ptrace(PTRACE_SEIZE, 13524): No such process", cause: others},
	{text: "nsenter: cannot open /proc/13418/ns/net: No such file or directory", cause: others},
	{text: "the job says that there is no such process yet"},
	{text: "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?", cause: noRights},
	{text: "Password: su: Authentication failure", cause: noRights},
	{text: "umount: /dev/shm: must be superuser to unmount.", cause: noRights},
	{text: "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.", cause: forbids},
	{text: "mount: WS/m: permission denied.", cause: forbids},
	{text: "nice: cannot set niceness: Permission denied", cause: forbids},
	{text: "chattr: Operation not permitted while setting flags on tracked", cause: forbids},
	{text: "OSError: [Errno 97] Address family not supported by protocol", cause: "no sockets of that kind"},
	{text: "setfacl: tracked: Invalid argument", cause: "another user or group"},
	{text: "chmod: changing permissions of 'plain': Operation not permitted", cause: "WS/plain can't get a set-user-ID"},
}
