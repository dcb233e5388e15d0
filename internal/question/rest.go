package question

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/policy"
)

// connect answers whether a command reaches an address, or a Unix socket by path.
func (w World) connect(target string) Answer {
	out := Answer{Decision: w.Policy.DecideConnect(target)}
	name, unix := strings.CutPrefix(target, "unix:")
	if !unix || w.Plan.Rung == plan.Unconfined {
		if host, _, _ := strings.Cut(target, ":"); !out.Allowed && out.Residual == "" && !w.Policy.NetworkByName() && strings.Trim(host, "0123456789.[") != "" {
			out.Note = "names aren't resolved either"
		}
		return out
	}
	if name == "" || strings.HasPrefix(name, "@") {
		out.Allowed, out.Residual = false, ""
		out.Rule, out.Layer, out.Fixed = "abstract sockets of the host", layerGuard, true
		out.Why = "no setting allows it; a socket of the command's own can be reached"
		return out
	}
	if !path.IsAbs(name) {
		name = path.Join(w.Policy.Workspace, name)
	}
	s, err := w.follow(name)
	if err != nil {
		return Answer{Decision: policy.Decision{Rule: err.Error(), Layer: layerRights}, Fixed: true, Why: "the path leads nowhere"}
	}
	out.Path = s.path
	if s.own() || s.hidden() {
		fixed := s.fixed(false, "the view has something else in place of "+s.mount.Path, layerPrivate, "no setting shows a socket of the host there")
		fixed.Residual = "a server that the same command started can be reached; the host's cannot"
		return fixed
	}
	return out
}

// Variable returns NAME=value for the name of a variable of the caller.
func (w World) Variable(target string) string {
	if strings.Contains(target, "=") {
		return target
	}
	value, _ := valueOf(w.Env, target)
	return target + "=" + value
}

// env answers whether a variable of the caller reaches the command. The target is a name.
func (w World) env(target string) Answer {
	name, value, given := strings.Cut(target, "=")
	if !given {
		value, given = valueOf(w.Env, name)
	}
	out := Answer{Decision: w.Policy.DecideEnv(name, value)}
	now, set := valueOf(w.Given, name)
	switch {
	case set && !out.Allowed, set && now != value && !strings.HasPrefix(out.Rule, "shell_environment_policy.set"):
		out.Note = fmt.Sprintf("lockstile sets the variable itself: %s=%s", name, now)
	case strings.Contains(out.Rule, ": default exclude"):
		out.Note = "ignore_default_excludes hands on every variable that looks like a secret"
	case !given && out.Allowed && !set:
		out.Note = "the variable isn't set now"
	}
	return out
}

func valueOf(environ []string, name string) (value string, found bool) {
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value, found = v, true // of a name given twice the last one counts
		}
	}
	return value, found
}

// File returns the file that a command line starts: the first path that the view has, as a
// file with an execution bit. why says why none is.
func (w World) File(paths []string) (file, why string) {
	for _, p := range paths {
		s, err := w.follow(p)
		if w.Plan.Rung == plan.Unconfined {
			s, err = spot{path: p, on: p, there: onHost(p)}, nil
		}
		if err != nil || !s.there || s.on == "" || isFolder(s.on) {
			continue
		}
		if a := w.read(s); w.Plan.Rung != plan.Unconfined && !a.Allowed {
			why = s.path + " may not be read: " + a.Rule
			continue
		}
		if info, err := os.Stat(s.on); err != nil || info.Mode()&0o111 == 0 {
			why = s.path + " has no execution bit"
			continue
		}
		return s.path, ""
	}
	if why == "" && len(paths) > 0 {
		if why = "no such file: " + paths[0]; len(paths) > 1 {
			why = "no folder of PATH has " + path.Base(paths[0])
		}
	}
	return "", why
}
