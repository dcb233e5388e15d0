package mcpclient

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds a wait of a test.
const patience = 30 * time.Second

// script is an MCP server that plays well, or badly in the way of its argument.
const script = `
import json, os, sys, time
way = sys.argv[1] if len(sys.argv) > 1 else ""
def out(text):
    sys.stdout.write(text); sys.stdout.flush()
def send(**m): out(json.dumps(dict(jsonrpc="2.0", **m)) + "\n")
def tool(name, **more): return dict(dict(name=name, description="does " + name, inputSchema={"type": "object", "properties": {"x": {"type": "string"}}}), **more)
if way == "greets": out("Welcome to the server!\n{not a message}\n[]\n\n")
if way == "dies": sys.stderr.write("no such database\n"); sys.exit(3)
if way == "silent": time.sleep(1000)
if way == "floods lines":
    for i in range(200000): out("noise %d\n" % i)
if way == "one line":
    for i in range(40): out("x" * (1 << 20))
    out("\n")
if way == "loud": sys.stderr.write("e" * (1 << 22)); sys.stderr.flush()
for line in sys.stdin:
    m = json.loads(line)
    if m.get("method") == "initialize":
        send(id=m["id"], result={"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "box", "version": "1"}})
        if way == "asks":
            send(id=900, method="sampling/createMessage", params={"messages": [], "maxTokens": 10})
            send(id=901, method="roots/list")
            send(id=902, method="elicitation/create", params={"message": "password?", "requestedSchema": {"type": "object", "properties": {}}})
    elif m.get("method") == "tools/list":
        tools = [tool("look", annotations={"readOnlyHint": True}), tool("run")]
        if way == "lies":
            tools += [tool("look"), tool("bad name"), tool("x" * 100), tool("array", inputSchema={"type": "array"}), tool("big", description="d" * 100000)] + [tool("t%d" % i) for i in range(300)]
        send(id=m["id"], result={"tools": tools})
        if way == "deaf": time.sleep(1000)
        if way in ("pings", "notes"):
            more = ""
            if way == "pings": more = ',"id":%d'
            line = '{"jsonrpc":"2.0","method":"%s"%s}\n' % (("ping", more) if more else ("notifications/tools/list_changed", ""))
            for i in range(300):
                out("".join(line % (i * 4000 + n) if more else line for n in range(4000)))
        if way == "changes": send(method="notifications/tools/list_changed")
    elif m.get("method") == "tools/call":
        name = m["params"]["name"]
        if way == "dies in a call": sys.stderr.write("segmentation fault\n"); sys.exit(139)
        if way == "sleeps in a call": time.sleep(1000)
        if way == "nonsense in a call": out('{"jsonrpc":"2.0","id":%d,"result":{"content":7}}\n' % m["id"]); continue
        if way == "another id": send(id=m["id"] + 1000, result={"content": []}); time.sleep(1000)
        if name == "run":
            text = os.popen("cat /proc/self/status | grep -c NoNewPrivs:.1; touch ../outside 2>&1; echo $GIVEN; id -u; env").read()
        else:
            text = "seen: " + json.dumps(m["params"].get("arguments"))
        send(id=m["id"], result={"content": [{"type": "text", "text": text if way != "huge" else "h" * 3000000}], "isError": way == "fails"})
    elif "id" in m and "method" not in m:
        sys.stderr.write("answer %s %s\n" % (m["id"], "error" if "error" in m else "result")); sys.stderr.flush()
`

// world is a gate with a workspace that has the server.
type world struct {
	*testing.T
	dir, ws string
	gate    *lockstile.Gate
	policy  policy.Policy
}

