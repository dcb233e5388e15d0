package obstacle

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// judge compares a hit with the policy. The policy must deny the path or host, or the
// error must be one that only the sandbox makes likely.
func (s Seen) judge(h hit) (Obstacle, bool) {
	switch h.sign {
	case signReadOnly:
		return s.readOnly(h)
	case signDevices:
		return s.devices(h)
	case signBusy:
		return s.busy(h)
	case signUnknown:
		return s.unknownHost(h)
	case signRefused:
		return s.refusedConnect(h)
	case signFork, signOpenFiles, signFileSize:
		return s.limited(h)
	case signDenied:
		return s.denied(h)
	case signForbidden:
		return s.forbidden(h)
	case signSigning:
		return Obstacle{Cause: "the signing key and its agent are outside of the sandbox",
			Instead: "commit without a signature (git -c commit.gpgsign=false commit), and let the user sign later (git rebase --exec 'git commit --amend --no-edit -S')"}, s.Failed
	case signOwner:
		o := Obstacle{Cause: "in the sandbox no file can be given to another user or group, and no process can become another user", Instead: "no setting allows it; ask the user to run the command outside the sandbox"}
		return o, s.Failed && h.hasAny(owners)
	case signAbsent:
		return s.absent(h)
	case signUnwritten:
		return s.unwritten(h)
	case signProcess, signRoot, signFamily, signDevice:
		o, known := always[h.sign]
		return o, known && s.Failed && (h.reports() || h.sign != signProcess)
	case signService:
		return s.service(h)
	}
	return Obstacle{}, false
}

// deniedWrite finds a named path that the policy keeps from writing.
func (s Seen) deniedWrite(h hit) (Obstacle, bool) {
	n := namesOf(h)
	for _, name := range append(n.placed, n.loose...) {
		if path, _, ok := s.full(name); ok {
			if o, denied := s.writing(path, h.hasAny(folders)); denied {
				return o, true
			}
		}
	}
	return Obstacle{}, false
}

// folders are words of lines about a folder that is to be made.
var folders = []string{"mkdir", "mkdirat", "directory", "directories", "folder", "cache"}

// writing returns the obstacle for writing a full path, if the policy denies the act.
// folder says that the path is to be a folder.
func (s Seen) writing(path string, folder bool) (Obstacle, bool) {
	real := s.real(path)
	d := s.Policy.DecideWrite(real)
	if name, from := s.lead(real); from != "" && d.Allowed {
		return Obstacle{What: path, Cause: fmt.Sprintf("%s may not be written, since %s leads to %s, and programs of the host obey it", path, from, name),
			Instead: "no setting allows it; ask the user to make the change"}, true
	}
	if d.Allowed || s.ownPlace(real) {
		return Obstacle{}, false
	}
	o := Obstacle{What: path, Cause: fmt.Sprintf("%s may not be written (%s)", path, d.Rule)}
	o.propose(s.writable(real, d, folder))
	return o, true
}

// lead returns the name at or above a path that is read-only because of another file, and the
// file.
func (s Seen) lead(path string) (name, from string) {
	for at := path; ; at = filepath.Dir(at) {
		if from := s.Leads[at]; from != "" {
			return at, from
		}
		if at == filepath.Dir(at) {
			return "", ""
		}
	}
}

// ownPlace reports whether a path is in a folder of the command's own.
func (s Seen) ownPlace(path string) bool {
	return s.Policy.Mode == policy.ModeWorkspaceWrite && trail.Within(path, "/run")
}

// readOnly is for EROFS. Without a path EROFS is the sandbox's all the same, unless the
// line names a full path that may be written: such a file system has another reason.
func (s Seen) readOnly(h hit) (Obstacle, bool) {
	if o, ok := s.deniedWrite(h); ok {
		return o, true
	}
	n := namesOf(h)
	for _, name := range n.placed {
		if _, whole, ok := s.full(name); ok && whole {
			return Obstacle{}, false
		}
	}
	if len(n.loose) > 0 || !s.Failed || !h.reports() {
		return Obstacle{}, false
	}
	return Obstacle{Cause: "a place outside the writable folders may not be written", Instead: "the output doesn't name the full path; write below the workspace, or name the path to the user"}, true
}

// devices is for EXDEV: every writable folder is a mount of its own, and stays one when
// it becomes writable.
func (s Seen) devices(h hit) (Obstacle, bool) {
	places := map[string]bool{}
	for _, name := range namesOf(h).placed {
		if path, _, ok := s.full(name); ok {
			places[s.place(s.real(path))] = true
		}
	}
	if len(places) < 2 {
		return s.deniedWrite(h)
	}
	return Obstacle{Cause: "each writable folder is a file system of its own in the sandbox, and no file can be renamed or linked from one folder into another",
		Instead: "copy the file and remove the original"}, true
}

// place names the writable folder of a path.
func (s Seen) place(path string) string {
	best := ""
	for _, r := range s.Policy.Roots() {
		if trail.Within(path, r.Path) && len(r.Path) > len(best) {
			best = r.Path
		}
	}
	if best == "" {
		best = "/" + strings.SplitN(path+"/", "/", 3)[1]
	}
	return best
}

// writes are words of lines about writing.
var writes = []string{
	"touch", "create", "creat", "creating", "mkdir", "mkdirat", "make directory", "write", "writing", "written", "unlink", "unlinkat", "remove", "rmdir", "rename", "renameat", "move", "mv", "rm",
	"delete", "truncate", "lock", "save", "append", "chmod", "install", "copy", "copyfile", "symlink", "link", "set times", "setting times", "setting permissions", "opening output file", "cannot open output file",
}

