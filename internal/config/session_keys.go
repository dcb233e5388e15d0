package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

// The kinds of the keys of a session with a model, beside those of a policy.
const (
	kindText    kind = iota + 100 // a string without control characters
	kindAddress                   // of a provider: https://…, or http://…, up to /v1
	kindURL                       // of an MCP server, which may have a query
	kindVar                       // the name of a variable with a secret
	kindWords                     // strings of any sort
	kindSecrets                   // names and values that are never shown
	kindVars                      // names, and the names of variables with secrets
	kindTokens                    // a whole number of tokens
	kindRetries                   // a whole number of tries
	kindMillis                    // a time
	kindSeconds                   // a time, whole or not
	kindWire                      // the API of a provider
	kindFree                      // the sandbox of an MCP server
)

const (
	modelKey      = "model"
	providerKey   = "model_provider"
	openaiKey     = "openai_base_url"
	providersKey  = "model_providers"
	serversKey    = "mcp_servers"
	defaultBase   = "https://api.openai.com/v1"
	defaultEnvKey = "OPENAI_API_KEY"
)

// sessionKeys lists the keys that only a session with a model reads. A star stands for the
// name that the user gives. The order is the order of `lockstile config`.
var sessionKeys = [...]key{
	{modelKey, kindText, "", nil},
	{providerKey, kindText, "openai", nil},
	{"model_context_window", kindTokens, int64(0), nil},
	{"model_reasoning_effort", kindString, "", []string{"none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"}},
	{openaiKey, kindAddress, defaultBase, nil},
	{"tui.notifications", kindBool, true, nil},
	{"model_providers.*.name", kindText, "", nil},
	{"model_providers.*.base_url", kindAddress, "", nil},
	{"model_providers.*.env_key", kindVar, "", nil},
	{"model_providers.*.http_headers", kindSecrets, nil, nil},
	{"model_providers.*.env_http_headers", kindVars, nil, nil},
	{"model_providers.*.query_params", kindSecrets, nil, nil},
	{"model_providers.*.request_max_retries", kindRetries, int64(4), nil},
	{"model_providers.*.stream_max_retries", kindRetries, int64(4), nil},
	{"model_providers.*.stream_idle_timeout_ms", kindMillis, int64(300_000), nil},
	{"model_providers.*.wire_api", kindWire, "responses", nil},
	{"mcp_servers.*.command", kindText, "", nil},
	{"mcp_servers.*.args", kindWords, []string(nil), nil},
	{"mcp_servers.*.env", kindSecrets, nil, nil},
	{"mcp_servers.*.cwd", kindText, "", nil},
	{"mcp_servers.*.url", kindURL, "", nil},
	{"mcp_servers.*.bearer_token_env_var", kindVar, "", nil},
	{"mcp_servers.*.enabled", kindBool, true, nil},
	{"mcp_servers.*.startup_timeout_sec", kindSeconds, 10.0, nil},
	{"mcp_servers.*.tool_timeout_sec", kindSeconds, 60.0, nil},
	{"mcp_servers.*.enabled_tools", kindList, []string(nil), nil},
	{"mcp_servers.*.disabled_tools", kindList, []string(nil), nil},
	{"mcp_servers.*.sandbox", kindFree, "", nil},
}

// entries is the value of a table with free names.
type entries map[string]entry

type entry struct {
	value string // a secret, or the name of a variable with one
	from  policy.Origin
}

// sessionKey returns the key of a session at a path, or nil.
func sessionKey(path []string) *key {
	for i := range sessionKeys {
		if matches(sessionKeys[i].name, path) {
			return &sessionKeys[i]
		}
	}
	return nil
}

// isSessionTable reports whether any key of a session lies below the path.
func isSessionTable(path []string) bool {
	return slices.Equal(path, []string{"tui"}) || len(path) <= 2 && (path[0] == providersKey || path[0] == serversKey)
}