func newWorld(t *testing.T) *world {
	dir, err := os.MkdirTemp("/var/tmp", "lockstile-mcp-")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, dir: dir, ws: filepath.Join(dir, "ws")}
	w.must(os.Mkdir(w.ws, 0o755))
	w.must(os.WriteFile(w.ws+"/server.py", []byte(script), 0o644))
	w.gate, err = lockstile.Open(filepath.Join(dir, "home"))
	w.must(err)
	w.policy = policy.Policy{Mode: policy.ModeWorkspaceWrite, Workspace: w.ws, Env: policy.Env{Inherit: policy.InheritAll}}
	t.Cleanup(func() {
		if left := processesIn(w.ws); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
		w.gate.Close()
		os.RemoveAll(dir)
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) config(way string) Config {
	return Config{Name: "box", Command: []string{"python3", "server.py", way}, Start: 20 * time.Second, Call: 20 * time.Second}
}

// start starts a server and waits for it.
func (w *world) start(c Config) (*Set, *Server) {
	w.Helper()
	set := StartAll(w.gate, w.policy, []string{"PATH=/usr/bin:/bin", "HOME=" + w.ws}, []Config{c})
	w.Cleanup(func() {
		_ = set.Close()
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.must(set.Wait(ctx))
	return set, set.Servers()[0]
}

func processesIn(dir string) (out []string) {
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		if cwd, err := os.Readlink("/proc/" + p.Name() + "/cwd"); err == nil && strings.HasPrefix(cwd, dir) {
			out = append(out, p.Name())
		}
	}
	return out
}

// call calls a tool by the name for the model.
func (w *world) call(set *Set, name, arguments string) (Answer, error) {
	w.Helper()
	s, t, ok := set.Find(name)
	if !ok {
		w.Fatalf("there is no tool %s", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.Call(ctx, t, json.RawMessage(arguments))
}

// starts returns the start lines of the log, as JSON.
func (w *world) starts() (out []map[string]any) {
	f, err := os.Open(filepath.Join(w.dir, "home/sandbox.log"))
	w.must(err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var l map[string]any
		w.must(json.Unmarshal(lines.Bytes(), &l))
		if l["event"] == "start" {
			out = append(out, l)
		}
	}
	return out
}

// TestConfined checks that a server runs confined, with the session's policy and a record,
// and gets the variables of its table alone.
func TestConfined(t *testing.T) {
	w := newWorld(t)
	c := w.config("")
	c.Env = map[string]string{"GIVEN": "given"}
	set, s := w.start(c)
	if err := s.Problem(); err != nil {
		t.Fatal(err)
	}
	a, err := w.call(set, "mcp__box__run", "{}")
	w.must(err)
	if lines := strings.Split(a.Text, "\n"); lines[0] != "1" || !strings.Contains(a.Text, "\ngiven\n") {
		t.Errorf("the server says %q", a.Text)
	}
	if _, err := os.Stat(w.dir + "/outside"); err == nil {
		t.Error("the server wrote outside")
	}
	l := w.starts()[0]
	if l["call"] != "mcp/box" || l["channel"] != "mcp-server" || l["mode"] != "workspace-write" || float64(s.Record().Seq) != l["seq"] || len(l["proven"].([]any)) != s.Record().Proven {
		t.Errorf("the log has %v", l)
	}
	if a, err = w.call(set, "mcp__box__look", `{"x":"y"}`); err != nil || a.Text != `seen: {"x": "y"}` {
		t.Errorf("%+v, %v", a, err)
	}
	if n := len(set.Declare()); n != 2 {
		t.Errorf("%d tools are declared", n)
	}
}

// TestFree checks that the user's own configuration starts a server outside the sandbox,
// in a mode of its own with both modes in the record.
func TestFree(t *testing.T) {
	w := newWorld(t)
	c := w.config("")
	c.Free = true
	set, s := w.start(c)
	w.must(s.Problem())
	if _, err := w.call(set, "mcp__box__run", "{}"); err != nil || s.Record().Mode != policy.ModeDangerFullAccess {
		t.Errorf("%v, %+v", err, s.Record())
	}
	if _, err := os.Stat(w.dir + "/outside"); err != nil {
		t.Error("the server could not write outside")
	}
	if a, _ := w.starts()[0]["approval"].(map[string]any); a["escalated_from"] != "workspace-write" || !strings.Contains(fmt.Sprint(a["by"]), "config.toml") {
		t.Errorf("the approval is %v", a)
	}
}

// TestBadServers checks that a server that plays badly ends as a problem, or is survived.
func TestBadServers(t *testing.T) {
	for way, want := range map[string]string{
		"greets": "", "floods lines": "", "one line": "", "loud": "", "asks": "", "changes": "",
		"dies": "no such database", "silent": "no greeting within",
	} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			c := w.config(way)
			if way == "silent" {
				c.Start = 500 * time.Millisecond
			}
			set, s := w.start(c)
			err := s.Problem()
			if want != "" {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the network is off") {
					t.Errorf("the problem is %v", err)
				}
				return
			}
			w.must(err)
			if a, err := w.call(set, "mcp__box__look", "{}"); err != nil || a.Text != "seen: {}" {
				t.Errorf("%+v, %v", a, err)
			}
			if way == "asks" {
				for _, id := range []string{"answer 900 error", "answer 901 result", "answer 902 error"} {
					for end := time.Now().Add(patience); !strings.Contains(s.said.String(), id); time.Sleep(10 * time.Millisecond) {
						if time.Now().After(end) {
							t.Fatalf("%q is missing in %q", id, s.said.String())
						}
					}
				}
			}
		})
	}
	w := newWorld(t)
	c := w.config("")
	c.Command = []string{"/no/such/server"}
	if _, s := w.start(c); s.Problem() == nil || !strings.Contains(s.Problem().Error(), "/no/such/server") {
		t.Errorf("the problem of an absent program is %v", s.Problem())
	}
}

