package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/config"
	"github.com/lockstile/lockstile/internal/mcpclient"
	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/pty"
	"github.com/lockstile/lockstile/internal/rollout"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// front joins the parts. One configuration, one gate and one set of tools serve all
// threads of a run.
type front struct {
	*commandLine
	home    string
	policy  policy.Policy
	config  config.Session
	secrets config.Secrets
	client  *model.Client
	model   string // "" without a model
	gate    *lockstile.Gate
	tools   *tool.Set
	servers *mcpclient.Set
	program string
	root    string // of the repository, or the workspace
	reads   bool   // AGENTS.md is read to the model

	thread *agent.Thread
	file   *rollout.File
}

// open reads the configuration and opens the gate. Variables with keys leave the
// environment before anything can be started.
func open(c *commandLine) (*front, error) {
	f := &front{commandLine: c}
	var err error
	if f.policy, f.config, f.home, err = c.settings.LoadSession(); err != nil {
		return nil, err
	}
	var environ []string
	if f.secrets, environ, err = f.config.TakeSecrets(); err != nil {
		return nil, err
	}
	if f.program, err = os.Executable(); err != nil {
		return nil, err
	}
	if err := f.findModel(); err != nil {
		return nil, err
	}
	f.root = agent.Root(f.policy.Workspace)
	if f.gate, err = lockstile.Open(f.home); err != nil {
		return nil, err
	}
	if err := f.findTrust(); err != nil {
		return nil, errors.Join(err, f.gate.Close())
	}
	f.tools = tool.New(f.gate, f.policy, environ, "agent")
	f.tools.Tries(c.settings.Try)
	servers, err := f.serverConfigs()
	if err != nil {
		return nil, errors.Join(err, f.tools.Close(), f.gate.Close())
	}
	f.servers = mcpclient.StartAll(f.gate, f.policy, environ, servers)
	return f, nil
}

// findTrust decides whether AGENTS.md is read to the model.
func (f *front) findTrust() (err error) {
	if f.trusts {
		f.reads = true
		return trust(f.home, f.root)
	}
	f.reads, err = trusted(f.home, f.root)
	return err
}

// findModel makes the client of the provider in use.
func (f *front) findModel() error {
	f.model = f.config.Model
	f.client = &model.Client{}
	if f.settings.OSS {
		address, name, err := model.FindLocal(context.Background())
		if err != nil {
			return err
		}
		if f.model == "" {
			f.model = name
		}
		f.client = &model.Client{Provider: "the server on this machine", URL: address, RequestRetries: model.DefaultRetries, StreamRetries: model.DefaultRetries}
		return nil
	}
	if f.model == "" && f.commandLine.exec {
		return noModel()
	}
	if f.model == "" {
		return nil
	}
	return f.useProvider()
}

// useProvider makes the client of the provider of config.toml.
func (f *front) useProvider() error {
	p := f.config.Provider
	key, err := f.secrets.Key(p)
	if err != nil {
		return err
	}
	header, query, err := f.secrets.Headers(p)
	if err != nil {
		return err
	}
	*f.client = model.Client{Provider: p.ID, URL: p.URL, Key: key, KeyName: p.KeyVar, Header: http.Header{}, Query: url.Values{},
		RequestRetries: p.RequestRetries, StreamRetries: p.StreamRetries, Idle: p.Idle}
	for name, value := range header {
		f.client.Header.Set(name, value)
	}
	for name, value := range query {
		f.client.Query.Set(name, value)
	}
	return nil
}

// setModel has the thread ask another model. The first model needs the provider as well.
func (f *front) setModel(name string) error {
	if f.client.URL == "" {
		if err := f.useProvider(); err != nil {
			return err
		}
	}
	f.model = name
	f.thread.SetModel(name)
	return nil
}

// serverConfigs are the enabled MCP servers, with their tokens.
func (f *front) serverConfigs() ([]mcpclient.Config, error) {
	var out []mcpclient.Config
	for _, s := range f.config.Servers {
		if !s.Enabled {
			continue
		}
		token, err := f.secrets.Token(s)
		if err != nil {
			return nil, err
		}
		c := mcpclient.Config{Name: s.Name, Env: s.Env, Dir: s.Dir, Free: s.Free, URL: s.URL, Token: token, Start: s.Start, Call: s.Call, Only: s.Only, Without: s.Without}
		if s.Command != "" {
			c.Command = append([]string{s.Command}, s.Args...)
		}
		out = append(out, c)
	}
	return out, nil
}

// close ends all running commands.
func (f *front) close() {
	f.leave()
	if err := errors.Join(f.servers.Close(), f.tools.Close(), f.gate.Close()); err != nil {
		failed(err, 0)
	}
}

// leave ends the use of a thread. A thread without a prompt leaves no rollout.
func (f *front) leave() {
	if f.file == nil {
		return
	}
	if !f.thread.Prompted() {
		_ = os.Remove(f.file.Path)
	}
	f.file.Close()
	f.thread, f.file = nil, nil
}

