package policy

import (
	"runtime"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/redact"
)

// defaultExcludes are the names that are not handed on unless HandOnSecrets is set: the
// names that other agents exclude (KEY, SECRET, TOKEN), other words for a secret, and
// handles to agents and sessions of the user, since the holder of a handle acts as the
// user.
var defaultExcludes = [...]string{
	"*KEY*", "*SECRET*", "*TOKEN*",
	"*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*CREDENTIAL*", "*_PASS", "*_PWD", "*_PAT",
	"PASS", "PW", "*_PW", "*_PW_*", "*PASSCODE*", "*_PASS_*", "*CREDS*", "*_CRED", "*_CRED_*", "*MNEMONIC*", "*PRIVATE*", "*_SAS", "*_SAS_*",
	"*CONN_STR*", "*CONNECTIONSTRING*", "*_OTP", "*_PIN", "*_HMAC*", "*SIGNING*", "*ENCRYPT*",
	"*_AUTH", "*_AUTH_*", "*COOKIE*", "*BEARER*", "*JWT*", "*WEBHOOK*",
	"*DATABASE_URL*", "*CONNECTION_STRING*", "*_DSN", "AWS_*",
	"SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "KRB5CCNAME", "NETRC",
	"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS",
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "ICEAUTHORITY", "SESSION_MANAGER",
	"TMUX", "TMUX_PANE", "STY", "VSCODE_IPC_HOOK*", "VSCODE_GIT_*",
}

// defaultKept are names without a secret that a default exclude would match.
var defaultKept = [...]string{
	"KEYBOARD*", "KEYMAP", "KEYTIMEOUT", "TOKENIZERS_PARALLELISM", "*MAX_TOKENS*",
	"GOPRIVATE", "*_PINNED*",
	"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_OUTPUT", "AWS_PAGER",
}

// coreNames are the variables of inherit = "core": codex's list, and on Windows the
// variables without which programs don't start.
var coreNames = [...]string{"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"}

var coreNamesWindows = [...]string{
	"PATHEXT", "COMSPEC", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "USERDOMAIN", "USERPROFILE", "HOMEDRIVE", "HOMEPATH",
	"PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PROGRAMDATA", "LOCALAPPDATA", "APPDATA",
	"NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "OS",
}

// Apply makes a command's environment from the caller's. Both have the form NAME=value.
// Entries without a name, without a value part or with a NUL are dropped; of a name given
// twice the last one counts. kept is sorted by name; removed holds the sorted names of
// the caller that the command does not get. The order of work: inherit, default excludes
// by name and by the value's shape, exclude, include_only, set.
func (e Env) Apply(environ []string) (kept, removed []string) {
	type variable struct{ name, value string }
	vars := make(map[string]variable, len(environ)+len(e.Set))
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if ok && name != "" && strings.IndexByte(entry, 0) < 0 {
			vars[envKey(name)] = variable{name, value}
		}
	}
	for key, v := range vars {
		if ok, _ := e.inherits(v.name, v.value); !ok {
			removed = append(removed, v.name)
			delete(vars, key)
		}
	}
	for name, value := range e.Set {
		vars[envKey(name)] = variable{name, value}
		removed = slices.DeleteFunc(removed, func(r string) bool { return envKey(r) == envKey(name) })
	}
	kept = make([]string, 0, len(vars))
	for _, v := range vars {
		kept = append(kept, v.name+"="+v.value)
	}
	slices.Sort(kept)
	slices.Sort(removed)
	return kept, removed
}

// inherits reports whether a variable of the caller is handed on, and the deciding rule.
func (e Env) inherits(name, value string) (bool, string) {
	switch {
	case e.Inherit == InheritAll, e.Inherit == InheritUnset:
	case e.Inherit == InheritCore && isCore(name):
	case e.Inherit == InheritCore:
		return false, `inherit = "core"`
	default:
		return false, `inherit = "none"`
	}
	if !e.HandOnSecrets {
		if glob, ok := matchAny(defaultExcludes[:], name); ok {
			if _, keep := matchAny(defaultKept[:], name); !keep {
				return false, `default exclude "` + glob + `"`
			}
		}
		if redact.LooksSecret(value) {
			return false, "default exclude of values that look like a secret"
		}
	}
	if glob, ok := matchAny(e.Exclude, name); ok {
		return false, `exclude "` + glob + `"`
	}
	if len(e.IncludeOnly) > 0 {
		glob, ok := matchAny(e.IncludeOnly, name)
		if !ok {
			return false, "include_only does not name it"
		}
		return true, `include_only "` + glob + `"`
	}
	if e.Inherit == InheritCore {
		return true, `inherit = "core"`
	}
	return true, `inherit = "all"`
}

func isCore(name string) bool {
	if slices.Contains(coreNames[:], envKey(name)) {
		return true
	}
	return runtime.GOOS == "windows" && slices.Contains(coreNamesWindows[:], envKey(name))
}

// matchAny returns the first of globs that matches name, in any case.
func matchAny(globs []string, name string) (string, bool) {
	if len(globs) == 0 {
		return "", false
	}
	name = strings.ToUpper(name)
	for _, g := range globs {
		if glob.MatchName(strings.ToUpper(g), name) {
			return g, true
		}
	}
	return "", false
}

// envKey returns the identity of a variable: its name, on Windows in any case.
func envKey(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
