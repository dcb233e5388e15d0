// Package config turns config.toml, a profile and command-line overrides into a
// policy.Policy, strictly: an unknown key, a wrong type or an impossible path is refused
// with file, line and the nearest key. Package config must never read configuration from
// the workspace, never start anything, and never repeat a secret in an error.
package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// Input holds everything that decides about a policy, besides the file system.
type Input struct {
	Home      string   // the product's directory; absolute; need not exist
	Profile   string   // name of a table in [profiles]; empty for none
	Overrides []string // key=value, the last value of a key counts; the value is TOML, or else a plain string
	Sandbox   string   // sandbox mode from the command line; empty for none; wins over everything
	Workspace string   // folder of the command; relative to the current folder if not absolute
	UserHome  string   // the user's home; absolute; empty without a home
	Model     string   // the model from the command line; empty for none; wins over everything
	Provider  string   // the provider from the command line, likewise

	// EarlierRoots lists the folders that commands of earlier starts could write, by the
	// product's folder: no link in such a folder may decide about a writable folder. nil:
	// none.
	EarlierRoots func(home string) []string
}

// Load returns the effective policy. Its error is a *refusal.Error with StageConfig. With
// an error, the policy is the zero value and allows nothing.
//
// Precedence, from the weakest: defaults, config.toml, the profile, -c, flags. A list
// replaces the weaker list; the names of shell_environment_policy.set are keys of their
// own.
func Load(in Input) (policy.Policy, error) {
	_, p, err := load(in, (*loaded).addFile)
	return p, err
}

// LoadSession returns the policy of Load and, from the same reading, the rest of the
// configuration, for a session with a model.
func LoadSession(in Input) (policy.Policy, Session, error) { return withSession(in, (*loaded).addFile) }

// Defaults returns the policy of Load without a config.toml.
func Defaults(in Input) (policy.Policy, error) {
	_, p, err := load(in, func(*loaded, Input) error { return nil })
	return p, err
}

// LoadText returns the policy of Load with a text in place of the config.toml that is
// there. The session of the text is checked as well.
func LoadText(in Input, text []byte) (policy.Policy, error) {
	p, _, err := withSession(in, func(l *loaded, in Input) error {
		return l.addText(in, filepath.Join(in.Home, "config.toml"), text)
	})
	return p, err
}

func withSession(in Input, addFile func(*loaded, Input) error) (policy.Policy, Session, error) {
	l, p, err := load(in, addFile)
	if err != nil {
		return policy.Policy{}, Session{}, err
	}
	s, err := buildSession(in, l)
	if err != nil {
		return policy.Policy{}, Session{}, err
	}
	return p, s, nil
}

// load makes a policy from the file, read by addFile, and from the input.
func load(in Input, addFile func(*loaded, Input) error) (*loaded, policy.Policy, error) {
	if err := checkInput(&in); err != nil {
		return nil, policy.Policy{}, err
	}
	l := &loaded{settings: settings{}, variables: map[string]bool{}}
	if err := addFile(l, in); err != nil {
		return nil, policy.Policy{}, err
	}
	if err := l.addInput(in); err != nil {
		return nil, policy.Policy{}, err
	}
	p, err := build(in, l.settings)
	if err != nil {
		return nil, policy.Policy{}, err
	}
	return l, p, nil
}

// loaded is what the layers of the configuration come to.
type loaded struct {
	settings
	variables map[string]bool // named as holders of secrets, also by a profile that is not in use
}

func checkInput(in *Input) error {
	if !filepath.IsAbs(in.Home) || hasControl(in.Home) {
		return refuse("set LOCKSTILE_HOME to an absolute path", "the product's directory %s is not an absolute path", quote(in.Home))
	}
	in.Home = canonicalOrClean(in.Home)
	if in.UserHome != "" {
		if !filepath.IsAbs(in.UserHome) || hasControl(in.UserHome) {
			return refuse("set HOME to an absolute path", "the home directory %s is not an absolute path", quote(in.UserHome))
		}
		in.UserHome = canonicalOrClean(in.UserHome)
	}
	return checkHome(*in)
}

// setting is the value of a key and its origin.
type setting struct {
	value any // string, bool, number, []string or entries, as the key's kind says; ignoredKey
	from  policy.Origin
}

// settings maps a dotted key to its value.
type settings map[string]setting

// addInput lays the overrides, and then the flags, over the settings.
func (l *loaded) addInput(in Input) error {
	for _, o := range in.Overrides {
		if err := l.addOverride(o); err != nil {
			return err
		}
	}
	for _, f := range [...]struct{ name, value, flag string }{
		{"sandbox_mode", in.Sandbox, "--sandbox"}, {modelKey, in.Model, "-m"}, {providerKey, in.Provider, "--provider"},
	} {
		if f.value == "" {
			continue
		}
		if err := l.put(f.name, f.value, policy.Origin{Note: "flag " + f.flag}); err != nil {
			return err
		}
	}
	return nil
}

// addFile reads config.toml, and lays the profile over the rest of it.
func (l *loaded) addFile(in Input) error {
	file := filepath.Join(in.Home, "config.toml")
	data, found, err := readFile(file)
	if err != nil {
		return err
	}
	if !found {
		data = nil
	}
	return l.addText(in, file, data)
}

// addText is addFile for the text of the file.
func (l *loaded) addText(in Input, file string, data []byte) error {
	doc, err := parse(file, data)
	if err != nil {
		return err
	}
	base, profiles, err := doc.flatten()
	if err != nil {
		return err
	}
	base.named(l.variables)
	for _, p := range profiles {
		p.named(l.variables)
	}
	l.lay(base)
	return l.addProfile(in, file, profiles)
}

// put checks a value against its key and stores it. The key must be known.
func (s settings) put(name string, value any, from policy.Origin) error {
	k := lookup(name)
	if k == nil {
		k = sessionKey(strings.Split(name, "."))
	}
	v, problem := k.check(value)
	if problem != "" {
		return refuse("", "%s%s %s", at(from), name, problem)
	}
	s[name] = setting{v, from}
	return nil
}

// refuse makes the only kind of error of package config. An empty hint is no hint.
func refuse(hint, format string, args ...any) error {
	return &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// at is the beginning of a message about an origin: "/x/config.toml:3: ".
func at(o policy.Origin) string {
	switch {
	case o.File != "" && o.Line > 0:
		return fmt.Sprintf("%s:%d: ", o.File, o.Line)
	case o.File != "":
		return o.File + ": "
	case o.Note != "":
		return o.Note + ": "
	}
	return ""
}

// quote shows a piece of input: escaped, shortened and without tokens.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return fmt.Sprintf("%q", redact.Text(s))
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
