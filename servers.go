package lockstile

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstile/lockstile/internal/beside"
	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// serversProgram reaches servers by name for the commands of a start.
const serversProgram = "lockstile-net"

// findServersProgram returns the path of lockstile-net.
func findServersProgram() (string, error) {
	path, err := beside.Program(serversProgram)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return "", &refusal.Error{Code: refusal.CodeUnsupported, Stage: refusal.StagePlan, Restriction: refusal.ServersByName,
			Reason: fmt.Sprintf("%s, which reaches the servers that [network] allows, is missing: lockstile looks for it as %s", serversProgram, path), Hint: beside.Fetch(path), Err: err}
	}
	return path, nil
}

// serversPolicy is the policy of lockstile-net: the network of the host, nothing to write,
// and nothing to read of the user's home but the program's folder. That folder is the
// workspace, which is there also below /tmp.
func serversPolicy(p policy.Policy, program, userHome string) policy.Policy {
	out := policy.Policy{Mode: policy.ModeReadOnly, Approval: policy.ApprovalNever, ReadOnlyNetwork: true, Workspace: filepath.Dir(program), Home: p.Home, Caches: policy.CachesOff, Git: policy.GitOff, Env: policy.Env{Inherit: policy.InheritNone}}
	if dir := out.Workspace; userHome != "" && userHome != "/" && userHome != dir {
		out.Read = []policy.ReadRule{{Pattern: glob.Escape(userHome)}, {Pattern: glob.Escape(dir), Allow: true}}
	}
	return out
}

// withServers sets the variables by which programs find the listener for servers by name, as
// far as the policy hands such variables on. The user's own proxies would not be reached.
func withServers(p policy.Policy, env []string, port int) []string {
	at := "http://127.0.0.1:" + strconv.Itoa(port)
	set := map[string]string{"NODE_USE_ENV_PROXY": "1"}
	for name, value := range map[string]string{"HTTP_PROXY": at, "HTTPS_PROXY": at, "ALL_PROXY": at, "NO_PROXY": "localhost,127.0.0.1,::1"} {
		set[name], set[strings.ToLower(name)] = value, value
	}
	out := slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return set[name] != ""
	})
	for name, value := range set {
		if p.DecideEnv(name, value).Allowed {
			out = append(out, name+"="+value)
		}
	}
	slices.Sort(out)
	return out
}

// networkField has the rules for servers in a start line.
type networkField struct {
	Allow   []string `json:"allow,omitempty"`
	Deny    []string `json:"deny,omitempty"`
	Private []string `json:"private,omitempty"`
	Publish []string `json:"publish,omitempty"`
	Sockets []string `json:"unix_sockets,omitempty"`
}

// networkOf returns what of [network] holds for a start, nil for nothing.
func networkOf(i *intent) *networkField {
	n := i.policy.Network
	out := &networkField{Publish: i.plan.Publish}
	if i.plan.ByName {
		out.Allow, out.Deny, out.Private = n.Allow, n.Deny, n.Private
	}
	for _, s := range i.facts.Sockets {
		out.Sockets = append(out.Sockets, redact.Text(s))
	}
	if len(out.Allow)+len(out.Private)+len(out.Publish)+len(out.Sockets) == 0 {
		return nil
	}
	return out
}

// connectionLine is a decision about a server, made for a start.
type connectionLine struct {
	Event   string   `json:"event"` // "connection"
	Start   uint64   `json:"start"`
	Via     string   `json:"via"` // "connect", "http" or "socks"
	Host    string   `json:"host"`
	Port    uint16   `json:"port"`
	Allowed bool     `json:"allowed"`
	Rule    string   `json:"rule,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Address string   `json:"address,omitempty"` // that is dialled first
	Others  []string `json:"others,omitempty"`
}

// connectionsField counts the decisions in an end line.
type connectionsField struct {
	Allowed  int    `json:"allowed"`
	Refused  int    `json:"refused"`
	Unlogged int    `json:"unlogged,omitempty"` // without a line of their own
	By       uint64 `json:"by,omitempty"`       // the start of lockstile-net
	Error    string `json:"error,omitempty"`    // lockstile-net could not be started, or ended before the command
}

// serversError says why no server could be reached, "" if nothing was wrong.
func (c *connectionsField) serversError() string {
	if c == nil {
		return ""
	}
	return c.Error
}

// deniedServers lists servers that the rules kept out, the first ones.
func (c *Child) deniedServers() (out []obstacle.ServerDenied) {
	for _, d := range c.servers.denied() {
		out = append(out, obstacle.ServerDenied{Host: d.host, Port: d.port, Reason: d.reason})
	}
	return out
}

// refusedServer is a refusal as the record tells it apart from others.
type refusedServer struct {
	host   string
	port   uint16
	reason string
}

// serversRefused says why lockstile-net does not run.
func serversRefused(err error) error {
	why := asRefusal(err)
	return &refusal.Error{Code: why.Code, Stage: refusal.StageConfine, Restriction: refusal.ServersByName,
		Reason: serversProgram + ", which reaches the servers that [network] allows, could not be started", Hint: cmp.Or(why.Hint, "remove the rules of [network]"), Err: err}
}
