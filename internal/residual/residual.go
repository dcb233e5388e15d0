// Package residual is the only table of residuals. docs/residuals.md, doctor and the
// records read the table. The table must never name a restriction that holds, nor leave
// out a gap.
package residual

import (
	"strings"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// Residual is a gap of a sandbox.
type Residual struct {
	ID        string // as in the records
	applies   func(*plan.Plan) bool
	What      string
	Why       string
	Meanwhile string // advice to the user
}

// Of lists the names of a plan's residuals.
func Of(p *plan.Plan) []string {
	var out []string
	for i := range Table {
		if Table[i].applies(p) {
			out = append(out, Table[i].ID)
		}
	}
	return out
}

// On lists the residuals of all plans for an operating system.
func On(goos string) []Residual {
	var out []Residual
	for _, r := range Table {
		if strings.HasPrefix(r.ID, "win-") == (goos == "windows") || r.ID == "typed" || r.ID == "caller" {
			out = append(out, r)
		}
	}
	return out
}

func isLinux(p *plan.Plan) bool { return strings.HasPrefix(p.Target, "linux/") }

func confined(p *plan.Plan) bool   { return isLinux(p) && p.Restricted() }
func unconfined(p *plan.Plan) bool { return p.Rung == plan.Unconfined }
func offline(p *plan.Plan) bool    { return confined(p) && p.Has(refusal.NetworkNamespace) }
func online(p *plan.Plan) bool     { return p.Confined() && !p.Has(refusal.NetworkNamespace) }
func writes(p *plan.Plan) bool     { return len(p.WriteIn) > 0 }
func commits(p *plan.Plan) bool    { return p.Git().Path != "" }
func cached(p *plan.Plan) bool     { return p.Caches != "" }
func sharedProc(p *plan.Plan) bool { return p.Rung == plan.SharedProc }
func landlocked(p *plan.Plan) bool { return p.Rung == plan.Landlocked }
func open(p *plan.Plan) bool       { return p.NotHeld() != "" }
func watched(p *plan.Plan) bool    { return confined(p) && p.Limits.Cgroup == "" }
func supervised(p *plan.Plan) bool { return p.Supervised }
func windows(p *plan.Plan) bool    { return strings.HasPrefix(p.Target, "windows/") && p.Restricted() }
func byName(p *plan.Plan) bool     { return p.ByName }
func sockets(p *plan.Plan) bool    { return len(p.Sockets) > 0 }
func published(p *plan.Plan) bool  { return len(p.Publish) > 0 }
func token(p *plan.Plan) bool      { return p.Rung == plan.Token }
func account(p *plan.Plan) bool    { return p.Rung == plan.Account }

// Table lists all residuals.
var Table = [...]Residual{
	{"reading", confined,
		`Your files, except credential stores: a command can read other projects`,
		`programs need to read; lockstile hides only the files of [reading.md](reading.md)`,
		"`filesystem.deny_read`; keep the network off (the default): without the network the content can't leave"},
	{"stores", confined,
		"Credential stores: another hard link of a store; a store made after the start in a writable root, or where only a pattern with `**` matches; a file of `/etc` replaced while a command of root runs",
		`a cover is on a path; in a readable folder Landlock can't forbid a single name`,
		`don't keep stores in a workspace`},
	{"new-files", confined,
		`A file that another program makes in your home, or replaces by a rename, while a command runs`,
		`the command can't read the file before the next start, because the file may be a store`,
		`start the command again`},
	{"cache-stores", cached,
		"A credential store that another program makes in a cache of the host, such as `~/.cache/huggingface/token`, while a command runs",
		`the command may read and write the whole place of a cache, also what comes later`,
		"start the command again; `caches.mode = \"off\"`"},
	{"cache-host", cached,
		`A program of the host that changes a cache while a command runs: the command may see the old content, or miss a new file`,
		`the kernel promises nothing about changes below a mounted overlay`,
		`build again`},
	{"network-sockets", online,
		"With network access: Unix sockets of the host by path, outside `/run` and `/tmp`",
		`with network access the command itself makes the connects`,
		"keep agents' and daemons' sockets in `/run`"},
	{"net-way-out", byName,
		"A server that `[network]` allows is a way out: a package upload, a gist, a name below a `*.` rule that the command makes up",
		`what a server does with what it gets can't be told from outside`,
		"allow few servers, and no `*.` rule of a domain in which others may have names"},
	{"net-fronting", byName,
		`A server that serves several sites at one address may serve another site than the name in TLS says (another Host inside TLS, an encrypted ClientHello)`,
		`what is inside TLS is between the client and the server`,
		`allow no content network as a whole`},
	{"net-ignorers", byName,
		"UDP, QUIC and raw sockets reach no server by name. Where commands share a loopback and `/proc` is read-only, programs that know no proxy don't either. A program that is led sees the loopback as its peer",
		`only connects of streams are led`,
		"let the program use TCP, or one of the proxy variables"},
	{"net-sockets", sockets,
		"A socket of `network.unix_sockets`: a command asks its server for whatever the server does. An ssh agent signs for any host with any key that it holds",
		`what goes through a socket is between the command and the server`,
		"an agent with one key (`ssh-agent -a PATH`, `ssh-add KEY`, `ssh-add -h HOST`)"},
	{"net-published", published,
		"A published port: every program and every user of this machine reaches the server inside",
		`a port of the loopback has no owner`,
		"publish a port only while you look"},
	{"net-own-public", byName,
		`An address outside that is led back to this machine (NAT) can't be told from others: a name may lead there`,
		`only a router knows`,
		"`network.deny` with the address"},
	{"fifos", offline,
		`With the network off: FIFOs that a program of the host makes in a writable root during the run; FIFOs that a program of the host reads and writes below a folder that the walk leaves out; reading of FIFOs outside of the guarded folders of [reading.md](reading.md)`,
		`a cover hides only the FIFOs present at the start; for Landlock a FIFO is a file`,
		`keep no FIFOs in writable roots`},
	{"pipe-shared", confined,
		"A pipe that a command shares with others: what others write into the pipe of its output after the start, the command can read back; commands that read one pipe at the same time may get the same bytes; of an input of more than 1 MiB the command takes more than it reads; input that the command writes into its own pipe counts as not read",
		"who has one end of a pipe can open the other end; the kernel has no event for a byte that is read",
		"give a command an output of its own (`cmd > file`), and an input that it reads to the end"},
	{"own-sockets", supervised,
		"With the network off and a Landlock older than version 9, inside the sandbox: no Unix datagram sockets; a Unix server's `SO_PEERCRED` has no process number; connects to own sockets on btrfs, and on file systems with inode numbers of 2³² and more, are refused; only a deadly signal ends a waiting connect",
		`lockstile makes the connects, only to sockets that the kernel lists for the sandbox ([linux.md](linux.md))`,
		`use stream sockets; keep the workspace on another file system`},
	{"watching", writes,
		"A trusted name that a command makes *while it runs*, and a trusted name that you make beside a command that runs or watches the folder",
		"the kernel doesn't say who made a name. lockstile takes a new name back: usually within a millisecond if the command is older than 100 ms (inotify; where the user has no instance left, by a look each 5 ms), and always at the end, however the command ends. A name is yours if no process of the command has run since a look at the threads; one that watches the folder runs. A new `.git` that git itself could have made stays, and is looked at five times a second",
		"`lockstile takeback restore NAME`; don't run git in the workspace while a command works"},
	{"mentions", writes,
		"Files of the tree that a guarded file calls by name, such as the script of a task in `.vscode/tasks.json`, and programs in folders of `PATH` that lie in a root",
		"such files are what agents work on",
		"read the lines after the command: what is new or changed is told first"},
	{"handed-on", writes,
		"New repositories below a writable root with their configuration, and files that tools of the host obey (`AGENTS.md`, `.npmrc`, `conftest.py`: `internal/trustname/handoff.go`)",
		`builds and clones make the files`,
		`the end record and the tools' answers name new and changed files`},
	{"owed", writes,
		"Changes in the place of a file, in a folder that has not changed: after a quick command they are told by a later look alone",
		"a look at each file takes time",
		"the later look says since when"},
	{"flock", writes,
		"Locks on files of a workspace: a command can hold a lock (`flock`, `fcntl`) that a program of the host waits for",
		"locks need no right to write, and programs inside need locks",
		"end the command"},
	{"deep", writes,
		"Trusted names deeper than 4096 folders of a root (the walk begins with known folders, and with the nearest), in `node_modules`, `.venv`, `site-packages`, `__pycache__`, on other file systems below a root",
		"the limit bounds the cost of a start; `unseen` in the start record counts the unvisited folders",
		`start in a project's folder`},
	{"killed-at-once", writes,
		`The sweep, if the init and lockstile are killed at the same moment, or the machine loses power`,
		`no process is left for the sweep. The next start in the workspace takes the names back, from a note. It can't tell the command's names from names that you made since`,
		"start a command there before you open the workspace; `lockstile takeback restore NAME`"},
	{"replaced", writes,
		`A trusted name that the host itself replaces or removes while a command runs (an editor that saves by rename)`,
		`the kernel removes the mount together with the file below. What replaces the name is pinned anew within a millisecond, and told if the command ran meanwhile`,
		`don't edit hooks and the like during a run`},
	{"linked", writes,
		`A trusted file with a second hard link elsewhere in a writable root`,
		`a mount guards a path, not a file`,
		`don't keep a second link`},
	{"set-id", writes,
		`A file of a writable root that is set-user-ID before the start: a command can rewrite the file through a memory map, and the file stays set-user-ID. Also the set-group-ID bit, as set by chmod`,
		`the kernel removes the bit only at a write, and no filter sees the file of a descriptor; folders need the group's bit (git init --shared)`,
		`keep no set-user-ID files in a workspace`},
	{"git-history", commits,
		"Branches, tags and logs of the workspace's repository: a command can move and delete them",
		"that is what git does; objects stay, replaced logs are kept, and the record has the old value of each ref",
		"`lockstile git undo SEQ`; the host's own `git gc` removes what nothing names after two weeks"},
	{"git-content", commits,
		"What commits hold: who checks a commit out writes its files, `.envrc` too. A new pack or object may lie about the content of a hash, old ones too. Filters and a `core.hooksPath` of the host that lead into the tree are files of the tree. Bits of the index may say that a file is unchanged",
		"a commit is content, not a configuration",
		"read what you merge; the end record names the refs; `git fsck` finds objects that lie"},
	{"git-shown", commits,
		"Messages of commits, names of branches and `gc.log`: git shows them in terminals",
		"git has them from the command",
		"none needed with a git that quotes what it shows"},
	{"git-locks", commits,
		"Locks of git, after SIGKILL of lockstile",
		"nobody is left to remove them",
		"remove the lock that git names"},
	{"neighbours", offline,
		"Servers of the client's other commands without a network: a command reaches them, a read-only command too, and a server may do what its own sandbox allows",
		"a server that one command starts is for the next ones",
		"end the session of a server that is no longer needed; `lockstile run` has a loopback of its own"},
	{"mounts", writes,
		`Mounts of the host below the workspace`,
		`the mounts are visible, but read-only`,
		`make the mount a writable root`},
	{"groups", confined,
		`Supplementary groups`,
		`the command keeps the groups: in a user namespace with locked groups the kernel lets nobody drop groups`,
		`run agents as a user without powerful groups`},
	{"disk", confined,
		`Disk space`,
		`a quota needs more rights`,
		`limit the user`},
	{"memory", watched,
		`Without a delegated cgroup: memory for a quarter of a second; memory that no process has mapped (files without a name, pipes), until the machine has little memory left; the number of processes of a command that root starts before Linux 6.14`,
		`without a cgroup lockstile watches the memory, and no limit binds`,
		"start lockstile with a delegated cgroup: `systemd-run --user --scope lockstile …`"},
	{"library", unconfined,
		`danger-full-access through the library`,
		`if SIGKILL from outside ends the init, the children of the init go on`,
		"`lockstile run` adopts and ends the children"},
	{"caller", writes,
		`A program in a writable root that calls lockstile by path, except lockstile's own programs and the program that embeds lockstile`,
		`nobody can know the programs of later starts`,
		`install programs outside of workspaces`},
	{"typed", unconfined,
		`Input of a session that runs outside of the sandbox after a yes`,
		`a yes is for a single command; if the command is a shell, the yes covers all input of the shell`,
		`say no to shells and interpreters in a terminal, or end the sessions soon`},
	{"win-everyone", token,
		`Windows, unelevated: files and folders that everybody may write, outside of the roots`,
		"a token without Everyone's rights can't write to `NUL` either",
		`don't keep files and folders that everybody may write`},
	{"win-unelevated", token,
		`Windows, unelevated: reading, the network, other programs' open network ports`,
		`a token can't restrict reading, the network or ports: with the network off the start is refused`,
		"`windows.sandbox = \"elevated\"`, when available"},
	{"win-killed", windows,
		`Windows: trusted names made by a command, if lockstile is killed, until the next start in the workspace`,
		`the job ends the tree, but before the next start nobody takes the names back`,
		`look for new trusted names`},
	{"win-lookups", account,
		"Windows, network off: names that the system looks up for a program (DNS client service), and `\\\\HOST\\SHARE` (the redirector)",
		`the system sends both, not the account: the account's filters don't see the packets`,
		`block both for the machine, or in the network`},
	{"win-services", windows,
		"Windows: WSL (`wsl.exe`) and other services that start programs for every caller",
		`a service acts with the rights of the service, not with the caller's`,
		`remove WSL from machines where agents run`},
	{"win-profiles", account,
		`Windows: the content of the accounts' own profiles, kept from start to start`,
		`the profiles belong to the accounts`,
		"`lockstile setup --remove`, then setup"},
	{"proc-names", sharedProc,
		"Names and command lines of the container's other processes, where parts of `/proc` are masked",
		"no fresh `/proc` can be mounted; the command gets nothing more of the processes",
		"as a user other than root, start the container with the parts visible (docker: `--security-opt systempaths=unconfined`)"},
	{"open-names", open,
		"With `linux.without_namespaces`: protected names that are there, such as `.git` and its hooks, and what they lead to; mounts of the host and FIFOs below a writable root",
		"Landlock can't take a name out of a writable folder; names that are absent are taken back at the end, also those that a program of the host makes meanwhile",
		"look at `git status` and `.git/hooks` before you trust the tree; `lockstile doctor --seccomp-profile`"},
	{"open-modes", open,
		"With `linux.without_namespaces`: modes, times and extended attributes of all files of the user",
		"Landlock has no right for them, and the filter can't tell whose file it is; set-user-ID files can't be made",
		"allow user namespaces"},
	{"open-tree", open,
		"With `linux.without_namespaces`: processes of the command go on if SIGKILL ends their init and lockstile",
		"no pid namespace ends with its init; the processes stay in their restrictions",
		"end the container"},
	{"host-seen", landlocked,
		"Without user namespaces: the host's processes and network interfaces can be seen in `/proc`, and metadata of all files by name",
		"Landlock has no right for looking up a file by name",
		"allow user namespaces"},
}
