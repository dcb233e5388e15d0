package tool

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

// Obstacle is a place where the sandbox seems to have stopped a command: a line of
// output, and what follows from the policy. An obstacle is a guess from text, for a model
// to act on; the record has no obstacles.
type Obstacle struct {
	Observed string // a line of output
	Inferred string // the restriction, and the path
	Allow    string // the permitting line of config.toml; "" for none
}

// String returns the obstacle on one line.
func (o Obstacle) String() string {
	s := fmt.Sprintf("Sandbox: observed %q; inferred: %s", o.Observed, o.Inferred)
	if o.Allow != "" {
		s += "; the user could allow it in config.toml: " + o.Allow
	}
	return s
}

// maxObstacles is the most obstacles in an answer.
const maxObstacles = 3

// readOnlyText and the lists below are searched as plain text: each answer's output is
// searched, and regular expressions would take longer than a start.
const readOnlyText = "Read-only file system"

var (
	networkTexts = []string{ // in lower case
		"network is unreachable", "could not resolve host", "temporary failure in name resolution", "name or service not known",
		"no address associated with hostname", "getaddrinfo eai_again", "getaddrinfo enotfound",
	}
	forbidTexts = []string{"Operation not permitted", "EPERM"}
)

// readOnlyPath finds the path in a line with readOnlyText: before or after the text,
// quoted or not, as coreutils, shells, Python and Go print the path.
var readOnlyPath = regexp.MustCompile(`(?:['"‘]([^'"’]+)['"’]|([^\s:'"]+)): Read-only file system|Read-only file system: ['"]([^'"]+)['"]`)

func holds(line string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) })
}

// obstacles finds the obstacles in a command's output; dir is the command's folder.
func obstacles(output string, p policy.Policy, dir string) []Obstacle {
	if p.Mode == policy.ModeDangerFullAccess {
		return nil
	}
	var out []Obstacle
	for line := range strings.Lines(output) {
		o, ok := obstacle(strings.TrimSpace(line), p, dir)
		if ok && !slices.ContainsFunc(out, func(x Obstacle) bool { return x.Inferred == o.Inferred }) {
			out = append(out, o)
		}
		if len(out) == maxObstacles {
			break
		}
	}
	return out
}

func obstacle(line string, p policy.Policy, dir string) (Obstacle, bool) {
	o := Obstacle{Observed: shorten(line)}
	var m []string
	if strings.Contains(line, readOnlyText) {
		m = readOnlyPath.FindStringSubmatch(line)
	}
	switch {
	case m != nil:
		path := m[1] + m[2] + m[3] // only one group matches
		full := path
		if !filepath.IsAbs(path) {
			full = filepath.Join(dir, path)
		}
		decision := p.DecideWrite(full)
		switch {
		case !decision.Allowed:
			path = full
		case full == path:
			return o, false // the policy allows writing: the file system has another reason
		default: // relative to a folder that the command changed to
			path = "./" + path
			decision = policy.Decision{Rule: "seen from where the command was"}
		}
		o.Inferred = fmt.Sprintf("%s may not be written (%s)", path, decision.Rule)
		o.Allow = allowWrite(path, p, decision)
	case !p.NetworkOpen() && holds(strings.ToLower(line), networkTexts):
		o.Inferred = "the network is off: commands have only a loopback of their own"
		if o.Allow = "[sandbox_workspace_write] network_access = true"; p.Mode == policy.ModeReadOnly {
			o.Allow = `sandbox_mode = "workspace-write" with ` + o.Allow
		}
	case holds(line, forbidTexts):
		o.Inferred = "the call is one that the sandbox forbids (privileges, mounts, namespaces, other processes), or that this user may not make at all"
	default:
		return o, false
	}
	return o, true
}

// allowWrite returns the setting that would make a path writable.
func allowWrite(path string, p policy.Policy, d policy.Decision) string {
	switch {
	case strings.HasPrefix(d.Rule, "protected name"):
		return "" // none
	case p.Mode == policy.ModeReadOnly:
		return `sandbox_mode = "workspace-write"`
	case !filepath.IsAbs(path):
		return "[sandbox_workspace_write] writable_roots"
	}
	return fmt.Sprintf("[sandbox_workspace_write] writable_roots = [%q]", filepath.Dir(path))
}
