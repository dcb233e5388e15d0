// Package question answers whether a command may do something: read or write a path,
// connect, get a variable. The policy decides, and the view says what the command finds at
// a path on this machine. Package question must never start anything, open a file, or
// allow what the policy denies for a path that the view shows unchanged.
package question

import (
	"os"
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// World is the start about which questions are asked.
type World struct {
	Policy policy.Policy // complete
	Facts  host.Facts
	Plan   *plan.Plan
	Init   string   // the .git that "git init" may make, "" for none
	Env    []string // of the caller, as NAME=value
	Given  []string // the environment of the command
}

// Answer is the answer to a question. The embedded decision has the rule and the layer.
type Answer struct {
	policy.Decision
	Path string // what the question is about, without links; "" for no path
	Why  string // why no setting changes the answer; "" where a setting may
	Note string // what else to know, "" for nothing

	// Fixed reports that the machine decides, and not a rule of the policy.
	Fixed bool
}

// The layers beside the layers of package policy.
const (
	layerPrivate = "mount (the command's own)"
	layerView    = "mount (read-only view) + landlock"
	layerMask    = "mount (empty mask over the path)"
	layerHome    = "mount (an empty folder over lockstile's own)"
	layerGit     = "file system on .git"
	layerCache   = "overlay (a private folder of the workspace)"
	layerPin     = "mount (protected name) + landlock"
	layerBack    = "taken back after the command has made the name"
	layerRights  = "the user's own rights"
	layerGuard   = "landlock"
)

// Ask answers a question. Targets of reads and writes are paths; a relative path begins at
// the workspace.
func (w World) Ask(a policy.Access, target string) Answer {
	switch a {
	case policy.AccessRead, policy.AccessWrite:
		return w.askPath(a, target)
	case policy.AccessConnect:
		return w.connect(target)
	case policy.AccessEnv:
		return w.env(target)
	}
	return Answer{Decision: w.Policy.Decide(a, target), Fixed: true}
}

func (w World) askPath(a policy.Access, target string) Answer {
	if target == "" || strings.IndexByte(target, 0) >= 0 {
		return Answer{Decision: w.Policy.Decide(a, target), Fixed: true}
	}
	if w.Facts.OS == "windows" { // no view replaces a folder
		return Answer{Decision: w.Policy.Decide(a, target), Path: target}
	}
	if !path.IsAbs(target) {
		target = w.Policy.Workspace + "/" + target
	}
	s, err := w.follow(target)
	if err != nil {
		return Answer{Decision: policy.Decision{Rule: err.Error(), Layer: layerRights}, Path: path.Clean(target), Fixed: true, Why: "the path leads nowhere"}
	}
	if w.Plan.Rung == plan.Unconfined {
		return w.unconfined(a, s)
	}
	if a == policy.AccessRead {
		return w.read(s)
	}
	return w.write(s)
}

// unconfined is the answer in danger-full-access: only the user's own rights count, and
// root's go beyond the modes of files.
func (w World) unconfined(a policy.Access, s spot) Answer {
	read := a == policy.AccessRead
	if os.Geteuid() != 0 && w.Policy.Mode == policy.ModeDangerFullAccess && (read && s.there && !mayRead(s.on) || !read && !mayWrite(s)) {
		return s.rights()
	}
	return Answer{Decision: w.Policy.Decide(a, s.path), Path: s.path}
}

// rights is the answer for a file that the user's own rights close.
func (s spot) rights() Answer {
	return s.fixed(false, "the mode of the file or its folder", layerRights, "the user's own rights don't allow it")
}

// fixed is an answer that no rule of the policy changes.
func (s spot) fixed(allowed bool, rule, layer, why string) Answer {
	return Answer{Decision: policy.Decision{Allowed: allowed, Rule: rule, From: policy.Origin{Note: "default"}, Layer: layer}, Path: s.path, Fixed: true, Why: why}
}

// read answers whether a command reads the content of a path.
func (w World) read(s spot) Answer {
	switch {
	case trail.Within(s.path, w.Policy.Home):
		return s.fixed(false, "lockstile's own folder", layerHome, "no setting shows it to a command")
	case s.hidden():
		return w.hidden(s)
	case s.own():
		return w.readOwn(s)
	}
	d := w.Policy.DecideRead(s.path)
	out := Answer{Decision: d, Path: s.path}
	switch {
	case !d.Allowed:
		if !s.there {
			out.Note = "the path is absent now; what a command makes there is hidden from the next start on"
		}
		return out
	case !s.there:
		out.Note = "the path is absent now"
		return out
	case w.guarded(s):
		return s.fixed(false, "a FIFO, a socket or a new name in a folder with hidden paths", layerGuard, "no setting opens it")
	case !mayRead(s.on):
		return s.rights()
	}
	return out
}

// hidden is the answer for a path below a cover.
func (w World) hidden(s spot) Answer {
	d := w.Policy.DecideRead(s.path)
	if d.Allowed {
		if s.mount.Kind == plan.KindCover && isFIFO(s.mount.Path) {
			return s.fixed(false, "a FIFO, to which a program of the host may hold the other end", layerMask, "no setting opens it while the network is off")
		}
		return s.fixed(false, "a link or a second mount leads from a denied path to "+s.mount.Path, layerMask, "ask the user")
	}
	return Answer{Decision: d, Path: s.path}
}

// readOwn is the answer for a path in a folder of the command's own.
func (w World) readOwn(s spot) Answer {
	switch s.mount.Kind {
	case plan.KindProc:
		if other(s.path) {
			return s.fixed(false, "processes of the host", layerPrivate, "a command sees only its own processes")
		}
		return s.fixed(true, "the command's own /proc", layerPrivate, "no setting hides it")
	case plan.KindDevices, plan.KindDevpts:
		if d := w.Policy.DecideWrite(s.path); !d.Allowed && s.path != s.mount.Path {
			return s.fixed(false, "not a device of the command's own /dev", layerPrivate, "no setting shows devices of the host")
		}
		return s.fixed(true, "the command's own /dev", layerPrivate, "no setting hides it")
	}
	if !s.there && onHost(s.path) {
		return s.fixed(false, "the command's own "+s.mount.Path, layerPrivate, "no setting shows the host's "+s.mount.Path+"; copy the file into the workspace")
	}
	out := s.fixed(true, "the command's own "+s.mount.Path, layerPrivate, "no setting hides it")
	if !s.there {
		out.Note = "the path is absent now"
	}
	return out
}

// guarded reports whether Landlock keeps a command from reading a present path, although
// no rule of the policy does: in folders with hidden paths only known names open.
func (w World) guarded(s spot) bool {
	readable := w.Facts.Hidden.Readable
	if len(readable) == 0 || readable[0] == "/" || isFolder(s.on) || w.inRoot(s.path) {
		return false
	}
	for _, r := range readable {
		if trail.Within(s.path, r) {
			return false
		}
	}
	return true
}

func (w World) inRoot(name string) bool {
	for _, r := range w.Policy.Roots() {
		if trail.Within(name, r.Path) {
			return true
		}
	}
	return false
}

// other reports whether a path is that of a process by number. Numbers in the view are
// the command's own, and a number of the question is the host's.
func other(name string) bool {
	rest, ok := strings.CutPrefix(name, "/proc/")
	return ok && rest != "" && rest[0] >= '1' && rest[0] <= '9'
}

func onHost(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func isFIFO(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}