// options are the parts of any thread, besides the file.
func (f *front) options(listen func(agent.Event), ask tool.Ask) agent.Options {
	return agent.Options{Client: f.client, Model: f.model, Effort: f.config.Effort, Window: f.config.Window, Policy: f.policy, Tools: f.tools,
		Servers: f.servers, Program: []string{f.program}, Instructions: f.reads, Ask: ask, Listen: listen}
}

// begin makes a new thread.
func (f *front) begin(o agent.Options) error {
	o.ID = strings.ToLower(rand.Text()[:16])
	file, err := rollout.Create(f.home, o.ID, time.Now())
	if err != nil {
		return err
	}
	o.Rollout = file
	thread := agent.New(o)
	if err := thread.Begin(); err != nil {
		file.Close()
		return err
	}
	f.change(thread, file)
	return nil
}

// goOn makes a thread from a rollout, and returns the events to show.
func (f *front) goOn(name string, o agent.Options) (shown []agent.Event, err error) {
	path, err := f.find(name)
	if err != nil {
		return nil, err
	}
	if f.file != nil && f.file.Path == path {
		return nil, errors.New("this is the session " + name)
	}
	file, lines, err := rollout.Open(path)
	if err != nil {
		return nil, err
	}
	o.ID, o.Rollout = file.ID, file
	thread := agent.New(o)
	if shown, err = thread.Resume(lines); err != nil {
		file.Close()
		return nil, err
	}
	f.change(thread, file)
	return shown, nil
}

// change leaves the thread in use for another one.
func (f *front) change(thread *agent.Thread, file *rollout.File) {
	f.leave()
	f.thread, f.file = thread, file
}

// find returns the rollout of a thread: by ID, or the last of this workspace.
func (f *front) find(name string) (string, error) {
	all, err := rollout.List(f.home)
	if err != nil {
		return "", err
	}
	for _, info := range all {
		if info.ID == name {
			return info.Path, nil
		}
		if name == lastThread {
			if d, ok := describe(info); ok && d.dir == f.policy.Workspace {
				return info.Path, nil
			}
		}
	}
	return "", &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StageConfig, Reason: fmt.Sprintf("there is no session %q for %s", name, f.policy.Workspace), Hint: "lockstile resume lists the sessions"}
}

// description is what a list shows of a thread.
type description struct {
	rollout.Info
	dir    string // the workspace
	prompt string // the first
}

// describe reads the beginning of a rollout, up to the first prompt. Without a prompt
// there is nothing to go on with.
func describe(info rollout.Info) (d description, ok bool) {
	d.Info = info
	err := rollout.Each(info.Path, func(l rollout.Line) bool {
		switch l.Type {
		case rollout.Meta:
			var meta struct{ Cwd string }
			_ = json.Unmarshal(l.Payload, &meta)
			d.dir = meta.Cwd
		case rollout.Event:
			var e agent.Event
			if json.Unmarshal(l.Payload, &e) == nil && e.Item != nil && e.Item.Type == agent.UserMessage {
				d.prompt, ok = e.Item.Text, true
			}
		}
		return !ok
	})
	return d, ok && err == nil
}

// threads lists the threads of this workspace that can be resumed, the newest first.
func (f *front) threads(most int) ([]description, error) {
	all, err := rollout.List(f.home)
	if err != nil {
		return nil, err
	}
	var out []description
	for _, info := range all {
		if d, ok := describe(info); ok && d.dir == f.policy.Workspace {
			if out = append(out, d); len(out) == most {
				break
			}
		}
	}
	return out, nil
}

// exec carries one task out.
func (f *front) exec() int {
	prompt, err := readPrompt(f.words, os.Stdin)
	if err != nil {
		plain.Err("lockstile exec: %v\n%s", err, "hint: lockstile exec PROMPT, or lockstile exec - to read the prompt from standard input\n")
		return exitUsage
	}
	k := &task{asJSON: f.asJSON, out: os.Stdout, err: os.Stderr}
	if f.lastFile != "" {
		if k.file, err = openLast(f.lastFile, f.policy); err != nil {
			return failed(err, exitUsage)
		}
		defer k.file.Close()
	}
	o := f.options(k.listen, k.ask)
	if f.schemaFile != "" {
		if o.Schema, k.schema, err = readSchema(f.schemaFile); err != nil {
			return failed(err, exitUsage)
		}
	}
	if f.resume != "" {
		_, err = f.goOn(f.resume, o)
	} else {
		err = f.begin(o)
	}
	if err != nil {
		return failed(err, exitUsage)
	}
	k.thread = f.thread
	return k.run(prompt)
}

// isTerminal reports whether a file is a terminal.
func isTerminal(file *os.File) bool { return pty.ClassifyStd(file) == pty.KindTerminal }
