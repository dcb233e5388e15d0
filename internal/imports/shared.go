package imports

import (
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

// protected reports whether a place in the workspace is a protected name, or lies in one.
func protected(p place) bool {
	if p.at != inner {
		return false
	}
	for i, part := range strings.Split(p.path, "/") {
		if trustname.IsProtected(part, i == 0) && part != ".git" { // commands may commit
			return true
		}
	}
	return strings.HasPrefix(p.path, ".git/hooks") || p.path == ".git/config"
}

// network reports on hosts that commands reach: lockstile knows the whole network alone.
func (im *importer) network(key string, hosts int) {
	if hosts == 0 {
		im.carry(key, networkKey, false)
		return
	}
	im.stricter(key, networkKey, false, "lockstile has no list of hosts: the network stays off", Text(networkKey, true))
}

// variable carries a variable that is always set. A value that looks like a secret is for
// the user to hand on.
func (im *importer) variable(key, name string, v any) {
	key += "." + name
	value, ok := v.(string)
	switch {
	case !ok:
		im.wrong(key)
	case name == "" || strings.ContainsAny(name, "=.") || hasControl(name) || strings.ContainsRune(value, 0):
		im.left(key, "no variable of that name can be set", "")
	case !(policy.Policy{Mode: policy.ModeReadOnly, Env: policy.Env{Inherit: policy.InheritAll}}).DecideEnv(name, value).Allowed:
		im.left(key, "the name or the value looks like a secret", Text(setKey+"."+name, "…"))
	default:
		im.set(setKey+"."+name, value)
		im.line(key, Carried, setKey+"."+name, "", "")
	}
}

// about are reasons for keys that have nothing to do with commands.
const (
	notSandbox = "not about the sandbox of commands"
	unknown    = "lockstile doesn't know the key"
)

// within reports whether a path is dir or lies below.
func within(p, dir string) bool {
	p, dir = path.Clean(p), path.Clean(dir)
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

// inRoots returns a function for denyWrite: whether a place lies in a root so far, or holds
// one.
func (im *importer) inRoots() func(place) bool {
	return func(p place) bool {
		for _, s := range im.Settings {
			list, _ := s.Value.([]string)
			if s.Key != rootsKey {
				continue
			}
			for _, root := range list {
				if within(p.path, root) || within(root, p.path) {
					return true
				}
			}
		}
		return strings.ContainsAny(p.path, "*?[") || strings.HasPrefix(p.path, "~") // where it lies is unknown here
	}
}
