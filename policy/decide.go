package policy

import (
	"fmt"
	"net/netip"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/netrules"
	"github.com/lockstile/lockstile/internal/trustname"
)

// Access is a kind of use, such as reading, about which a policy decides.
type Access string

// The kinds of access.
const (
	AccessRead    Access = "read"
	AccessWrite   Access = "write"
	AccessConnect Access = "connect"
	AccessEnv     Access = "env"
)

// Decision is the policy's answer to one question. The zero value denies.
type Decision struct {
	Allowed  bool   `json:"allowed"`
	Rule     string `json:"rule"`               // the deciding rule, in words of the configuration
	From     Origin `json:"from"`               // the place of the rule in the configuration
	Layer    string `json:"layer"`              // the layer that enforces the decision on Linux at full strength
	Residual string `json:"residual,omitempty"` // a limit of the answer
}

// The layers, named as in the records.
const (
	layerNone    = "none"
	layerView    = "mount (read-only view) + landlock"
	layerMask    = "mount (empty mask over the path)"
	layerPrivate = "mount (private to the workspace)"
	layerPin     = "mount (protected name) + landlock"
	layerServers = "lockstile-net, by the rules"
	layerNet     = "network namespace + seccomp"
	layerEnv     = "environment built by the gate"
)

// Decide answers by the kind of access. For AccessEnv the target is NAME or
// NAME=value.
func (p Policy) Decide(a Access, target string) Decision {
	switch a {
	case AccessRead:
		return p.DecideRead(target)
	case AccessWrite:
		return p.DecideWrite(target)
	case AccessConnect:
		return p.DecideConnect(target)
	case AccessEnv:
		name, value, _ := strings.Cut(target, "=")
		return p.DecideEnv(name, value)
	}
	return Decision{Rule: fmt.Sprintf("unknown kind of access %q", string(a)), Layer: layerNone}
}

// Origin returns where the effective value of a key was set.
func (p Policy) Origin(key string) Origin {
	for i := range p.Values {
		if p.Values[i].Key == key {
			return p.Values[i].From
		}
	}
	return Origin{Note: "default"}
}

// unrestricted answers in the modes without questions: unset and danger-full-access.
func (p Policy) unrestricted() (Decision, bool) {
	from := p.Origin("sandbox_mode")
	switch p.Mode {
	case ModeReadOnly, ModeWorkspaceWrite:
		return Decision{}, false
	case ModeDangerFullAccess:
		return Decision{Allowed: true, Rule: `sandbox_mode = "danger-full-access"`, From: from, Layer: layerNone,
			Residual: "nothing is restricted by lockstile; the user's own rights decide"}, true
	}
	return Decision{Rule: "sandbox_mode is unset", From: from, Layer: layerNone}, true
}

// DecideRead reports whether the content of a path may be read. The path must be absolute
// and free of links: package policy asks no file system.
func (p Policy) DecideRead(target string) Decision {
	if d, done := p.unrestricted(); done {
		return d
	}
	clean, ok := absolute(target)
	if !ok {
		return notAbsolute()
	}
	best := p.readRule(clean)
	if best == nil {
		return Decision{Allowed: true, Rule: "whatever no rule denies may be read", From: Origin{Note: "default"}, Layer: layerView}
	}
	d := Decision{Allowed: best.Allow, From: best.From, Layer: layerView}
	switch {
	case best.Allow:
		d.Rule = fmt.Sprintf("filesystem.allow_read %q", best.Pattern)
	case best.From.Note == "default":
		d.Rule, d.Layer = fmt.Sprintf("default credential store %q", best.Pattern), layerMask
	default:
		d.Rule, d.Layer = fmt.Sprintf("filesystem.deny_read %q", best.Pattern), layerMask
	}
	return d
}

// readRule returns the most specific rule for a clean absolute path, nil when
// none covers it.
func (p Policy) readRule(clean string) *ReadRule {
	var best *ReadRule
	clean = sameCase(clean)
	for i := range p.Read {
		r := &p.Read[i]
		if r.Allow && !isAbs(r.Pattern) {
			continue // a malformed allowance opens nothing
		}
		if pattern := sameCase(r.Pattern); !glob.MayCover(pattern, clean) || !glob.Covers(pattern, clean) {
			continue
		}
		if best == nil || moreSpecific(r, best) {
			best = r
		}
	}
	return best
}

