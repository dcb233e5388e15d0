package model_test

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/model/standin"
)

func TestRequest(t *testing.T) {
	s := standin.ForTest(t, standin.Answers())
	c := client(s)
	c.URL += "/"
	c.Key, c.Header, c.Query = "k-1", http.Header{"x-Org": {"o"}}, url.Values{"api-version": {"1 2"}}
	item := json.RawMessage(`{"type":"message","role":"user","content":[{"type":"input_text","text":"<b> \u2028 & x"}]}`)
	_, err := c.Ask(t.Context(), model.Request{Model: "m", Input: []json.RawMessage{item}, Effort: "high", CacheKey: "thread",
		Tools: []json.RawMessage{json.RawMessage(`{"type":"function","name":"exec_command"}`)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Requests()[0]
	if r.Header.Get("Authorization") != "Bearer k-1" || r.Header.Get("X-Org") != "o" || r.Header.Get("Accept") != "text/event-stream" || r.Query.Get("api-version") != "1 2" {
		t.Errorf("%v %v", r.Header, r.Query)
	}
	if r.Model != "m" || r.Effort != "high" || r.CacheKey != "thread" || !r.HasTool("exec_command") || r.Text("user") != "<b> \u2028 & x" || !strings.Contains(string(r.Body), string(item)) {
		t.Errorf("%s", r.Body)
	}
	for _, want := range []string{`"stream":true`, `"store":false`, `"tool_choice":"auto"`, `"parallel_tool_calls":true`, `"include":["reasoning.encrypted_content"]`, `"summary":"auto"`} {
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("no %s in %s", want, r.Body)
		}
	}
	c.Key, c.Header = "", nil
	if _, _, err := ask(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if r := s.Requests()[1]; r.Header["Authorization"] != nil || strings.Contains(string(r.Body), "tool") {
		t.Errorf("%v %s", r.Header, r.Body)
	}
}

// TestRedirectsGetNothing checks that no redirect is followed, whoever makes the requests.
func TestRedirectsGetNothing(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := standin.ForTest(t, standin.Always(standin.Answer{Status: status, Header: http.Header{"Location": {other.URL + "/v1/responses"}}}))
		c := client(s)
		c.Key = "secret"
		c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
		var e *model.Error
		if _, _, err := ask(t.Context(), c); !errors.As(err, &e) || e.Status != status || !strings.Contains(e.Hint, "base_url") || len(s.Requests()) != 1 {
			t.Errorf("%d: %v", status, err)
		}
		if c.HTTP.CheckRedirect(nil, nil) != nil {
			t.Error("the caller's client was changed")
		}
	}
	if asked != 0 {
		t.Errorf("the other host was asked %d times", asked)
	}
}

// TestUnusable checks what is refused before anything is sent.
func TestUnusable(t *testing.T) {
	for _, tt := range []struct {
		client model.Client
		want   string
	}{
		{model.Client{}, "no address"},
		{model.Client{URL: "api.openai.com/v1"}, "no address"},
		{model.Client{URL: "ftp://x/v1"}, "no address"},
		{model.Client{URL: "http://[::1/v1"}, "no address"},
		{model.Client{URL: "https://name:hunter2@x/v1"}, "a name, a password"},
		{model.Client{URL: "https://x/v1?key=hunter2"}, "a query"},
		{model.Client{URL: "http://example.com/v1", Key: "hunter2"}, "plain http"},
		{model.Client{URL: "http://192.168.1.5:8080/v1", Query: url.Values{"key": {"hunter2"}}}, "plain http"},
		{model.Client{URL: "http://192.168.1.5:8080/v1", Header: http.Header{"Api-Key": {"hunter2"}}}, "plain http"},
		{model.Client{URL: "http://127.0.0.1.example.com/v1", Key: "hunter2"}, "plain http"},
		{model.Client{URL: "http://localhost.example.com/v1", Key: "hunter2"}, "plain http"},
		{model.Client{URL: "https://x/v1", Key: "hunter2\r\nX: y"}, "the key holds"},
		{model.Client{URL: "https://x/v1", Key: "hunter2 "}, "the key holds"},
		{model.Client{URL: "https://x/v1", Header: http.Header{"a b": {"hunter2"}}}, "header a b can't"},
		{model.Client{URL: "https://x/v1", Header: http.Header{"a": {"hunter2\nx"}}}, "header a can't"},
	} {
		tt.client.HTTP = &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) {
			t.Errorf("%v was asked", tt.client.URL)
			return nil, errors.New("no")
		})}
		_, _, err := ask(t.Context(), &tt.client)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v", tt.client.URL, err)
		}
	}
}

