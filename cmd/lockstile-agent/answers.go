package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/mcpclient"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/policy"
)

// answers are the commands of the screen that answer with text.
func (f *front) answers() map[string]func(context.Context, []string) (string, error) {
	return map[string]func(context.Context, []string) (string, error){
		"doctor": f.doctor, "log": f.log, "explain": f.explain, "permissions": f.permissions, "resume": f.listThreads, "mcp": f.mcp,
	}
}

// doctor says what the machine holds under the policy of the session.
func (f *front) doctor(context.Context, []string) (string, error) {
	var b strings.Builder
	for _, found := range f.gate.Doctor([]policy.Policy{f.policy}) {
		mark := "ok  "
		switch {
		case found.Residual != "":
			continue // no machine holds these: lockstile doctor lists them
		case !found.OK:
			mark = "FAIL"
		}
		b.WriteString(plain.Sprintf("%s  %s: %s\n", mark, found.Name, found.Found))
		if found.Mend != "" {
			b.WriteString(plain.Sprintf("      mend: %s\n", found.Mend))
		}
	}
	return b.String(), nil
}

// mostLogged is how many lines of the log an answer has.
const mostLogged = 20

// log shows the last lines of sandbox.log.
func (f *front) log(context.Context, []string) (string, error) {
	lines, err := f.gate.Records(mostLogged)
	if errors.Is(err, fs.ErrNotExist) {
		return "nothing was started yet", nil
	}
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, raw := range lines {
		var l struct {
			Seq, Start          uint64
			Event, Mode, Reason string
			Argv                []string
			Proven              []string
			Exit                *int
			Signal              string
			Restriction, Stage  string
		}
		if err := json.Unmarshal(raw, &l); err != nil {
			return "", err
		}
		switch l.Event {
		case "start":
			b.WriteString(plain.Sprintf("#%d start, %s, %d restrictions proven: %s\n", l.Seq, l.Mode, len(l.Proven), strings.Join(l.Argv, " ")))
		case "end":
			end := "signal " + l.Signal
			if l.Exit != nil {
				end = fmt.Sprintf("exit %d", *l.Exit)
			}
			b.WriteString(plain.Sprintf("#%d end of #%d: %s\n", l.Seq, l.Start, end))
		case "refusal":
			b.WriteString(plain.Sprintf("#%d refused at %s %s: %s\n", l.Seq, l.Stage, l.Restriction, l.Reason))
		default:
			b.WriteString(plain.Sprintf("#%d %s\n", l.Seq, l.Event))
		}
	}
	return b.String(), nil
}

const explainUse = "/explain read PATH, write PATH, connect HOST:PORT or env NAME"

// explain answers a question about the sandbox without a start.
func (f *front) explain(_ context.Context, words []string) (string, error) {
	if len(words) != 2 {
		return "", errors.New(explainUse)
	}
	access := policy.Access(words[0])
	switch access {
	case policy.AccessRead, policy.AccessWrite, policy.AccessConnect, policy.AccessEnv:
	default:
		return "", errors.New(explainUse)
	}
	r := lockstile.Request{Channel: "explain", Policy: f.policy, Explain: lockstile.Explain{Try: f.settings.Try}}
	target := words[1]
	if rest, inHome := strings.CutPrefix(target, "~/"); inHome && (access == policy.AccessRead || access == policy.AccessWrite) {
		target = filepath.Join(host.UserHome(), rest) // no shell has read the line
	}
	all, err := f.gate.Ask(r, lockstile.Question{Access: access, Target: target})
	if err != nil {
		return "", err
	}
	a := all[0]
	verdict := "denied"
	if a.Allowed {
		verdict = "allowed"
	}
	text := plain.Sprintf("%s: %s %s\nrule: %s\nlayer: %s\n", verdict, words[0], target, a.Rule, a.Layer)
	if a.Setting != "" {
		text += plain.Sprintf("change: %s\n", a.Setting)
	} else if a.Instead != "" {
		text += plain.Sprintf("change: %s\n", a.Instead)
	}
	return text, nil
}

// permissions says what commands may do, and which line decides.
func (f *front) permissions(context.Context, []string) (string, error) {
	var b strings.Builder
	for _, v := range f.policy.Values {
		from := v.From.Note
		if v.From.File != "" {
			from = fmt.Sprintf("%s:%d", v.From.File, v.From.Line)
		}
		b.WriteString(plain.Sprintf("%s = %v (%s)\n", v.Key, v.Value, from))
	}
	return b.String(), nil
}

// mcp shows the MCP servers: the record of each program, and the tools.
func (f *front) mcp(ctx context.Context, _ []string) (string, error) {
	all := f.servers.Servers()
	if len(all) == 0 {
		return "no MCP server is set; [mcp_servers.NAME] in config.toml sets one", nil
	}
	if err := f.servers.Wait(ctx); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range all {
		b.WriteString(serverText(s))
	}
	return b.String(), nil
}

func serverText(s *mcpclient.Server) string {
	if err := s.Problem(); err != nil {
		return plain.Sprintf("✖ %v\n", err)
	}
	how := plain.Sprintf("at %s", s.URL())
	if r := s.Record(); r.Seq != 0 {
		how = fmt.Sprintf("%s, %d restrictions proven #%d", r.Mode, r.Proven, r.Seq)
		if s.Free() {
			how = fmt.Sprintf("⚠ unconfined, as config.toml says #%d", r.Seq)
		}
	}
	text := plain.Sprintf("● %s: ", s.Name()) + how + "\n"
	for _, t := range s.Tools() {
		text += plain.Sprintf("    %s\n", t.Call)
	}
	for _, n := range s.Notes() {
		text += plain.Sprintf("    %s\n", n)
	}
	return text
}

// listThreads lists the threads of this workspace.
func (f *front) listThreads(context.Context, []string) (string, error) {
	all, err := f.threads(mostListed)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "no earlier session in this folder", nil
	}
	return listOf(all) + "/resume ID goes on with one\n", nil
}
