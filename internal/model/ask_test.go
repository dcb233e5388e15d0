package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/model/standin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client asks a stand-in with the default number of tries and short waits.
func client(s *standin.Server) *model.Client {
	return &model.Client{Provider: "standin", URL: s.URL, RequestRetries: model.DefaultRetries, StreamRetries: model.DefaultRetries,
		Pause: time.Millisecond, Idle: 30 * time.Second, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// ask returns the text as a screen would have it at the end.
func ask(ctx context.Context, c *model.Client) (text string, a model.Answer, err error) {
	a, err = c.Ask(ctx, model.Request{Model: "m"}, func(d model.Delta) {
		if d.Reset {
			text = ""
		}
		if !d.Reasoning {
			text += d.Text
		}
	})
	return text, a, err
}

// row is a script and what must become of it.
type row struct {
	answers []standin.Answer
	tries   int
	text    string
	types   string // of the items
	fails   string // a part of the error
}

var (
	calls = standin.Of(standin.Call("a", map[string]int{"x": 1}), standin.Custom("b", "free\ntext"), standin.Call("c", "no json"))
	long  = strings.Repeat("x", 1<<20)
)

var rows = map[string]row{
	"text":              {[]standin.Answer{standin.Say("hello, wörld and more")}, 1, "hello, wörld and more", "message", ""},
	"letter by letter":  {[]standin.Answer{{Items: []standin.Item{standin.Message("hello, wörld")}, Piece: 1}}, 1, "hello, wörld", "message", ""},
	"reasoning":         {[]standin.Answer{standin.Of(standin.Reasoning("hm"), standin.Message("x"))}, 1, "x", "reasoning message", ""},
	"several calls":     {[]standin.Answer{calls}, 1, "", "function_call custom_tool_call function_call", ""},
	"no ids":            {[]standin.Answer{{Items: calls.Items, NoIDs: true}}, 1, "", "function_call custom_tool_call function_call", ""},
	"1 MB of arguments": {[]standin.Answer{standin.Of(standin.Call("a", long))}, 1, "", "function_call", ""},
	"huge text":         {[]standin.Answer{{Items: []standin.Item{standin.Message(long)}, Piece: 1 << 10}}, 1, long, "message", ""},
	"escapes":           {[]standin.Answer{standin.Say("\x1b]52;c;eA==\a\x1b[2J\x00\u202e")}, 1, "\x1b]52;c;eA==\a\x1b[2J\x00\u202e", "message", ""},
	"CR":                {[]standin.Answer{{Items: calls.Items, LineEnd: "\r"}}, 1, "", "function_call custom_tool_call function_call", ""},
	"CRLF and a mark":   {[]standin.Answer{{Items: calls.Items, LineEnd: "\r\n", Mark: true}}, 1, "", "function_call custom_tool_call function_call", ""},
	"nothing":           {[]standin.Answer{{}}, 1, "", "", ""},
	"unknown events":    {[]standin.Answer{{Extra: "data: {\"type\":\"response.new\",\"delta\":7}\n\ndata: [DONE]\n\ndata: 7\n\n: x\n\n"}}, 5, "", "", "no JSON"},
	"unknown type":      {[]standin.Answer{{Extra: "data: {\"type\":\"response.new\",\"delta\":7,\"item\":[]}\n\ndata: [DONE]\n\n: x\n\ndata: {}\n\n"}}, 1, "", "", ""},

	"429 then text":        {[]standin.Answer{standin.Refuse(429, "slow", "wait").RetryAfter("0.01"), standin.Say("ok")}, 2, "ok", "message", ""},
	"429 without a time":   {[]standin.Answer{standin.Refuse(429, "slow", "wait"), standin.Say("ok")}, 2, "ok", "message", ""},
	"429 with nonsense":    {[]standin.Answer{standin.Refuse(429, "slow", "wait").RetryAfter("soon"), standin.Refuse(429, "slow", "wait").RetryAfter("-7"), standin.Say("ok")}, 3, "ok", "message", ""},
	"500 for ever":         {[]standin.Answer{standin.Refuse(500, "", "a"), standin.Refuse(502, "", "b"), standin.Refuse(503, "", "c"), standin.Refuse(504, "", "d"), standin.Refuse(529, "", "e")}, 5, "", "", "answered 529 (scripted): e (tried 5 times)"},
	"insufficient_quota":   {[]standin.Answer{standin.Refuse(429, "insufficient_quota", "no money")}, 1, "", "", "429 (insufficient_quota): no money"},
	"400":                  {[]standin.Answer{standin.Refuse(400, "context_length_exceeded", "too much")}, 1, "", "", "standin answered 400 (context_length_exceeded): too much"},
	"401":                  {[]standin.Answer{standin.Refuse(401, "invalid_api_key", "bad key")}, 1, "", "", "401 (invalid_api_key): bad key"},
	"403":                  {[]standin.Answer{standin.Refuse(403, "", "no")}, 1, "", "", "403"},
	"no words":             {[]standin.Answer{{Status: 400}}, 1, "", "", "400: Bad Request"},
	"words at the top":     {[]standin.Answer{{Status: 400, Body: `{"message":"m","code":7,"type":"t"}`}}, 1, "", "", "400 (t): m"},
	"words of ollama":      {[]standin.Answer{{Status: 404, Body: `{"error":"model not found"}`}}, 1, "", "", "404: model not found"},
	"words that are long":  {[]standin.Answer{{Status: 400, Body: strings.Repeat("ö", 1<<16)}}, 1, "", "", "…"},
	"html with 200":        {[]standin.Answer{{Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: "<html>"}}, 1, "", "", "a page for people"},
	"JSON with 200":        {[]standin.Answer{{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"error":{"message":"no streams"}}`}}, 1, "", "", "no streams"},
	"a redirect":           {[]standin.Answer{{Status: 307, Header: http.Header{"Location": {"http://127.0.0.2:1/v1/responses"}}}}, 1, "", "", "not followed: http://127.0.0.2:1/"},
	"no JSON":              {[]standin.Answer{{Extra: "data: {nope\n\n"}, standin.Say("ok")}, 2, "ok", "message", ""},
	"an item that is null": {[]standin.Answer{{Extra: `data: {"type":"response.output_item.done","item":null}` + "\n\n"}, standin.Say("ok")}, 2, "ok", "message", ""},
	"an item without type": {[]standin.Answer{{Extra: `data: {"type":"response.output_item.done","item":{"x":1}}` + "\n\n"}, standin.Say("ok")}, 2, "ok", "message", ""},
	"a piece of no text":   {[]standin.Answer{{Extra: `data: {"type":"response.output_text.delta","delta":{}}` + "\n\n"}, standin.Say("ok")}, 2, "ok", "message", ""},
	"no end":               {[]standin.Answer{{Items: calls.Items, NoEnd: true}, standin.Say("whole")}, 2, "whole", "message", ""},
	"cut before all":       {[]standin.Answer{standin.Say("x").CutAt(0), standin.Say("whole")}, 2, "whole", "message", ""},
	"cut in the text":      {[]standin.Answer{standin.Say("a text that is cut somewhere").CutAt(400), standin.Say("whole")}, 2, "whole", "message", ""},
	"comments alone":       {[]standin.Answer{{Extra: strings.Repeat(": still here\n\n", 100), NoEnd: true}, standin.Say("whole")}, 2, "whole", "message", ""},
	"failed":               {[]standin.Answer{{Items: calls.Items, Failed: &standin.Failure{Code: "invalid_prompt", Message: "not this"}}}, 1, "", "", "failed: not this"},
	"failed for now":       {[]standin.Answer{{Items: calls.Items, Failed: &standin.Failure{Code: "server_is_overloaded", Message: "busy"}}, standin.Say("ok")}, 2, "ok", "message", ""},
	"incomplete":           {[]standin.Answer{{Items: calls.Items, Incomplete: "max_output_tokens"}}, 1, "", "", "left the answer incomplete: max_output_tokens"},
	"an error event":       {[]standin.Answer{{Items: calls.Items, Trouble: &standin.Failure{Code: "bad", Message: "trouble"}}}, 1, "", "", "failed: trouble"},
	"an empty error event": {[]standin.Answer{{Trouble: &standin.Failure{}}}, 1, "", "", "failed: "},
}

func TestAnswers(t *testing.T) {
	for name, c := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := standin.Answers(c.answers...)
			if c.tries == len(c.answers)*5 {
				script = standin.Always(c.answers[0])
			}
			s := standin.ForTest(t, script)
			text, a, err := ask(t.Context(), client(s))
			if got := types(t, a); text != c.text && c.fails == "" || got != c.types {
				t.Errorf("%.80q, items %q, %v", text, got, err)
			}
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("want an error with %q, got %v", c.fails, err)
			}
			if err != nil && (len(err.Error()) > 5000 || !errors.As(err, new(*model.Error))) {
				t.Errorf("%T of %d bytes", err, len(err.Error()))
			}
			if n := len(s.Requests()); n != c.tries {
				t.Errorf("%d requests, want %d", n, c.tries)
			}
		})
	}
}

// types lists the types of an answer's items.
func types(t *testing.T, a model.Answer) string {
	t.Helper()
	var all []string
	for _, item := range a.Items {
		var has struct{ Type string }
		if err := json.Unmarshal(item, &has); err != nil || strings.ContainsAny(string(item), "\n\r") {
			t.Errorf("item %.80q: %v", item, err)
		}
		all = append(all, has.Type)
	}
	return strings.Join(all, " ")
}

// TestCutAtEachByte checks that nothing of a cut answer is given out, wherever it is cut.
func TestCutAtEachByte(t *testing.T) {
	cut := standin.Answer{Items: append([]standin.Item{standin.Message("hello")}, calls.Items...), LineEnd: "\r\n", Mark: true}
	// Behind response.completed the answer is whole, whatever becomes of the connection.
	size := len(cut.Stream()) - len("\r\n\r\n")
	for at := 0; at < size; at += 7 {
		s := standin.ForTest(t, standin.Answers(cut.CutAt(at), standin.Say("whole")))
		text, a, err := ask(t.Context(), client(s))
		if err != nil || text != "whole" || types(t, a) != "message" || len(s.Requests()) != 2 {
			t.Fatalf("cut at %d of %d: %q %q %v", at, size, text, types(t, a), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := standin.ForTest(t, standin.Answers(cut.CutAt(size+4)))
	if _, a, err := ask(t.Context(), client(s)); err != nil || len(a.Items) != 4 {
		t.Errorf("cut behind the end: %d items, %v", len(a.Items), err)
	}
}

func TestUsage(t *testing.T) {
	s := standin.ForTest(t, standin.Answers(standin.Answer{Usage: standin.Usage{Input: 70, Cached: 30, Output: 5}}))
	if _, a, err := ask(t.Context(), client(s)); err != nil || a.Usage != (model.Usage{Input: 70, Cached: 30, Output: 5}) {
		t.Errorf("%+v %v", a.Usage, err)
	}
}

// TestIdle checks that a silent server is asked anew, and that bytes without meaning keep a
// stream alive.
func TestIdle(t *testing.T) {
	quiet := standin.Answer{Items: []standin.Item{standin.Message("half")}, Silence: time.Hour}
	s := standin.ForTest(t, standin.Answers(quiet, standin.Say("whole")))
	c := client(s)
	c.Idle = 200 * time.Millisecond
	if text, _, err := ask(t.Context(), c); err != nil || text != "whole" {
		t.Errorf("%q %v", text, err)
	}

	s = standin.ForTest(t, standin.Always(quiet))
	c = client(s)
	c.Idle, c.StreamRetries = 50*time.Millisecond, 1
	if _, _, err := ask(t.Context(), c); err == nil || !strings.Contains(err.Error(), "sent nothing for 50ms (tried 2 times)") {
		t.Error(err)
	}

	// Pieces every 50 ms for two seconds, with an idle clock of one second.
	slow := standin.Answer{Items: []standin.Item{standin.Message(strings.Repeat("x", 40))}, Piece: 1, Pause: 50 * time.Millisecond}
	s = standin.ForTest(t, standin.Answers(slow))
	c = client(s)
	c.Idle = time.Second
	if text, _, err := ask(t.Context(), c); err != nil || len(text) != 40 || len(s.Requests()) != 1 {
		t.Errorf("%q %v, %d requests", text, err, len(s.Requests()))
	}
}

// TestSlowListenerIsNoIdleServer checks that the idle clock stands while the caller works.
func TestSlowListenerIsNoIdleServer(t *testing.T) {
	s := standin.ForTest(t, standin.Answers(standin.Answer{Items: []standin.Item{standin.Message("hello, world and more")}, Pause: 100 * time.Millisecond}))
	c := client(s)
	c.Idle = 300 * time.Millisecond
	_, err := c.Ask(t.Context(), model.Request{Model: "m"}, func(model.Delta) { time.Sleep(400 * time.Millisecond) })
	if err != nil || len(s.Requests()) != 1 {
		t.Errorf("%v, %d requests", err, len(s.Requests()))
	}
}

// TestInterrupt checks that the cause of a context ends each stage at once.
func TestInterrupt(t *testing.T) {
	why := errors.New("interrupted")
	for name, a := range map[string]standin.Answer{
		"in the text":      {Items: []standin.Item{standin.Message(strings.Repeat("slow ", 1000))}, Pause: 10 * time.Millisecond},
		"in silence":       {Silence: time.Hour},
		"in a long wait":   standin.Refuse(429, "slow", "wait").RetryAfter("3600"),
		"in a wait on 503": standin.Refuse(503, "", "wait").RetryAfter("30"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := standin.ForTest(t, standin.Always(a))
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() {
				for len(s.Requests()) == 0 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(50 * time.Millisecond)
				cancel(why)
			}()
			if _, a, err := ask(ctx, client(s)); !errors.Is(err, why) || len(a.Items) != 0 || len(s.Requests()) != 1 {
				t.Errorf("%v, %d requests", err, len(s.Requests()))
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	s := standin.ForTest(t, standin.Always(standin.Say("x")))
	if _, _, err := ask(ctx, client(s)); !errors.Is(err, why) || len(s.Requests()) != 0 {
		t.Errorf("before all: %v, %d requests", err, len(s.Requests()))
	}
}

// TestRetriesAreTold checks what the callback hears, and that both numbers are obeyed.
func TestRetriesAreTold(t *testing.T) {
	after := standin.Refuse(429, "slow", "wait").RetryAfter("0.02")
	s := standin.ForTest(t, standin.Answers(after, standin.Say("cut").CutAt(100), standin.Say("ok")))
	c := client(s)
	var told []string
	c.Retrying = func(why error, wait time.Duration) {
		if len(told) == 0 && wait != 20*time.Millisecond || wait <= 0 || wait > time.Second {
			t.Errorf("%v: a wait of %v", why, wait)
		}
		told = append(told, why.Error())
	}
	if text, _, err := ask(t.Context(), c); err != nil || text != "ok" || len(told) != 2 || !strings.Contains(told[0], "429") || !strings.Contains(told[1], "broke off") {
		t.Errorf("%q %v %q", text, err, told)
	}
	for _, n := range []struct{ request, stream, want int }{{0, 4, 1}, {4, 0, 2}, {2, 2, 3}} {
		s := standin.ForTest(t, standin.Answers(standin.Refuse(500, "", "x"), standin.Say("cut").CutAt(100), standin.Refuse(500, "", "x"), standin.Refuse(500, "", "x")))
		c := client(s)
		c.RequestRetries, c.StreamRetries = n.request, n.stream
		if _, _, err := ask(t.Context(), c); err == nil || len(s.Requests()) != n.want {
			t.Errorf("%+v: %v, %d requests", n, err, len(s.Requests()))
		}
	}
}

// TestSideBySide checks that a client can be shared.
func TestSideBySide(t *testing.T) {
	s := standin.ForTest(t, standin.Always(calls))
	c := client(s)
	var good atomic.Int32
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			if _, a, err := ask(t.Context(), c); err == nil && len(a.Items) == 3 {
				good.Add(1)
			}
		}()
	}
	for range 8 {
		<-done
	}
	if good.Load() != 8 {
		t.Errorf("%d good answers", good.Load())
	}
}