// TestBadCalls checks that a call ends, whatever the server does.
func TestBadCalls(t *testing.T) {
	for way, want := range map[string]string{
		"dies in a call": "segmentation fault", "sleeps in a call": "no answer within", "nonsense in a call": "", "another id": "no answer within",
	} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			c := w.config(way)
			c.Call = 2 * time.Second
			set, _ := w.start(c)
			if a, err := w.call(set, "mcp__box__look", "{}"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	w := newWorld(t)
	set, _ := w.start(w.config("huge"))
	if a, err := w.call(set, "mcp__box__look", "{}"); err != nil || len(a.Text) > mostText+100 || !strings.Contains(a.Text, "bytes left out") {
		t.Errorf("%d bytes, %v", len(a.Text), err)
	}
	set, _ = w.start(w.config("fails"))
	if a, err := w.call(set, "mcp__box__look", "{}"); err != nil || !a.Failed {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestOffer checks what of a lying server's offer is left out, and the user's choice.
func TestOffer(t *testing.T) {
	w := newWorld(t)
	_, s := w.start(w.config("lies"))
	notes := strings.Join(s.Notes(), "\n")
	for _, want := range []string{"another tool has the same name", "other letters", "longer than 64", "no JSON schema", "only the first 200"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is missing in %s", want, notes)
		}
	}
	for _, tool := range s.Tools() {
		if len(tool.Description) > mostDescription {
			t.Errorf("%s has a description of %d bytes", tool.Name, len(tool.Description))
		}
	}
	c := w.config("")
	c.Only = []string{"look", "none"}
	if _, s = w.start(c); len(s.Tools()) != 1 || s.Tools()[0].Name != "look" || !strings.Contains(strings.Join(s.Notes(), ""), `"none"`) {
		t.Errorf("%+v, %q", s.Tools(), s.Notes())
	}
	c = w.config("")
	c.Without = []string{"look"}
	if _, s = w.start(c); slices.ContainsFunc(s.Tools(), func(t Tool) bool { return t.Name == "look" }) {
		t.Errorf("%+v", s.Tools())
	}
}

// TestAddress checks a server at an address: the token goes there, and to no other host.
func TestAddress(t *testing.T) {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	server := mcp.NewServer(&mcp.Implementation{Name: "far", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "look"}, func(_ context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: r.Extra.Header.Get("Authorization")}}}, nil, nil
	})
	far := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	defer far.Close()
	w := newWorld(t)
	set, s := w.start(Config{Name: "far", URL: far.URL, Token: "secret", Start: patience, Call: patience})
	w.must(s.Problem())
	if a, err := w.call(set, "mcp__far__look", "{}"); err != nil || a.Text != "Bearer secret" || s.Record().Seq != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	w.must(set.Close())
	got := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	defer other.Close()
	leads := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer leads.Close()
	if _, s := w.start(Config{Name: "leads", URL: leads.URL, Token: "secret", Start: patience, Call: patience}); s.Problem() == nil {
		t.Error("a redirect was followed")
	}
	select {
	case token := <-got:
		t.Errorf("the other host was asked, with %q", token)
	default:
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	address := "http://" + l.Addr().String()
	l.Close()
	if _, s := w.start(Config{Name: "gone", URL: address, Start: patience, Call: patience}); s.Problem() == nil {
		t.Error("a server that isn't there has no problem")
	}
}
