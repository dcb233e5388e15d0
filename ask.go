package lockstile

import (
	"github.com/lockstile/lockstile/internal/obstacle"
	"github.com/lockstile/lockstile/internal/question"
	"github.com/lockstile/lockstile/policy"
)

// Question asks whether a command may do something. The target is a path (read, write),
// HOST:PORT or unix:PATH (connect), or the name of a variable (env). A relative path
// begins at the workspace.
type Question struct {
	Access policy.Access
	Target string
}

// Answer is the answer to a Question. No command has tried the access.
type Answer struct {
	Access  policy.Access `json:"access"`
	Target  string        `json:"target"`
	Path    string        `json:"path,omitempty"` // the path without links, as the command sees it
	Allowed bool          `json:"allowed"`
	Rule    string        `json:"rule"`  // the deciding rule
	From    policy.Origin `json:"from"`  // the place of the rule in the configuration
	Layer   string        `json:"layer"` // what enforces the answer on Linux
	Notes   []string      `json:"notes,omitempty"`

	Setting string `json:"setting,omitempty"`  // the line of config.toml, or --sandbox MODE, that would turn the answer around; tried
	Instead string `json:"instead,omitempty"`  // without a setting: the reason
	AtStart bool   `json:"at_start,omitempty"` // a line of config.toml would not count: the command line or a profile decides about the key
}

// Ask answers questions about a command that has not started. Request.Explain.Try tries
// the settings. Ask starts, makes and records nothing. Every error is the *refusal.Error
// that Start would return.
func (g *Gate) Ask(r Request, questions ...Question) ([]Answer, error) {
	own, _ := locate(g.named) // the folder need not exist yet
	i, err := planFor(own, r.Policy, r.Env, knowledge{}, nil)
	if err != nil {
		return nil, asRefusal(err)
	}
	world := i.world(r.Env)
	out := make([]Answer, len(questions))
	for n, q := range questions {
		out[n] = answerOf(world, q, r.Explain.Try)
	}
	return out, nil
}

func (i *intent) world(environ []string) question.World {
	w := question.World{Policy: i.policy, Facts: i.facts, Plan: i.plan, Env: environ, Given: i.command.Env}
	if i.facts.Git.None && i.facts.OS == "linux" && i.policy.Git != policy.GitOff && i.policy.Mode == policy.ModeWorkspaceWrite {
		w.Init = i.policy.Workspace + "/.git"
	}
	return w
}

func answerOf(w question.World, q Question, try obstacle.Try) Answer {
	a := w.Ask(q.Access, q.Target)
	out := Answer{Access: q.Access, Target: q.Target, Path: a.Path, Allowed: a.Allowed, Rule: a.Rule, From: a.From, Layer: a.Layer, Instead: a.Why}
	for _, note := range []string{a.Note, a.Residual} {
		if note != "" {
			out.Notes = append(out.Notes, note)
		}
	}
	if a.Fixed {
		return out
	}
	target := q.Target
	switch {
	case q.Access == policy.AccessEnv:
		target = w.Variable(target)
	case a.Path != "" && q.Access != policy.AccessConnect:
		target = a.Path
	}
	change := obstacle.Seen{Policy: w.Policy, Try: try}.Change(q.Access, target)
	out.Setting, out.Instead, out.AtStart = change.Setting, change.Instead, change.AtStart
	return out
}

// Flag returns the setting as arguments for a shell, "" without a setting.
func (a Answer) Flag() string { return obstacle.Obstacle{Setting: a.Setting}.Flag() }
