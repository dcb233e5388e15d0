package lockstile

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// Bounds of the look at the home folder.
const (
	mostSecrets     = 10   // names in the finding
	mostHomeEntries = 8192 // that are looked at
)

// secretFiles are names of files with keys, besides the names that no variable may have.
var secretFiles = []string{
	"id_*", "*.pem", "*.key", "*.kdbx", "*.kdb", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.ovpn", ".env", ".env.*", "*.env",
}

// publicFiles are endings of files that hold no secret, whatever the name says.
var publicFiles = []string{".pub", ".md", ".html", ".png", ".svg", ".jpg", ".so", ".h", ".go", ".js", ".ts", ".py", ".rs"}

// doctorSecrets names files of the home folder that look like secrets by their names, and
// that commands may read. Nothing is opened.
func doctorSecrets(own ownHome, p policy.Policy) []Finding {
	userHome := host.UserHome()
	if userHome == "" {
		return nil
	}
	found := secretsIn(userHome, complete(p, own, userHome))
	if len(found) == 0 {
		return nil
	}
	named, rest := found[:min(len(found), mostSecrets)], ""
	if n := len(found) - len(named); n > 0 {
		rest = fmt.Sprintf(" and %d more", n)
	}
	return []Finding{{Name: "secrets in the home folder", OK: true,
		Found: "commands can read " + strings.Join(named, ", ") + rest + ", which look like secrets by their names",
		Mend:  "in config.toml: " + denyRead(p, named)}}
}

// secretsIn lists the files of a home that look like secrets, each as ~/NAME: in the home,
// in its folders with a dot, and in the folders of ~/.config.
func secretsIn(home string, p policy.Policy) (out []string) {
	left := mostHomeEntries
	var look func(rel string, deep int)
	look = func(rel string, deep int) {
		entries, _ := os.ReadDir(filepath.Join(home, rel)) // what the user can't read, a command can't either
		for _, e := range entries {
			if left--; left < 0 {
				return
			}
			name := path.Join(rel, e.Name())
			if !p.DecideRead(filepath.Join(home, name)).Allowed {
				continue
			}
			switch {
			case e.IsDir() && (rel != "" || e.Name()[0] == '.') && deep > 0:
				if name == ".config" {
					look(name, 1)
				} else {
					look(name, deep-1)
				}
			case !e.IsDir() && looksSecret(e.Name()):
				out = append(out, "~/"+name)
			}
		}
	}
	look("", 1)
	slices.Sort(out)
	return out
}

// looksSecret reports whether a file's name is that of a key, or would be that of a secret
// variable.
func looksSecret(name string) bool {
	low := strings.ToLower(name)
	if ok, _ := path.Match("key[bm]*", low); ok || slices.Contains(publicFiles, path.Ext(low)) { // keyboard, keybindings, keymap
		return false
	}
	for _, pattern := range secretFiles {
		if ok, _ := path.Match(pattern, low); ok {
			return true
		}
	}
	secret := policy.Policy{Mode: policy.ModeReadOnly, Env: policy.Env{Inherit: policy.InheritAll}}
	for _, n := range []string{low, strings.TrimSuffix(low, path.Ext(low))} {
		n = strings.Trim(strings.NewReplacer("-", "_", ".", "_").Replace(n), "_")
		if n != "" && !secret.DecideEnv(n, "").Allowed {
			return true
		}
	}
	return false
}

// denyRead returns the line that hides more paths. The paths are taken as patterns.
func denyRead(p policy.Policy, more []string) string {
	var all []string
	for _, v := range p.Values {
		if v.Key == "filesystem.deny_read" {
			all, _ = v.Value.([]string)
		}
	}
	quoted := make([]string, 0, len(all)+len(more))
	for _, item := range all {
		quoted = append(quoted, fmt.Sprintf("%q", item))
	}
	for _, item := range more {
		quoted = append(quoted, fmt.Sprintf("%q", escaped.Replace(item)))
	}
	return "filesystem.deny_read = [" + strings.Join(quoted, ", ") + "]"
}

// escaped quotes what a pattern would not take as the character.
var escaped = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
