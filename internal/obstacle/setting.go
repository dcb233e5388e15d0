package obstacle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// The keys of config.toml that may be proposed.
const (
	modeKey    = "sandbox_mode"
	rootsKey   = "sandbox_workspace_write.writable_roots"
	networkKey = "sandbox_workspace_write.network_access"
	serversKey = "network.allow"

	serversDenyKey = "network.deny"
	tmpKey         = "sandbox_workspace_write.exclude_slash_tmp"
	allowKey       = "filesystem.allow_read"
)

// proposal is a setting, or the reason why there is none.
type proposal struct {
	setting string
	atStart bool
	instead string
}

func (o *Obstacle) propose(p proposal) {
	o.Setting, o.AtStart, o.Instead = p.setting, p.atStart, p.instead
}

func none(instead string) proposal { return proposal{instead: instead} }

// set proposes a value for a key, if the policy with the value loads and allows the act.
func (s Seen) set(key, value string, allows func(policy.Policy) bool) proposal {
	setting := key + "=" + value
	if s.Try == nil || !shown(setting) {
		return none("no setting could be tried; ask the user")
	}
	p, err := s.Try(policy.ModeUnset, setting)
	if err != nil {
		return none("no setting allows it: " + strings.TrimPrefix(reasonOf(err), "-c: "+key+": ") + "; ask the user")
	}
	if !allows(p) {
		return none("no single setting allows it; ask the user")
	}
	note := s.Policy.Origin(key).Note
	return proposal{setting: setting, atStart: note != "" && note != "default"}
}

func reasonOf(err error) string {
	var why *refusal.Error
	if errors.As(err, &why) {
		return why.Reason
	}
	return err.Error()
}

// widened proposes workspace-write in place of read-only.
func (s Seen) widened(allows func(policy.Policy) bool) proposal {
	p := s.set(modeKey, `"workspace-write"`, allows)
	if p.setting != "" || s.Try == nil {
		return p
	}
	wide, err := s.Try(policy.ModeWorkspaceWrite)
	if err != nil || !allows(wide) {
		return p
	}
	return proposal{setting: "--sandbox workspace-write", atStart: true}
}

// writable proposes a setting by which a path could be written; d is the denial, and
// folder says that the path is to be a folder.
func (s Seen) writable(path string, d policy.Decision, folder bool) proposal {
	allows := func(p policy.Policy) bool { return p.DecideWrite(path).Allowed }
	switch {
	case strings.HasPrefix(d.Rule, "protected name"):
		return none("no setting is proposed, since programs of the host trust that name; ask the user to make the change")
	case !s.Policy.DecideRead(path).Allowed:
		return none("no setting allows it: a place that may not be read is no place to write; ask the user")
	case s.Policy.Mode == policy.ModeReadOnly:
		return s.widened(allows)
	case trail.Within(path, "/tmp"):
		return s.set(tmpKey, "false", allows)
	case s.unseen(path):
		return none("no setting allows it")
	}
	dir, missing := nearest(path)
	switch {
	case strings.Count(dir, "/") < 2 || system(dir):
		return none("no setting is proposed, since programs and settings of the host lie in " + dir + "; ask the user to make the change")
	case inRepository(dir):
		return none("no setting allows it, since programs of the host trust a git directory; ask the user to make the change")
	case !mayWrite(dir):
		return none("no setting allows it: the user's own rights don't allow it either")
	}
	p := s.set(rootsKey, list(append(s.listed(rootsKey), dir)), allows)
	if p.setting == "" && missing != "" && (folder || missing != path) {
		p.instead = fmt.Sprintf("%s is absent: ask the user to make that folder, as a place for commands to write", missing)
	}
	return p
}

// readable proposes a setting by which a path could be read. The stores of the machine
// belong to other users: a start that has to show one fails.
func (s Seen) readable(path string) proposal {
	ofMachine := slices.ContainsFunc(machineFolders[:], func(folder string) bool { return trail.Within(path, folder) })
	if home := os.Getenv("HOME"); ofMachine && (home == "" || !trail.Within(path, home)) {
		return none("no setting is proposed for the secrets of the machine; ask the user")
	}
	for strings.ContainsAny(path, "*?[") { // a shell's pattern that met an empty folder
		path = filepath.Dir(path)
	}
	p := s.set(allowKey, list(append(s.listed(allowKey), glob.Escape(path))), func(p policy.Policy) bool { return p.DecideRead(path).Allowed })
	if p.setting == "" {
		p.instead = "no single setting allows it; ask the user"
	}
	return p
}

// network proposes the host's network.
func (s Seen) network() proposal {
	if s.Policy.Mode == policy.ModeReadOnly {
		return none(fmt.Sprintf("read-only has no network; ask the user for workspace-write with %s=true", networkKey))
	}
	return s.set(networkKey, "true", policy.Policy.NetworkOpen)
}

