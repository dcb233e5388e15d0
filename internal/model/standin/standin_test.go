package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHistory(t *testing.T) {
	call := func(id string) string { return fmt.Sprintf(`{"type":"function_call","call_id":%q}`, id) }
	output := func(id string) string {
		return fmt.Sprintf(`{"type":"function_call_output","call_id":%q,"output":""}`, id)
	}
	for name, tt := range map[string]struct {
		input []string
		want  string // "" for none
	}{
		"good":              {[]string{call("1"), call("2"), output("2"), output("1")}, ""},
		"no output":         {[]string{call("1"), call("2"), output("2")}, `the call "1" has no output`},
		"two outputs":       {[]string{call("1"), output("1"), output("1")}, "has an output already"},
		"output first":      {[]string{output("1"), call("1")}, "no call before it"},
		"no call":           {[]string{output("1")}, "no call before it"},
		"an id twice":       {[]string{call("1"), output("1"), call("1"), output("1")}, "was used before"},
		"no id":             {[]string{`{"type":"function_call"}`}, "is none"},
		"another kind":      {[]string{call("1"), `{"type":"custom_tool_call_output","call_id":"1","output":""}`}, "wants a function_call_output"},
		"no output member":  {[]string{call("1"), `{"type":"function_call_output","call_id":"1"}`}, "no output in it"},
		"no type":           {[]string{`{"role":"user"}`}, "no type"},
		"a custom tool":     {[]string{`{"type":"custom_tool_call","call_id":"1"}`, `{"type":"custom_tool_call_output","call_id":"1","output":""}`}, ""},
		"lone reasoning":    {[]string{`{"type":"reasoning"}`, `{"type":"message","role":"user"}`}, "no item of the model follows"},
		"reasoning last":    {[]string{`{"type":"reasoning"}`}, "no item of the model follows"},
		"reasoning":         {[]string{`{"type":"reasoning"}`, `{"type":"reasoning"}`, call("1"), output("1")}, ""},
		"a message between": {[]string{call("1"), `{"type":"message"}`, output("1")}, ""},
	} {
		var input []map[string]any
		if err := json.Unmarshal([]byte("["+strings.Join(tt.input, ",")+"]"), &input); err != nil {
			t.Fatal(err)
		}
		got := checkHistory(input)
		if (len(got) == 0) != (tt.want == "") || !strings.Contains(strings.Join(got, "\n"), tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// probe is a test that remembers whether it failed.
type probe struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (p *probe) Errorf(format string, args ...any) {
	p.failures = append(p.failures, fmt.Sprintf(format, args...))
}
func (p *probe) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }

// TestFaultsFailTheTest checks that a wrong request is the test's failure.
func TestFaultsFailTheTest(t *testing.T) {
	p := &probe{TB: t}
	s := ForTest(p, Answers())
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, body := range []string{`{"model":"m","stream":true,"store":false,"input":[]}`, `{"model":"m","input":[]}`, `nonsense`} {
		res, err := c.Post(s.URL+"/responses", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(res.Body); err != nil {
			t.Error(err)
		}
		res.Body.Close()
	}
	for _, f := range p.cleanups {
		f()
	}
	if len(p.failures) != 3 || !strings.Contains(p.failures[0], "request 2: no stream") || !strings.Contains(p.failures[2], "request 3") {
		t.Errorf("%q", p.failures)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "10.0.0.1:0", "localhost:0", "example.com:80", "x"} {
		if s, err := Listen(address, Answers()); err == nil {
			s.Close()
			t.Errorf("%s was taken", address)
		}
	}
}

func TestIDsDiffer(t *testing.T) {
	s := ForTest(t, Always(Of(Call("a", 1), Call("b", 2))))
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	seen := map[string]int{}
	for range 3 {
		res, err := c.Post(s.URL+"/responses", "application/json", strings.NewReader(`{"model":"m","stream":true,"store":false,"input":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), `"call_id":"`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			seen[id]++
		}
	}
	if len(seen) != 6 {
		t.Errorf("%v", seen)
	}
}
