package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/nearest"
	"github.com/lockstile/lockstile/policy"
)

// kind is the type of a key's value.
type kind uint8

const (
	kindBool kind = iota
	kindString
	kindList
	kindStringTable // any names, string values
	kindLimit       // a whole number of something; 0 is the default
	kindCount       // a whole number of sessions
	kindAuto        // true, false or "auto"
)

// key describes a key of the configuration. To add a key: a row in keys, its use in
// build, and its row in docs/config.md.
type key struct {
	name    string
	kind    kind
	def     any
	choices []string // the values allowed to a kindString
}

const (
	writableRootsKey = "sandbox_workspace_write.writable_roots"
	createKey        = "sandbox_workspace_write.create"
	denyReadKey      = "filesystem.deny_read"
	allowReadKey     = "filesystem.allow_read"
	gitKey           = "git.commit"
	cachesKey        = "caches.mode"
	trustKey         = "trust.writable"
	allowKey         = "network.allow"
	denyKey          = "network.deny"
	privateKey       = "network.private"
	publishKey       = "network.publish"
	socketsKey       = "network.unix_sockets"
	dangerSocketsKey = "network.dangerous_unix_sockets"
	namespacesKey    = "linux.without_namespaces"
)

const setKey = "shell_environment_policy.set"

// keys lists every key, in the order of `lockstile config`. The table is data without
// maps or calls, and costs nothing at start.
var keys = [...]key{
	{"sandbox_mode", kindString, "workspace-write", []string{"read-only", "workspace-write", "danger-full-access"}},
	{"approval_policy", kindString, "on-request", []string{"untrusted", "on-request", "never"}},
	{"sandbox_workspace_write.network_access", kindBool, false, nil},
	{writableRootsKey, kindList, []string(nil), nil},
	{createKey, kindBool, false, nil},
	{dangerousKey, kindList, []string(nil), nil},
	{"sandbox_workspace_write.exclude_tmpdir_env_var", kindBool, false, nil},
	{"sandbox_workspace_write.exclude_slash_tmp", kindBool, false, nil},
	{trustKey, kindList, []string(nil), nil},
	{gitKey, kindAuto, autoValue, nil},
	{cachesKey, kindString, "private", []string{"private", "off"}},
	{"caches.max_mb", kindLimit, int64(0), nil},
	{denyReadKey, kindList, []string(nil), nil},
	{allowReadKey, kindList, []string(nil), nil},
	{allowKey, kindList, []string(nil), nil},
	{denyKey, kindList, []string(nil), nil},
	{privateKey, kindList, []string(nil), nil},
	{publishKey, kindList, []string(nil), nil},
	{socketsKey, kindList, []string(nil), nil},
	{dangerSocketsKey, kindList, []string(nil), nil},
	{namespacesKey, kindString, "", []string{policy.ContainerIsTheBoundary}},
	{"windows.sandbox", kindString, "elevated", []string{"elevated", "unelevated"}},
	{"features.unified_exec", kindBool, true, nil},
	{"shell_environment_policy.inherit", kindString, "all", []string{"all", "core", "none"}},
	{"shell_environment_policy.ignore_default_excludes", kindBool, false, nil},
	{"shell_environment_policy.exclude", kindList, []string(nil), nil},
	{"shell_environment_policy.include_only", kindList, []string(nil), nil},
	{setKey, kindStringTable, nil, nil},
	{"terminal.dangerous_escapes", kindBool, false, nil},
	{"limits.processes", kindLimit, int64(0), nil},
	{"limits.memory_mb", kindLimit, int64(0), nil},
	{"limits.file_size_mb", kindLimit, int64(0), nil},
	{"limits.open_files", kindLimit, int64(0), nil},
	{"limits.cpu_seconds", kindLimit, int64(0), nil},
	{"limits.wall_seconds", kindLimit, int64(0), nil},
	{"sessions.max", kindCount, int64(64), nil},
}

// autoValue is a kindAuto's choice by the machine.
const autoValue = "auto"

// The range of a kindCount. The eight newest sessions are never ended to make room, and
// each session needs a process or two.
const leastCount, mostCount = 9, 4096

// mostLimit is the greatest kindLimit.
const mostLimit = 1 << 30

// leastLimit returns the least limit, besides 0, with which a command can start.
func leastLimit(name string) int64 {
	switch name {
	case "limits.processes":
		return 301 // 300 pids that the kernel keeps for itself, and the command's (pid_max_min)
	case "limits.open_files":
		return 16
	case "limits.memory_mb":
		return 16
	}
	return 1
}

// lookup returns the key with the name, or nil. A name below the set table is a key of
// its own.
func lookup(name string) *key {
	for i := range keys {
		if keys[i].name == name {
			return &keys[i]
		}
	}
	if strings.HasPrefix(name, setKey+".") {
		return &key{name: name, kind: kindString}
	}
	return nil
}

// isTable reports whether any key lies below the name.
func isTable(name string) bool {
	return name == setKey || slices.ContainsFunc(keys[:], func(k key) bool { return strings.HasPrefix(k.name, name+".") })
}

// check converts a decoded value to the key's type, or returns the problem.
func (k *key) check(value any) (converted any, problem string) {
	switch k.kind {
	case kindBool:
		if b, ok := value.(bool); ok {
			return b, ""
		}
		return nil, "must be true or false, not " + describe(value)
	case kindAuto:
		if _, ok := value.(bool); ok || value == autoValue {
			return value, ""
		}
		return nil, `must be true, false or "auto", not ` + describe(value)
	case kindString:
		s, ok := value.(string)
		if !ok {
			return nil, "must be a string, not " + describe(value)
		}
		return s, k.checkString(s)
	case kindList:
		return checkList(value)
	case kindLimit:
		n, ok := value.(int64)
		least := leastLimit(k.name)
		if !ok || n != 0 && n < least || n > mostLimit {
			return nil, fmt.Sprintf("must be 0 for the default, or a whole number from %d to %d", least, mostLimit)
		}
		return n, ""
	case kindCount:
		n, ok := value.(int64)
		if !ok || n < leastCount || n > mostCount {
			return nil, fmt.Sprintf("must be a whole number from %d to %d", leastCount, mostCount)
		}
		return n, ""
	}
	if k.kind >= kindText {
		return k.checkSession(value)
	}
	return nil, "must be a table of names and strings, not " + describe(value)
}

func (k *key) checkString(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		return "holds a NUL"
	}
	if k.choices == nil || s == k.def || slices.Contains(k.choices, s) {
		return ""
	}
	return fmt.Sprintf("= %s is not one of %s; the nearest is %q", quote(s), strings.Join(k.choices, ", "), nearest.Of(s, k.choices))
}

func checkList(value any) (any, string) {
	items, ok := value.([]any)
	if !ok {
		return nil, "must be a list of strings, not " + describe(value)
	}
	list := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil, fmt.Sprintf("must hold strings only, but item %d is %s", i+1, describe(item))
		}
		if s == "" || hasControl(s) {
			return nil, fmt.Sprintf("item %d is empty or holds a control character", i+1)
		}
		list = append(list, s)
	}
	return list, ""
}

// describe names a TOML type. describe never repeats the value, as the value may be a
// secret.
func describe(value any) string {
	switch value.(type) {
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}