// trip makes requests without a network.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPlainHTTPIsForThisMachine(t *testing.T) {
	for address, good := range map[string]bool{
		"http://localhost:1/v1": true, "http://LOCALHOST/v1": true, "http://127.0.0.1/v1": true, "http://127.9.9.9:80/": true, "http://[::1]:1234/v1": true,
		"http://[::ffff:127.0.0.1]/": true, "http://0.0.0.0/": false, "http://10.0.0.1/": false, "http://127.1/": false, "http://2130706433/": false, "http://[::]/": false,
	} {
		u, err := url.Parse(address)
		if err != nil || model.Loopback(u) != good {
			t.Errorf("%s: %v %v", address, !good, err)
		}
	}
}

func TestKeyHint(t *testing.T) {
	s := standin.ForTest(t, standin.Always(standin.Refuse(401, "invalid_api_key", "no")))
	c := client(s)
	c.Key, c.KeyName = "k", "MY_KEY"
	var e *model.Error
	if _, _, err := ask(t.Context(), c); !errors.As(err, &e) || e.Hint != "put a valid key into the variable: export MY_KEY=KEY" || e.Provider != "standin" {
		t.Errorf("%#v", err)
	}
	c.KeyName = ""
	if _, _, err := ask(t.Context(), c); !errors.As(err, &e) || !strings.Contains(e.Hint, "env_key") {
		t.Errorf("%#v", err)
	}
}

// TestUnreachable checks that a server that isn't there is named without the query, and
// with the line that starts it.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := standin.ForTest(t, standin.Answers())
	c := client(s)
	c.URL, c.Query, c.RequestRetries = "http://"+address+"/v1", url.Values{"key": {"hunter2"}}, 1
	var e *model.Error
	if _, _, err := ask(t.Context(), c); !errors.As(err, &e) || !strings.Contains(err.Error(), "standin can't be reached at "+address) ||
		!strings.Contains(e.Hint, "ollama serve") || e.Tries != 2 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v, %+v", err, e)
	}
	c.Provider = ""
	if _, _, err := ask(t.Context(), c); !strings.HasPrefix(err.Error(), "the server "+address) {
		t.Error(err)
	}
}

// TestUntrustedCertificate checks that no other try is made, and no key sent.
func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the refused certificate
	s.StartTLS()
	defer s.Close()
	c := &model.Client{Provider: "p", URL: s.URL + "/v1", Key: "k", RequestRetries: 4, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	if _, _, err := ask(t.Context(), c); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "tried") {
		t.Error(err)
	}
}

func TestKnown(t *testing.T) {
	for name, want := range map[string]model.Traits{
		"gpt-5.5": {Window: 272_000, Patch: true}, "openai/gpt-5.5-2026-01-31": {Window: 272_000, Patch: true}, "gpt-oss:20b": {Window: 131_072},
		"gpt-5.5-x": model.Unknown, "": model.Unknown, "-2026-01-31": model.Unknown, "qwen3": {Window: 128_000}, "/": model.Unknown,
	} {
		if got := model.Known(name); got != want {
			t.Errorf("%q: %+v", name, got)
		}
	}
}