// moreSpecific orders rules that cover the same path: the longer literal beginning, then
// an exact path over a glob, then the longer pattern, then deny over allow. Between
// equals the earlier rule stays.
func moreSpecific(a, b *ReadRule) bool {
	if la, lb := len(glob.Literal(a.Pattern)), len(glob.Literal(b.Pattern)); la != lb {
		return la > lb
	}
	if ga, gb := glob.IsPattern(a.Pattern), glob.IsPattern(b.Pattern); ga != gb {
		return !ga
	}
	if len(a.Pattern) != len(b.Pattern) {
		return len(a.Pattern) > len(b.Pattern)
	}
	return !a.Allow && b.Allow
}

// DecideWrite reports whether a path may be created, changed, renamed or removed. The
// path must be absolute and free of links.
func (p Policy) DecideWrite(target string) Decision {
	if d, done := p.unrestricted(); done {
		return d
	}
	clean, ok := absolute(target)
	if !ok {
		return notAbsolute()
	}
	if d := p.DecideRead(clean); !d.Allowed {
		d.Rule += " (what may not be read may not be written)"
		return d
	}
	if within(clean, "/dev") {
		return p.decideDevice(clean)
	}
	if p.Mode == ModeReadOnly {
		return Decision{Rule: `sandbox_mode = "read-only"`, From: p.Origin("sandbox_mode"), Layer: layerView}
	}
	if d, inRoot := p.decideRoots(clean); inRoot {
		return d
	}
	if !p.ExcludeSlashTmp && within(clean, "/tmp") {
		return Decision{Allowed: true, Rule: "sandbox_workspace_write.exclude_slash_tmp = false", From: p.Origin("sandbox_workspace_write.exclude_slash_tmp"),
			Layer: layerPrivate, Residual: "the file is seen by commands of this workspace alone, not by the host"}
	}
	if within(clean, "/run") {
		return Decision{Allowed: true, Rule: "private /run", From: Origin{Note: "default"}, Layer: layerPrivate, Residual: "gone when the command ends"}
	}
	return Decision{Rule: "outside the workspace and every writable root", From: p.Origin("sandbox_mode"), Layer: layerView}
}

// decideRoots answers for paths at or below a writable root. A path in one root is denied
// when any root protects the path.
func (p Policy) decideRoots(clean string) (Decision, bool) {
	var best *Root
	roots := p.Roots()
	for i := range roots {
		r := &roots[i]
		if !within(clean, r.Path) {
			continue
		}
		if name, ok := p.protectedBelow(clean, r.Path); ok {
			return Decision{Rule: fmt.Sprintf("protected name %q below %q", name, r.Path), From: Origin{Note: "default"}, Layer: layerPin}, true
		}
		if best == nil || len(r.Path) > len(best.Path) {
			best = r
		}
	}
	if best == nil {
		return Decision{}, false
	}
	rule := fmt.Sprintf("writable root %q", best.Path)
	if best.Path == p.Workspace {
		rule = fmt.Sprintf("workspace %q", best.Path)
	}
	return Decision{Allowed: true, Rule: rule, From: best.From, Layer: layerView}, true
}

// Roots returns the writable roots, the workspace first, or none in a mode without
// writable roots.
func (p Policy) Roots() []Root {
	if p.Mode != ModeWorkspaceWrite {
		return nil
	}
	roots := make([]Root, 0, 1+len(p.WritableRoots))
	if p.Workspace != "" {
		roots = append(roots, Root{Path: p.Workspace, From: p.Origin("sandbox_mode")})
	}
	return append(roots, p.WritableRoots...)
}

// protectedBelow returns the first protected component of clean below root.
func (p Policy) protectedBelow(clean, root string) (string, bool) {
	clean, root = sameCase(clean), sameCase(root)
	rel := strings.TrimPrefix(clean[len(root):], "/")
	for i, name := range strings.Split(rel, "/") {
		if name != "" && p.Protects(name, i == 0) {
			return name, true
		}
	}
	return "", false
}

