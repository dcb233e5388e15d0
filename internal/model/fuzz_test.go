package model

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/model/standin"
)

// canned answers each request with a status and a body.
type canned struct {
	status int
	kind   string
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}, Body: io.NopCloser(bytes.NewReader(c.body)), Request: r}, nil
}

// FuzzAsk checks that no body makes Ask hang or panic, and that items come out of a stream
// alone that has a response.completed behind them.
func FuzzAsk(f *testing.F) {
	whole := standin.Of(standin.Message("hi"), standin.Call("a", 1)).Stream()
	f.Add(uint16(200), []byte(whole))
	f.Add(uint16(200), []byte(strings.ReplaceAll(whole, "completed", "failed")))
	f.Add(uint16(200), []byte("data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"message\"}}\n\n"))
	f.Add(uint16(429), []byte(`{"error":{"code":"insufficient_quota","message":"x"}}`))
	f.Add(uint16(500), []byte(`{"error":null}`))
	f.Fuzz(func(t *testing.T, status uint16, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		c := Client{Provider: "p", URL: "https://x/v1", RequestRetries: 1, StreamRetries: 1, Pause: time.Nanosecond,
			HTTP: &http.Client{Transport: canned{int(status)%600 + 100, "text/event-stream", body}}}
		a, err := c.Ask(ctx, Request{Model: "m"}, nil)
		if ctx.Err() != nil {
			t.Fatal("it hangs")
		}
		if err != nil {
			if len(a.Items) != 0 || len(err.Error()) > 4*mostWords || err.Error() == "" {
				t.Fatalf("%d items, an error of %d bytes", len(a.Items), len(err.Error()))
			}
			return
		}
		if !isCompleted(t, body) {
			t.Fatal("an answer came out of a stream that was not completed")
		}
		for _, item := range a.Items {
			if !json.Valid(item) || bytes.ContainsAny(item, "\n\r") || item[0] != '{' {
				t.Fatalf("item %q", item)
			}
		}
	})
}

// isCompleted looks for the event that ends an answer, without the code under test but its
// reader.
func isCompleted(t *testing.T, body []byte) bool {
	t.Helper()
	all, _ := events(t, bytes.NewReader(body), mostEvent)
	return slices.ContainsFunc(all, func(data string) bool {
		var e map[string]any
		dec := json.NewDecoder(strings.NewReader(strings.ToValidUTF8(data, "\ufffd")))
		if dec.Decode(&e) != nil {
			return false
		}
		for name, value := range e {
			if strings.EqualFold(name, "type") && value == "response.completed" {
				return true
			}
		}
		return false
	})
}

func TestBounds(t *testing.T) {
	ask := func(body io.Reader) error {
		c := Client{Provider: "p", URL: "https://x/v1", StreamRetries: 4, HTTP: &http.Client{Transport: endless{body}}}
		_, err := c.Ask(t.Context(), Request{Model: "m"}, nil)
		return err
	}
	many := strings.Repeat("data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"x\"}}\n\n", mostCount+1)
	if err := ask(strings.NewReader(many)); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("many items: %v", err)
	}
	clock := time.NewTimer(time.Hour)
	short := &alive{in: repeat(": comment\n\n"), clock: clock, idle: time.Hour, left: 1 << 10}
	_, err := newEventReader(short, mostEvent).next()
	if e, ok := cut(t.Context(), 0, err).(*Error); !ok || e.again || e.Err != errEndless {
		t.Errorf("endless comments: %v", err)
	}
	if err := ask(repeat("x")); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("an endless line: %v", err)
	}
}

// endless answers with a stream.
type endless struct{ body io.Reader }

func (e endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(e.body), Request: r}, nil
}

// repeat is a text without end.
type repeat string

func (r repeat) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-1": 0, "NaN": 0, "soon": 0, "1.5": 1500 * time.Millisecond, "7": 7 * time.Second, "9999999999": time.Minute, "Inf": time.Minute, "1e400": 0,
		"Mon, 01 Jan 2001 00:00:00 GMT": 0,
	} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := retryAfter(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); got < 50*time.Minute {
		t.Errorf("a date in an hour: %v", got)
	}
}

func TestFindLocal(t *testing.T) {
	script := standin.Answers()
	s := standin.ForTest(t, script)
	free, err := standin.New(script)
	if err != nil {
		t.Fatal(err)
	}
	port := func(s *standin.Server) string { return strings.TrimSuffix(s.URL[len("http://127.0.0.1:"):], "/v1") }
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	address, name, err := findLocal(t.Context(), []string{port(free), port(s)})
	if err != nil || address != s.URL || name != "standin" {
		t.Errorf("%q %q %v", address, name, err)
	}
	_, _, err = findLocal(t.Context(), []string{port(free)})
	e, ok := err.(*Error)
	if !ok || !strings.Contains(err.Error(), "127.0.0.1:"+port(free)) || !strings.Contains(e.Hint, "ollama serve") {
		t.Error(err)
	}
}