// denied is for EACCES: first a path that may not be read; then a path that may not be
// written, if the user's own rights allow the act.
func (s Seen) denied(h hit) (Obstacle, bool) {
	n := namesOf(h)
	for _, name := range append(n.placed, n.loose...) {
		path, _, ok := s.full(name)
		if !ok {
			continue
		}
		if o, hidden := s.reading(path); hidden {
			return o, true
		}
		if real := s.real(path); !h.hasAny(writes) && !mayRun(real) || !s.looksWritable(real) {
			continue
		}
		if o, denied := s.writing(path, h.hasAny(folders)); denied {
			return o, true
		}
	}
	return always[signForbidden], s.Failed && h.leads(privileged)
}

// reading returns the obstacle for reading a full path, if the policy denies the act.
func (s Seen) reading(path string) (Obstacle, bool) {
	real := s.real(path)
	if s.Policy.Home != "" && trail.Within(real, s.Policy.Home) {
		return Obstacle{What: path, Cause: path + " may not be read (lockstile's own folder)", Instead: "no setting allows it"}, true
	}
	d := s.Policy.DecideRead(real)
	if d.Allowed {
		return Obstacle{}, false
	}
	o := Obstacle{What: path, Cause: fmt.Sprintf("%s may not be read (%s)", path, d.Rule)}
	o.propose(s.readable(real))
	return o, true
}

// absent is for ENOENT: hidden files are absent or empty, and /tmp is the command's own.
func (s Seen) absent(h hit) (Obstacle, bool) {
	if !s.Failed {
		return Obstacle{}, false
	}
	for _, name := range namesOf(h).placed {
		path, whole, ok := s.full(name)
		if !ok {
			continue
		}
		if o, hidden := s.reading(path); hidden && s.covered(s.real(path)) {
			return o, true
		}
		if o, denied := s.writing(path, true); denied && h.makesFolder(path) {
			return o, true
		}
		if o, ok := s.ownFolders(path); ok && whole {
			return o, true
		}
		if whole && trail.Within(path, "/tmp") && path != "/tmp" && s.place(path) == "/tmp" {
			return Obstacle{What: path, Cause: path + " isn't in the command's own /tmp, and a file in the host's /tmp can't be seen",
				Instead: "no setting shows the host's /tmp; if the file is the host's, ask the user to copy the file into the workspace"}, true
		}
		if whole && strings.HasSuffix(path, ".sock") && (trail.Within(path, "/run") || trail.Within(path, "/var/run")) {
			return Obstacle{What: path, Cause: path + " can't be reached: commands have a /run of their own, without the host's sockets",
				Instead: "no setting shows the host's /run; ask the user"}, true
		}
	}
	return Obstacle{}, false
}

// forbidden is for EPERM: an act that needs a privilege, or a path that the policy denies.
func (s Seen) forbidden(h hit) (Obstacle, bool) {
	o := always[signForbidden]
	if !s.Failed {
		return Obstacle{}, false
	}
	if h.hasAny(privileged) {
		return o, true
	}
	n := namesOf(h)
	all := append(n.placed, n.loose...)
	for _, name := range all {
		path, _, ok := s.full(name)
		if !ok {
			continue
		}
		real := s.real(path)
		if !s.Policy.DecideWrite(real).Allowed {
			return o, true
		}
		if !s.unseen(real) && owned(real) && h.hasAny(modes) {
			return Obstacle{What: path, Cause: path + " can't get a set-user-ID or set-group-ID bit: no command makes such files", Instead: "no setting allows it; ask the user to make the change"}, true
		}
	}
	return o, len(all) == 0 && h.hasAny(bareErrno)
}

// modes are words of acts with a file's mode.
var modes = []string{"chmod", "fchmod", "changing permissions"}

// unknownHost is for failures of the network, with the network off.
func (s Seen) unknownHost(h hit) (Obstacle, bool) {
	host := hostOf(h)
	if strings.Contains(h.lower, "(from versions: none)") && slices.Contains(strings.FieldsFunc(s.script(), parts), "--no-index") {
		return Obstacle{}, false
	}
	if s.Policy.NetworkOpen() || s.byRules() || host == "" && (!s.Failed || !h.reports() && !h.hasAny(resolvers)) {
		return Obstacle{}, false
	}
	return s.unreached(host, "the network is off: commands have only a loopback of their own"), true
}

// resolvers are texts that name a failed look-up without the form of an error.
var resolvers = []string{"could not resolve host", "couldn't resolve host", "temporary failure in name resolution", "name or service not known", "eai_again", "enotfound", "network is unreachable", "failed to lookup address information", "no servers could be reached", "(from versions: none)"}

// real returns a path without the links that a command could follow too: links in places
// that are hidden from the command, or the command's own, stay.
func (s Seen) real(path string) string {
	const mostLinks = 40
	done, rest := "/", strings.Split(strings.TrimPrefix(path, "/"), "/")
	for links := 0; len(rest) > 0; {
		next := filepath.Join(done, rest[0])
		rest = rest[1:]
		if s.unseen(next) {
			return filepath.Join(append([]string{next}, rest...)...)
		}
		target, err := readlink(next)
		if err != nil {
			done = next
			continue
		}
		if links++; links > mostLinks {
			return filepath.Join(append([]string{next}, rest...)...)
		}
		if filepath.IsAbs(target) {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(filepath.Clean(target), "/"), "/"), rest...)
	}
	return done
}

// unseen reports whether the host's file of a name is another file than the command's.
func (s Seen) unseen(path string) bool {
	for _, own := range [...]string{"/tmp", "/run", "/dev", "/proc", "/sys"} {
		if trail.Within(path, own) && s.place(path) == own {
			return true
		}
	}
	return s.Policy.Home != "" && trail.Within(path, s.Policy.Home) || !s.Policy.DecideRead(path).Allowed
}
