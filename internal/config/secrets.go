package config

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

// Secrets are the values of the variables that providers and servers name. They are read
// once, and are in no environment afterwards.
type Secrets struct {
	values map[string]string
}

// TakeSecrets reads the variables, removes them from the environment of this process, and
// returns an environment without them, for commands. The variables of all providers and
// servers are removed, whether in use or not.
func (s Session) TakeSecrets() (Secrets, []string, error) {
	secrets, rest := s.takeFrom(os.Environ())
	for _, name := range s.variables {
		if err := os.Unsetenv(name); err != nil {
			return Secrets{}, nil, refuse("", "the variable %s can't be removed from the environment: %v", name, err)
		}
	}
	return secrets, rest, nil
}

// takeFrom divides an environment.
func (s Session) takeFrom(environ []string) (Secrets, []string) {
	secrets := Secrets{values: map[string]string{}}
	rest := make([]string, 0, len(environ))
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if !slices.ContainsFunc(s.variables, func(v string) bool { return sameVar(v, name) }) {
			rest = append(rest, line)
			continue
		}
		for _, v := range s.variables {
			if sameVar(v, name) {
				secrets.values[v] = value
			}
		}
	}
	return secrets, rest
}

// Key returns the key of a provider, or "" if the provider wants none. A variable that is
// missing or empty is an error.
func (x Secrets) Key(p Provider) (string, error) {
	if p.KeyVar == "" {
		return "", nil
	}
	return x.value(p.KeyVar, p.keyFrom, "the key of provider "+p.ID)
}

// Headers returns the headers and the query of a provider, with the values of variables.
func (x Secrets) Headers(p Provider) (headers, query map[string]string, err error) {
	headers, query = map[string]string{}, map[string]string{}
	for name, e := range p.headers {
		headers[name] = e.value
	}
	for name, e := range p.query {
		query[name] = e.value
	}
	for _, name := range slices.Sorted(maps.Keys(p.variableHeaders)) {
		e := p.variableHeaders[name]
		if headers[name], err = x.value(e.value, e.from, "the header "+name+" of provider "+p.ID); err != nil {
			return nil, nil, err
		}
	}
	return headers, query, nil
}

// Token returns the token for an MCP server, or "" if the server wants none.
func (x Secrets) Token(m Server) (string, error) {
	if m.TokenVar == "" {
		return "", nil
	}
	return x.value(m.TokenVar, m.tokenFrom, "the token for MCP server "+m.Name)
}

func (x Secrets) value(name string, from policy.Origin, what string) (string, error) {
	v := x.values[name]
	if v == "" {
		return "", refuse("export "+name+"=…", "%sthe variable %s, which holds %s, is not set", at(from), name, what)
	}
	return v, nil
}

// named adds the variables with secrets that the settings name.
func (s settings) named(into map[string]bool) {
	for name, v := range s {
		switch value := v.value.(type) {
		case string:
			if k := sessionKey(strings.Split(name, ".")); k != nil && k.kind == kindVar {
				into[value] = true
			}
		case entries:
			if k := sessionKey(strings.Split(name, ".")); k != nil && k.kind == kindVars {
				for _, e := range value {
					into[e.value] = true
				}
			}
		}
	}
}
