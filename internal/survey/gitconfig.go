package survey

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/trail"
)

// mostConfig is how many bytes of a git configuration are read at most.
const mostConfig = 1 << 20

// places are the keys of git's configuration whose values name files for git to obey
// (git-config(1)), in lower case.
var places = map[string]bool{"core.hookspath": true, "core.attributesfile": true, "core.fsmonitor": true, "core.excludesfile": true, "init.templatedir": true, "include.path": true}

// configured returns the files elsewhere that a git configuration makes git obey. tree is
// the folder from which git runs hooks.
func configured(file, tree string) []string {
	f, err := openNow(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > mostConfig {
		return nil
	}
	var out []string
	section := ""
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, mostConfig)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(text, "[") {
			head, rest, _ := strings.Cut(text[1:], "]")
			name, _, _ := strings.Cut(head, " ")
			section, text = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(rest)
			if section == "includeif" {
				section = "include"
			}
		}
		key, value, ok := strings.Cut(text, "=")
		key = section + "." + strings.ToLower(strings.TrimSpace(key))
		if !ok || !places[key] {
			continue
		}
		if to := pathValue(value); to != "" {
			from := tree
			if key == "include.path" {
				from = filepath.Dir(file)
			}
			out = append(out, trail.Join(from, to))
		}
	}
	return out
}

// pathValue reads a path value: without quotes and comment, with the home folder
// expanded.
func pathValue(v string) string {
	v = strings.TrimSpace(v)
	if quoted, rest, ok := strings.Cut(strings.TrimPrefix(v, `"`), `"`); ok && strings.HasPrefix(v, `"`) {
		v = quoted + rest
	} else if i := strings.IndexAny(v, "#;"); i >= 0 {
		v = strings.TrimSpace(v[:i])
	}
	if rest, ok := strings.CutPrefix(v, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		return filepath.Join(home, rest)
	}
	switch v {
	case "", "true", "false", "yes", "no", "0", "1": // core.fsmonitor is a switch, too
		return ""
	}
	return v
}

// configurations are the user's own git configurations, valid for every repository.
func configurations() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	xdg := os.Getenv("XDG_CONFIG_HOME")
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	return []string{filepath.Join(home, ".gitconfig"), filepath.Join(xdg, "git", "config")}
}

// configuration follows what a configuration makes git obey.
func (p *pins) configuration(file, tree, dir string) error {
	for _, to := range configured(file, tree) {
		if err := p.follow(lead{to: to, folder: true, inRoot: hookNames}); err != nil {
			return err
		}
	}
	return nil
}

// hookNames are the hooks that git runs (githooks(5)).
var hookNames = []string{"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg",
	"post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update", "proc-receive", "post-receive", "post-update",
	"reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate", "fsmonitor-watchman",
	"p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit", "post-index-change"}