// checkGiven returns what is wrong with the name that a user gave to a provider or a server.
func checkGiven(path []string) string {
	if len(path) != 2 || path[0] != providersKey && path[0] != serversKey {
		return ""
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if name := path[1]; name == "" || len(name) > 64 || strings.Trim(name, letters) != "" {
		return fmt.Sprintf("the name %s must have 1 to 64 letters, digits, _ and -", quote(name))
	}
	return ""
}

// checkSession is check for the kinds of a session.
func (k *key) checkSession(value any) (converted any, problem string) {
	switch k.kind {
	case kindTokens:
		if value == int64(0) {
			return value, ""
		}
		return checkWhole(value, 1000, 100_000_000)
	case kindRetries:
		return checkWhole(value, 0, 100)
	case kindMillis:
		return checkWhole(value, 1, 86_400_000)
	case kindSeconds:
		return checkSeconds(value)
	case kindWords:
		return checkWords(value)
	}
	s, ok := value.(string)
	if !ok {
		return nil, "must be a string, not " + describe(value)
	}
	switch k.kind {
	case kindAddress, kindURL:
		return s, checkAddress(s, k.kind == kindURL)
	case kindVar:
		return s, checkVar(s)
	case kindWire:
		if s != "responses" {
			return nil, fmt.Sprintf(`= %s is not spoken here: write "responses", and use a server that has the Responses API`, quote(s))
		}
	case kindFree:
		if s != "danger-full-access" {
			return nil, fmt.Sprintf(`= %s is no choice: without the line the server has the sandbox of commands, with "danger-full-access" it has none`, quote(s))
		}
	}
	if s == "" || hasControl(s) {
		return nil, "is empty or holds a control character"
	}
	return s, ""
}

func checkWhole(value any, least, most int64) (any, string) {
	n, ok := value.(int64)
	if !ok || n < least || n > most {
		return nil, fmt.Sprintf("must be a whole number from %d to %d", least, most)
	}
	return n, ""
}

func checkSeconds(value any) (any, string) {
	seconds, ok := value.(float64)
	if n, whole := value.(int64); whole {
		seconds, ok = float64(n), true
	}
	if !ok || !(seconds >= 0.001 && seconds <= 86_400) {
		return nil, "must be a number of seconds from 0.001 to 86400"
	}
	return seconds, ""
}

func checkWords(value any) (any, string) {
	items, ok := value.([]any)
	if !ok {
		return nil, "must be a list of strings, not " + describe(value)
	}
	list := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok || strings.IndexByte(s, 0) >= 0 {
			return nil, fmt.Sprintf("must hold strings without a NUL only; item %d is none", i+1)
		}
		list = append(list, s)
	}
	return list, ""
}

// checkVar never repeats the value: whoever misreads the key writes the secret itself.
func checkVar(s string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	if s == "" || len(s) > 200 || strings.Trim(s, letters+"0123456789") != "" || s[0] >= '0' && s[0] <= '9' {
		return "must be the name of a variable, such as OPENAI_API_KEY, and not the secret itself"
	}
	return ""
}

// checkAddress never repeats the value, as an address may have a password.
func checkAddress(s string, query bool) string {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	host, path, _ := strings.Cut(rest, "/")
	switch {
	case !ok || host == "" || strings.ContainsAny(s, " \\") || hasControl(s):
		return "must be an address that begins with https:// or http://"
	case strings.Contains(host, "@"):
		return "must have no name and no password: name the variable with the key instead"
	case strings.ContainsAny(host, "?#") || !query && strings.ContainsAny(path, "?#"):
		return "must end before ? and #: query_params has the query of a provider"
	}
	return ""
}

// onThisMachine reports whether an address, as checkAddress takes it, is a loopback one.
func onThisMachine(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	if port, ok := strings.CutPrefix(host, "[::1]"); ok {
		return port == "" || port[0] == ':'
	}
	host, _, _ = strings.Cut(host, ":")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	parts := strings.Split(host, ".")
	return len(parts) == 4 && parts[0] == "127" && strings.Trim(host, "0123456789.") == ""
}

// putEntries checks a table with free names.
func (d document) putEntries(into settings, k *key, path []string, skip int, value any) error {
	name := strings.Join(path[skip:], ".")
	table, ok := value.(map[string]any)
	if !ok {
		return refuse("", "%s%s must be a table of names and strings, not %s", at(d.origin(path)), name, describe(value))
	}
	all := entries{}
	for _, n := range slices.Sorted(maps.Keys(table)) {
		from := d.origin(append(slices.Clone(path), n))
		s, ok := table[n].(string)
		problem := ""
		switch {
		case !ok:
			problem = "must be a string, not " + describe(table[n])
		case n == "" || len(n) > 200 || hasControl(n) || strings.ContainsAny(n, "=: \"") || strings.HasSuffix(name, "headers") && strings.Trim(n, headerLetters) != "":
			problem = "can't be a name here"
		case k.kind == kindVars:
			problem = checkVar(s)
		case strings.IndexByte(s, 0) >= 0 || strings.HasSuffix(name, "headers") && hasControl(s):
			problem = "holds a control character"
		}
		if problem != "" {
			return refuse("", "%s%s: %s %s", at(from), name, quote(n), problem)
		}
		all[n] = entry{s, from}
	}
	into[name] = setting{all, d.origin(path)}
	return nil
}

// headerLetters are the characters of a header's name (RFC 9110, section 5.6.2).
const headerLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