// nearest returns the nearest folder that is there: the path itself or a folder above;
// missing is the absent folder in which the path would lie, "" for none.
func nearest(path string) (dir, missing string) {
	if isDir(path) {
		return path, ""
	}
	dir = filepath.Dir(path)
	for parent := dir; !isDir(dir) && dir != "/"; dir = filepath.Dir(dir) {
		missing = parent
	}
	if _, err := os.Lstat(path); err != nil && missing == "" && strings.Count(path, "/") > 2 && isDir(dir) {
		missing = path
	}
	return dir, missing
}

// inRepository reports whether a folder is a git directory, or lies in one.
func inRepository(dir string) bool {
	for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		if isDir(dir+"/objects") && isDir(dir+"/refs") {
			return true
		}
	}
	return false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// systemFolders hold the programs and settings of the host.
var systemFolders = [...]string{"/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr", "/var/lib", "/var/spool"}

// machineFolders hold the machine's secrets.
var machineFolders = [...]string{"/etc", "/var", "/run"}

// trustedFolders are names of folders whose files programs of the host run or obey.
var trustedFolders = [...]string{"bin", "sbin", "shims", ".config", ".local", "autostart", "systemd"}

// homeFolders lie in homes, and hold programs of the host somewhere below.
var homeFolders = [...]string{".cargo", ".rustup", ".nvm", ".pyenv", ".rbenv", ".volta", ".sdkman", ".asdf"}

func system(dir string) bool {
	base := filepath.Base(dir)
	if slices.Contains(homeFolders[:], base) || (base[0] == '.' || base == "go") && isDir(dir+"/bin") {
		return true
	}
	for part := range strings.SplitSeq(dir, "/") {
		if slices.Contains(trustedFolders[:], part) {
			return true
		}
	}
	return slices.ContainsFunc(systemFolders[:], func(folder string) bool { return trail.Within(dir, folder) })
}

// listed returns the value of a key with a list, as the user wrote the list.
func (s Seen) listed(key string) []string {
	for _, v := range s.Policy.Values {
		if items, ok := v.Value.([]string); ok && v.Key == key {
			return slices.Clone(items)
		}
	}
	return nil
}

// list writes a list in TOML.
func list(items []string) string {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('"')
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item))
		b.WriteByte('"')
	}
	return "[" + b.String() + "]"
}

// exceeded explains a limit that ended the tree.
func (s Seen) exceeded() Obstacle {
	o := Obstacle{Kind: Observed, What: s.Exceeded, Cause: "a limit ended the command: " + s.Exceeded}
	switch {
	case strings.HasPrefix(s.Exceeded, "wall time"):
		o.propose(s.doubled("limits.wall_seconds", s.Policy.Limits.WallSeconds, func(l policy.Limits) int64 { return l.WallSeconds }))
	case strings.HasPrefix(s.Exceeded, "memory: more than"):
		o.propose(s.doubled("limits.memory_mb", s.Policy.Limits.MemoryMB, func(l policy.Limits) int64 { return l.MemoryMB }))
	default:
		o.Instead = "no setting allows it: the machine has no more"
	}
	return o
}

// doubled proposes twice a limit.
func (s Seen) doubled(key string, now int64, of func(policy.Limits) int64) proposal {
	if now <= 0 {
		return none("no setting allows it: the limit comes from the machine")
	}
	return s.set(key, strconv.FormatInt(2*now, 10), func(p policy.Policy) bool { return of(p.Limits) > now })
}

// limited explains an error that a limit of the policy makes likely.
func (s Seen) limited(h hit) (Obstacle, bool) {
	l := s.Policy.Limits
	var o Obstacle
	switch {
	case !s.Failed:
		return o, false
	case h.sign == signFork:
		now := l.Processes
		if now == 0 {
			now = policy.DefaultProcesses
		}
		o.Cause = fmt.Sprintf("a command may have %d processes and threads at a time", now)
		o.propose(s.doubled("limits.processes", now, func(l policy.Limits) int64 { return l.Processes }))
	case h.sign == signOpenFiles && l.OpenFiles > 0:
		o.Cause = fmt.Sprintf("a process may have %d open files", l.OpenFiles)
		o.propose(s.doubled("limits.open_files", l.OpenFiles, func(l policy.Limits) int64 { return l.OpenFiles }))
	case h.sign == signFileSize && l.FileSizeMB > 0:
		o.Cause = fmt.Sprintf("a written file may have %d MiB", l.FileSizeMB)
		o.propose(s.doubled("limits.file_size_mb", l.FileSizeMB, func(l policy.Limits) int64 { return l.FileSizeMB }))
	default:
		return o, false
	}
	return o, true
}

// signalled explains the signal for the limit of a file's size, which ends a process
// without a word. Shells pass the signal on as an exit code.
func (s Seen) signalled() (Obstacle, bool) {
	if s.Status != 128+fileSizeSignal {
		return Obstacle{}, false
	}
	o, ok := s.limited(hit{sign: signFileSize})
	o.Kind = Observed
	return o, ok
}
