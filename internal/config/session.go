package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstile/lockstile/internal/nearest"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/policy"
)

// Session is what the configuration says about a session with a model: all that is no
// policy. The zero value has neither a model nor a provider.
type Session struct {
	Model    string // empty: none is chosen
	Provider Provider
	Window   int            // the model's, in tokens; 0: as is known about the model
	Effort   string         // of the reasoning; empty: as the server likes
	Servers  []Server       // by name, with those that are not enabled
	Notify   bool           // tell the user of the end of a long turn, and of questions
	Values   []policy.Value // each key in effect, without secrets
	Ignored  []policy.Value // keys of codex that do nothing here; the value is nil

	// variables are named as holders of secrets by any provider or server of the files, and
	// by the provider in use.
	variables []string
}

// Provider is a server of models.
type Provider struct {
	ID             string // the name of its table, or "openai", "ollama", "lmstudio"
	Name           string // for people
	URL            string // up to and with /v1
	KeyVar         string // the variable with the key; empty: no key is sent
	RequestRetries int
	StreamRetries  int
	Idle           time.Duration

	from            policy.Origin
	keyFrom         policy.Origin
	headers, query  entries
	variableHeaders entries
}

// Server is an MCP server: a program, or an address.
type Server struct {
	Name     string
	Command  string // a program; empty if URL is set
	Args     []string
	Env      map[string]string // more variables; the values are secret
	Dir      string            // absolute; empty: the workspace
	URL      string
	TokenVar string // the variable with the token for URL; empty: none is sent
	Enabled  bool
	Start    time.Duration // the time in which it must have greeted
	Call     time.Duration // the time of a call
	Only     []string      // the tools that are offered; nil: all
	Without  []string      // tools that are not offered
	Free     bool          // outside of the sandbox, as the user wrote
	From     policy.Origin

	tokenFrom policy.Origin
}

// builtIn are the providers that need no table.
var builtIn = []Provider{
	{ID: "openai", Name: "OpenAI", URL: defaultBase, KeyVar: defaultEnvKey},
	{ID: "ollama", Name: "Ollama", URL: "http://127.0.0.1:11434/v1"},
	{ID: "lmstudio", Name: "LM Studio", URL: "http://127.0.0.1:1234/v1"},
}

// buildSession turns checked settings into a session.
func buildSession(in Input, l *loaded) (Session, error) {
	s := l.settings
	out := Session{
		Model: s.sessionText(modelKey), Effort: s.sessionText("model_reasoning_effort"),
		Window: int(s.sessionNumber("model_context_window")), Notify: s.session("tui.notifications").value == true,
		Values: s.sessionValues(), Ignored: s.ignored(), variables: slices.Sorted(maps.Keys(l.variables)),
	}
	var err error
	if out.Provider, err = s.provider(); err != nil {
		return Session{}, err
	}
	if v := out.Provider.KeyVar; v != "" && !slices.Contains(out.variables, v) {
		out.variables = append(out.variables, v)
	}
	for _, name := range s.given(serversKey) {
		server, err := s.server(in, name)
		if err != nil {
			return Session{}, err
		}
		out.Servers = append(out.Servers, server)
	}
	return out, nil
}

// session returns the value of a session's key, or the default.
func (s settings) session(name string) setting {
	if v, ok := s[name]; ok {
		return v
	}
	return setting{sessionKey(strings.Split(name, ".")).def, policy.Origin{Note: "default"}}
}

func (s settings) sessionText(name string) string  { v, _ := s.session(name).value.(string); return v }
func (s settings) sessionNumber(name string) int64 { v, _ := s.session(name).value.(int64); return v }
func (s settings) sessionList(name string) []string {
	v, _ := s.session(name).value.([]string)
	return v
}
func (s settings) sessionTime(name string) time.Duration {
	v, _ := s.session(name).value.(float64)
	return time.Duration(v * float64(time.Second))
}

