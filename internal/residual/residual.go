// Package residual is the only table of residuals. docs/residuals.md, doctor and the
// records read the table. The table must never name a restriction that holds, nor leave
// out a gap.
package residual

import (
	"strings"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/refusal"
)

// Residual is a thing that a sandbox does not hold.
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
func sharedProc(p *plan.Plan) bool { return p.Rung == plan.SharedProc }
func landlocked(p *plan.Plan) bool { return p.Rung == plan.Landlocked }
func watched(p *plan.Plan) bool    { return confined(p) && p.Limits.Cgroup == "" }
func supervised(p *plan.Plan) bool { return p.Supervised }
func windows(p *plan.Plan) bool    { return strings.HasPrefix(p.Target, "windows/") && p.Restricted() }
func token(p *plan.Plan) bool      { return p.Rung == plan.Token }
func account(p *plan.Plan) bool    { return p.Rung == plan.Account }

// Table lists all residuals.
var Table = [...]Residual{
	{"reading", confined,
		`Reading your files that are no credential stores: other projects`,
		`programs need to read; only what [reading.md](reading.md) lists is hidden`,
		"`filesystem.deny_read`; keep the network off (the default): what is read can't leave"},
	{"stores", confined,
		"Credential stores: another hard link of one, one that is made in a writable root or matches a pattern with `**` only after the start, a file of `/etc` that is replaced while a command of root's runs",
		`the cover stands on a path; where everything may be read, Landlock can't take one name out`,
		`don't keep stores in a workspace`},
	{"new-files", confined,
		`A file that another program makes in your home, or replaces by a rename, while a command runs`,
		`the command can't read it before the next start: it might be a store`,
		`start anew`},
	{"network-sockets", online,
		"With network access: Unix sockets of the host by path, outside `/run` and `/tmp`",
		`then connects are the command's own`,
		"keep agents' and daemons' sockets in `/run`"},
	{"fifos", offline,
		`With the network off: FIFOs that a program of the host makes in a writable root during the run, or reads and writes below a folder that isn't walked; reading FIFOs outside of the folders that [reading.md](reading.md) guards`,
		`what was there at the start is covered; for Landlock a FIFO is a file`,
		`keep none`},
	{"own-sockets", supervised,
		"With the network off, where Landlock is older than version 9, inside: no Unix datagram sockets; a Unix server's `SO_PEERCRED` has no process number; own sockets on btrfs, and on file systems with inode numbers of 2³² and more, are refused; a connect that waits is ended by a deadly signal alone",
		`connects are made by lockstile, to sockets that the kernel lists as the sandbox's own ([linux.md](linux.md))`,
		`use stream sockets; keep the workspace on another file system`},
	{"meanwhile", writes,
		"Trusted names (`.git`, `.envrc`, `.claude` and the rest of `internal/trustname/protected.go`) *while a command runs* that made one",
		"what wasn't there at the start is renamed to `NAME.denied-…`: within a millisecond as a rule once a command has run for 100 ms (inotify), and for certain at the end, whoever ends it. One that the host makes meanwhile is renamed too",
		`don't run git or open an editor in the workspace during a run`},
	{"handed-on", writes,
		"New repositories below a writable root and other files that tools of the host obey (`AGENTS.md`, `.npmrc`, `conftest.py`: `internal/trustname/handoff.go`)",
		`builds and clones make them`,
		`the end record and the tools' answers name what is new or changed; once there, the next start guards a repository`},
	{"deep", writes,
		"Trusted names deeper than 4096 folders of a root (the nearest are looked into first), in `node_modules`, `.venv`, `site-packages`, `__pycache__`, on other file systems below a root",
		"bounds what a start costs; `unseen` in the start record counts folders",
		`start in a project's folder`},
	{"killed-at-once", writes,
		`The sweep, where the init and lockstile are killed at the same moment, or the machine loses power`,
		`nobody is left to do it: the next start in the workspace does, from a note; it can't tell what you made there meanwhile`,
		`look for trusted names that are new`},
	{"replaced", writes,
		`A trusted name that the host itself replaces or removes while a command runs (an editor that saves by rename)`,
		`the kernel takes the mount away with what it stood on`,
		`don't edit hooks and the like during a run`},
	{"linked", writes,
		`A trusted file with a second hard link elsewhere in a writable root`,
		`a mount guards a path, not a file`,
		`don't keep one`},
	{"set-id", writes,
		`A file of a writable root that is set-user-ID before the start: a command can rewrite it through a memory map, and it stays so; the set-group-ID bit, which chmod sets`,
		`the kernel takes the bit away at a write alone, and no filter sees which file a descriptor is; folders need the group's bit (git init --shared)`,
		`keep no set-user-ID files in a workspace`},
	{"mounts", writes,
		`Mounts of the host below the workspace`,
		`shown, but read-only`,
		`make the mount a writable root`},
	{"groups", confined,
		`Supplementary groups`,
		`kept: the kernel lets nobody drop them in a user namespace with groups locked`,
		`run agents as a user without powerful groups`},
	{"disk", confined,
		`Disk`,
		`no quota can be set without more rights`,
		`limit the user`},
	{"memory", watched,
		`Where no cgroup is delegated: memory for a quarter of a second; such as no process has mapped (files without a name, pipes) until the machine has little left; the processes of a command that root starts before Linux 6.14`,
		`memory is watched there, not bound`,
		"start lockstile where cgroups are: `systemd-run --user --scope lockstile …`"},
	{"library", unconfined,
		`danger-full-access as a library`,
		`when the init is killed by SIGKILL from outside, its children go on`,
		"`lockstile run` adopts and ends them"},
	{"caller", writes,
		`A program that calls lockstile by its path, in a writable root, other than lockstile's own and the one that embeds it`,
		`nobody can tell what will be started next`,
		`install programs outside of workspaces`},
	{"typed", unconfined,
		`What is typed into a session that was let out of the sandbox`,
		`a yes is for one command; where that is a shell, all that is typed into it has the yes too`,
		`say no to shells and interpreters in a terminal, or end them soon`},
	{"win-everyone", token,
		`Windows, unelevated: files and folders that everybody may write, outside of the roots`,
		"a token that couldn't use Everyone's rights couldn't write to `NUL` either",
		`don't keep any`},
	{"win-unelevated", token,
		`Windows, unelevated: reading, the network, other programs' open network ports`,
		`a token can't take them away: network off refuses`,
		"`windows.sandbox = \"elevated\"`, when it is there"},
	{"win-killed", windows,
		`Windows: trusted names that a command made, when lockstile is killed, until the next start in the workspace`,
		`the job ends the tree, but nobody takes the names back before`,
		`look for names that are new`},
	{"win-lookups", account,
		"Windows, network off: names that the system looks up for a program (DNS client service), and `\\\\HOST\\SHARE` (the redirector)",
		`both are sent by the system, not by the account, so its filters don't see them`,
		`block them for the machine, or in the network`},
	{"win-services", windows,
		"Windows: WSL (`wsl.exe`) and other services that start something for whoever asks",
		`they are asked by a program, and act as themselves`,
		`take WSL away from machines where agents run`},
	{"win-profiles", account,
		`Windows: what the accounts' own profiles keep from one start to the next`,
		`they are the accounts'`,
		"`lockstile setup --remove`, then setup"},
	{"proc-names", sharedProc,
		"Names and command lines of the container's other processes, where parts of `/proc` are masked",
		"no `/proc` of its own can be mounted there; nothing else of them can be had",
		"start the container with them (docker: `--security-opt systempaths=unconfined`)"},
	{"host-seen", landlocked,
		"Without user namespaces: the host's processes and network interfaces can be seen in `/proc`, metadata of all files by name",
		"Landlock has no right for looking at what is there by its name",
		"allow user namespaces"},
}