// Protects reports whether name, a path component, is a protected name that the user has
// not given up. atRoot says that the name lies directly below a writable root.
func (p Policy) Protects(name string, atRoot bool) bool {
	return trustname.Protects(name, atRoot, p.TrustWritable)
}

// decideDevice answers for /dev. The command has a small /dev of its own.
func (p Policy) decideDevice(clean string) Decision {
	from := Origin{Note: "default"}
	switch clean {
	case "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx",
		"/dev/stdin", "/dev/stdout", "/dev/stderr":
		return Decision{Allowed: true, Rule: "device of the private /dev", From: from, Layer: layerPrivate}
	}
	if within(clean, "/dev/pts") || within(clean, "/dev/fd") {
		return Decision{Allowed: true, Rule: "own terminals and descriptors in the private /dev", From: from, Layer: layerPrivate}
	}
	if within(clean, "/dev/shm") && p.Mode == ModeWorkspaceWrite {
		return Decision{Allowed: true, Rule: "private /dev/shm", From: from, Layer: layerPrivate, Residual: "gone when the command ends"}
	}
	return Decision{Rule: "not a device of the private /dev", From: from, Layer: layerPrivate}
}

// DecideConnect reports whether the command can reach an address of the host or beyond.
// The target is HOST:PORT, or unix:PATH for a socket by path.
func (p Policy) DecideConnect(target string) Decision {
	if d, done := p.unrestricted(); done {
		return d
	}
	from := p.Origin("sandbox_workspace_write.network_access")
	unix := strings.HasPrefix(target, "unix:")
	if !unix && !validHostPort(target) {
		return Decision{Rule: fmt.Sprintf("%q is not HOST:PORT", target), Layer: layerNet}
	}
	if path, ok := strings.CutPrefix(target, "unix:"); ok && slices.Contains(p.Network.Sockets, path) {
		return Decision{Allowed: true, Rule: "network.unix_sockets", From: p.Origin("network.unix_sockets"), Layer: layerNone}
	}
	if p.NetworkOpen() {
		return Decision{Allowed: true, Rule: "sandbox_workspace_write.network_access = true", From: from, Layer: layerNone}
	}
	if !unix && p.NetworkByName() {
		return p.decideServer(target)
	}
	d := Decision{Rule: "sandbox_workspace_write.network_access = false", From: from, Layer: layerNet}
	if p.Mode == ModeReadOnly && p.NetworkAccess {
		d.Rule, d.From = `sandbox_mode = "read-only" has no network`, p.Origin("sandbox_mode")
	}
	if unix || isLoopback(target) {
		d.Residual = "a server that the same command started can be reached; the host's cannot"
	}
	return d
}

// decideServer answers by the rules of Network. Where a name leads is decided when it is
// dialled.
func (p Policy) decideServer(target string) Decision {
	text, portText, _ := splitHostPort(target)
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return Decision{Rule: fmt.Sprintf("%q is not HOST:PORT", target), Layer: layerNet}
	}
	host, err := netrules.ParseHost(text)
	if err != nil {
		return Decision{Rule: err.Error(), Layer: layerNet}
	}
	rules, err := netrules.ParseAll(p.Network.Allow, p.Network.Deny, p.Network.Private)
	if err != nil {
		return Decision{Rule: err.Error(), Layer: layerNet}
	}
	says := rules.Decide(host, uint16(port))
	d := Decision{Allowed: says.Allowed, Rule: "no rule of [network]", From: p.Origin("network.allow"), Layer: layerServers}
	if says.Rule != "" {
		key := "network.deny"
		if says.Allowed {
			if key = "network.allow"; !slices.Contains(p.Network.Allow, says.Rule) {
				key = "network.private"
			}
		}
		d.Rule, d.From = fmt.Sprintf("%s %q", key, says.Rule), p.Origin(key)
	}
	if says.Allowed && host.Name() != "" {
		d.Residual = "the name may lead only to public addresses, or to private ones by network.private; on port 443 the client must ask for the name by TLS"
	}
	if !says.Allowed && isLoopback(target) {
		d.Residual = "a server that the same command started can be reached; the host's cannot"
	}
	return d
}