// given returns the sorted names that the user gave below a table.
func (s settings) given(table string) (names []string) {
	for name := range s {
		if rest, ok := strings.CutPrefix(name, table+"."); ok {
			given, _, _ := strings.Cut(rest, ".")
			names = append(names, given)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// provider returns the provider in use. Each table is checked, whether in use or not.
func (s settings) provider() (Provider, error) {
	all := slices.Clone(builtIn)
	for i := range all {
		all[i].RequestRetries, all[i].StreamRetries, all[i].Idle = 4, 4, 300*time.Second
	}
	if v, ok := s[openaiKey]; ok {
		all[0].URL, all[0].from = s.sessionText(openaiKey), v.from
	}
	for _, id := range s.given(providersKey) {
		p := s.ownProvider(id)
		for _, b := range builtIn {
			if b.ID == id {
				return Provider{}, refuse("give it another name, and choose it with model_provider; openai_base_url changes the address of openai", "%s%s.%s: the name is the name of a built-in provider", at(p.from), providersKey, id)
			}
		}
		all = append(all, p)
	}
	for _, p := range all {
		if err := p.check(); err != nil {
			return Provider{}, err
		}
	}
	chosen := s.session(providerKey)
	ids := make([]string, len(all))
	for i, p := range all {
		if p.ID == chosen.value {
			return p, nil
		}
		ids[i] = p.ID
	}
	id := s.sessionText(providerKey)
	return Provider{}, refuse("the nearest is "+quote(nearest.Of(id, ids))+"; another one needs a table [model_providers.NAME]", "%s%s = %s is not the name of a provider", at(chosen.from), providerKey, quote(id))
}

// ownProvider reads a table of the user.
func (s settings) ownProvider(id string) Provider {
	at := func(name string) string { return providersKey + "." + id + "." + name }
	p := Provider{
		ID: id, Name: s.sessionText(at("name")), URL: s.sessionText(at("base_url")), KeyVar: s.sessionText(at("env_key")),
		RequestRetries: int(s.sessionNumber(at("request_max_retries"))), StreamRetries: int(s.sessionNumber(at("stream_max_retries"))),
		Idle:    time.Duration(s.sessionNumber(at("stream_idle_timeout_ms"))) * time.Millisecond,
		from:    s.first(at("")),
		keyFrom: s.session(at("env_key")).from,
	}
	if v, ok := s[at("base_url")]; ok {
		p.from = v.from
	}
	p.headers, _ = s.session(at("http_headers")).value.(entries)
	p.query, _ = s.session(at("query_params")).value.(entries)
	p.variableHeaders, _ = s.session(at("env_http_headers")).value.(entries)
	if p.Name == "" {
		p.Name = id
	}
	return p
}

// first returns the origin of the first key with a prefix.
func (s settings) first(prefix string) policy.Origin {
	var from policy.Origin
	for name, v := range s {
		if strings.HasPrefix(name, prefix) && (from.Line == 0 || v.from.Line < from.Line) {
			from = v.from
		}
	}
	return from
}

// check refuses a provider that can't be asked, or only without protection for its key.
func (p Provider) check() error {
	if p.URL == "" {
		return refuse(`write base_url = "https://…/v1" below the table`, "%s%s.%s has no base_url", at(p.from), providersKey, p.ID)
	}
	if strings.HasPrefix(p.URL, "http://") && !onThisMachine(p.URL) && (p.KeyVar != "" || len(p.variableHeaders)+len(p.headers)+len(p.query) > 0) {
		return refuse("write https:// in the address, or reach the server by a tunnel to 127.0.0.1",
			"%sprovider %s: a key, a header or a query would go over plain http, where everyone on the way can read it", at(p.from), p.ID)
	}
	return nil
}

// server reads the table of an MCP server.
func (s settings) server(in Input, name string) (Server, error) {
	key := func(name2 string) string { return serversKey + "." + name + "." + name2 }
	from := s.first(key(""))
	out := Server{
		Name: name, Command: s.sessionText(key("command")), Args: s.sessionList(key("args")), URL: s.sessionText(key("url")), TokenVar: s.sessionText(key("bearer_token_env_var")),
		Enabled: s.session(key("enabled")).value == true, Start: s.sessionTime(key("startup_timeout_sec")), Call: s.sessionTime(key("tool_timeout_sec")),
		Only: s.sessionList(key("enabled_tools")), Without: s.sessionList(key("disabled_tools")), Free: s.sessionText(key("sandbox")) != "", From: from,
		tokenFrom: s.session(key("bearer_token_env_var")).from,
	}
	if all, ok := s.session(key("env")).value.(entries); ok {
		out.Env = map[string]string{}
		for n, e := range all {
			out.Env[n] = e.value
		}
	}
	bad := func(hint, problem string) (Server, error) {
		return Server{}, refuse(hint, "%s%s.%s %s", at(from), serversKey, name, problem)
	}
	switch {
	case (out.Command == "") == (out.URL == ""):
		return bad("write command for a program, or url for a server that runs elsewhere", "must have either command or url")
	case out.URL != "" && (out.Args != nil || out.Env != nil || s.sessionText(key("cwd")) != "" || out.Free):
		return bad("remove args, env, cwd and sandbox", "has a url, and lines about a program")
	case out.Command != "" && out.TokenVar != "":
		return bad("remove bearer_token_env_var", "is a program, and gets no token")
	case strings.HasPrefix(out.URL, "http://") && !onThisMachine(out.URL) && out.TokenVar != "":
		return bad("write https:// in the url, or reach the server by a tunnel to 127.0.0.1", "would get its token over plain http")
	}
	if dir := s.sessionText(key("cwd")); dir != "" {
		path, problem := expand(dir, in.UserHome)
		if problem != "" {
			return bad("write an absolute path, or one with ~", ": cwd "+quote(dir)+" "+problem)
		}
		out.Dir = filepath.Clean(path)
	}
	return out, nil
}

// sessionValues lists the keys of a session with their values and origins: the keys without
// a given name in any case, the others if they are set. A secret is left out.
func (s settings) sessionValues() (all []policy.Value) {
	for i := range sessionKeys {
		name := sessionKeys[i].name
		if table, rest, ok := strings.Cut(name, ".*."); ok {
			for _, given := range s.given(table) {
				full := table + "." + given + "." + rest
				if v, ok := s[full]; ok {
					all = append(all, policy.Value{Key: full, Value: shown(v.value), From: v.from})
				}
			}
			continue
		}
		v := s.session(name)
		all = append(all, policy.Value{Key: name, Value: shown(v.value), From: v.from})
	}
	return all
}

// shown is a value without its secrets.
func shown(value any) any {
	switch v := value.(type) {
	case entries:
		return slices.Sorted(maps.Keys(v))
	case string:
		address, _, _ := strings.Cut(v, "?") // of an MCP server
		return redact.Text(address)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = redact.Text(v[i])
		}
		return out
	}
	return value
}

// ignoredKey is the value of a key of codex that does nothing here.
type ignoredKey struct{}

func (s settings) ignored() (all []policy.Value) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if (s[name].value == ignoredKey{}) {
			all = append(all, policy.Value{Key: name, From: s[name].from})
		}
	}
	return all
}
