package imports

import (
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

const (
	providersKey = "model_providers"
	serversKey   = "mcp_servers"
)

// codexModels reads the tables of providers first: model_provider names one.
func (im *importer) codexModels(t tree) {
	if v, ok := t[providersKey]; ok {
		im.inside(providersKey, v, func(name string, v any) {
			im.codexNamed(providersKey, name, v, []string{"name", "base_url", "env_key", "env_http_headers", "query_params", "request_max_retries", "stream_max_retries", "stream_idle_timeout_ms", "wire_api"})
		})
	}
	if v, ok := t[serversKey]; ok {
		im.inside(serversKey, v, func(name string, v any) {
			im.codexNamed(serversKey, name, v, []string{"command", "args", "env", "cwd", "url", "bearer_token_env_var", "enabled", "startup_timeout_sec", "tool_timeout_sec", "enabled_tools", "disabled_tools"})
		})
	}
	for _, key := range []string{"model", "model_context_window", "model_provider", "model_reasoning_effort", "openai_base_url"} {
		if v, ok := t[key]; ok {
			im.plainValue(key, v)
		}
	}
	tui, _ := t["tui"].(tree)
	if v, ok := tui["notifications"]; ok {
		im.plainValue("tui.notifications", v)
	}
}

// plainValue carries a string, a number, or true or false.
func (im *importer) plainValue(key string, v any) {
	switch v := v.(type) {
	case string:
		if im.secret(v) {
			im.left(key, looksSecret, "")
			return
		}
		im.carry(key, key, v)
	case int64, bool:
		im.carry(key, key, v)
	default:
		im.wrong(key)
	}
}

// codexNamed carries the table of a provider or of a server as a whole, without what may
// be a secret.
func (im *importer) codexNamed(table, name string, v any, known []string) {
	key := table + "." + name
	from, ok := v.(tree)
	if !ok || name == "" || hasControl(name) || strings.Contains(name, ".") {
		im.wrong(key)
		return
	}
	kept := tree{}
	for _, k := range keysOf(from) {
		switch {
		case !slices.Contains(known, k):
			im.left(key+"."+k, leftOf(k), byHandOf(table, key, k))
		case im.hides(from[k]):
			im.left(key+"."+k, looksSecret, byHandOf(table, key, k))
		default:
			kept[k] = from[k]
		}
	}
	if len(kept) > 0 {
		im.carry(key, key, kept)
	}
}

const looksSecret = "the value, or a part of it, looks like a secret"

// leftOf is the reason for a key of such a table that isn't carried.
func leftOf(key string) string {
	switch key {
	case "http_headers", "bearer_token", "experimental_bearer_token":
		return "the value may be a secret"
	}
	return "lockstile doesn't have the key"
}

// byHandOf is the line to write for a key that may hold a secret.
func byHandOf(table, key, name string) string {
	switch {
	case table == providersKey && name == "experimental_bearer_token":
		return Text(key+".env_key", "NAME OF A VARIABLE")
	case table == serversKey && name == "bearer_token":
		return Text(key+".bearer_token_env_var", "NAME OF A VARIABLE")
	case table == providersKey && name == "http_headers":
		return key + `.env_http_headers = { HEADER = "NAME OF A VARIABLE" }`
	}
	return ""
}

// hides reports whether anything in a value looks like a secret, or has a form that no key
// here has.
func (im *importer) hides(v any) bool {
	switch v := v.(type) {
	case string:
		return im.secret(v)
	case bool, int64, float64:
		return false
	case []any:
		return slices.ContainsFunc(v, im.hides)
	case tree:
		for name, value := range v {
			text, ok := value.(string)
			if !ok || !handedOn(name, text) {
				return true
			}
		}
		return false
	}
	return true
}

// secret reports whether a text looks like a secret, or has an address with a password.
func (im *importer) secret(text string) bool {
	_, rest, address := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return address && (strings.Contains(host, "@") || strings.Contains(rest, "?")) || !handedOn("VALUE", text)
}

// handedOn reports whether commands would get such a variable by default.
func handedOn(name, value string) bool {
	return policy.Policy{Mode: policy.ModeReadOnly, Env: policy.Env{Inherit: policy.InheritAll}}.DecideEnv(name, value).Allowed
}