// NetworkOpen reports whether the command may use the host's network. As the
// key's table says, network_access applies to workspace-write only.
func (p Policy) NetworkOpen() bool {
	return p.Mode == ModeDangerFullAccess || p.Mode == ModeWorkspaceWrite && p.NetworkAccess || p.Mode == ModeReadOnly && p.ReadOnlyNetwork
}

// NetworkByName reports whether the command may reach servers by the rules of Network, and
// nothing else.
func (p Policy) NetworkByName() bool {
	return (p.Mode == ModeReadOnly || p.Mode == ModeWorkspaceWrite) && !p.NetworkOpen() && len(p.Network.Allow)+len(p.Network.Private) > 0
}

// splitHostPort takes HOST:PORT and [HOST]:PORT. net.SplitHostPort would do the same, but
// linking package net slows the start of a program.
func splitHostPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", "", false
	}
	host, port = s[:i], s[i+1:]
	if inner, bracket := strings.CutPrefix(host, "["); bracket {
		host, ok = strings.CutSuffix(inner, "]")
		return host, port, ok
	}
	return host, port, !strings.ContainsAny(host, ":[]")
}

func validHostPort(s string) bool {
	host, port, ok := splitHostPort(s)
	if !ok || host == "" || strings.ContainsAny(host, " \x00/\n[]") {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n <= 65535
}

func isLoopback(hostport string) bool {
	host, _, _ := splitHostPort(hostport)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// DecideEnv reports whether a variable of the caller, with the given value, reaches the
// command.
func (p Policy) DecideEnv(name, value string) Decision {
	if p.Mode == ModeUnset {
		d, _ := p.unrestricted()
		return d
	}
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return Decision{Rule: fmt.Sprintf("%q is not the name of a variable", name), Layer: layerEnv}
	}
	for set := range p.Env.Set {
		if envKey(set) == envKey(name) {
			return Decision{Allowed: true, Rule: "shell_environment_policy.set", From: p.Origin("shell_environment_policy.set"), Layer: layerEnv}
		}
	}
	ok, rule := p.Env.inherits(name, value)
	d := Decision{Allowed: ok, Rule: "shell_environment_policy: " + rule, From: p.originOf(rule), Layer: layerEnv}
	if ok && !p.Env.HandOnSecrets {
		d.Residual = "a secret of unknown shape under a harmless name passes"
	}
	return d
}

// originOf returns the origin of a rule about variables.
func (p Policy) originOf(rule string) Origin {
	key, _, _ := strings.Cut(rule, " ")
	switch key {
	case "default":
		return p.Origin("shell_environment_policy.ignore_default_excludes")
	case "exclude", "include_only":
		return p.Origin("shell_environment_policy." + key)
	}
	return p.Env.From
}

func notAbsolute() Decision { return Decision{Rule: "not an absolute path", Layer: layerNone} }

// absolute cleans a path, with slashes, and reports whether it was absolute
// and free of NUL.
func absolute(p string) (string, bool) {
	if !filepath.IsAbs(p) || strings.IndexByte(p, 0) >= 0 {
		return "", false
	}
	return path.Clean(filepath.ToSlash(p)), true
}

func isAbs(pattern string) bool { return filepath.IsAbs(filepath.FromSlash(pattern)) }

// within reports whether clean is root or lies below root, by components: /w/proj-evil is
// not within /w/proj.
func within(clean, root string) bool {
	clean, root = sameCase(clean), sameCase(root)
	if root == "" || !strings.HasPrefix(clean, root) {
		return false
	}
	return len(clean) == len(root) || strings.HasSuffix(root, "/") || clean[len(root)] == '/'
}

// sameCase returns the form of a path for comparison: unchanged, or in lower case on
// systems with file systems that usually fold case.
func sameCase(p string) string {
	switch runtime.GOOS {
	case "windows", "darwin":
		return trustname.Fold(filepath.ToSlash(p))
	}
	return p
}
