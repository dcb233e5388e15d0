package tool

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
	"github.com/lockstile/lockstile/session"
)

// Escalation is a model's request for more than the sandbox permits.
type Escalation struct {
	SandboxPermissions    string         `json:"sandbox_permissions,omitempty" jsonschema:"use_default, or require_escalated to ask the user for a start without the sandbox"`
	AdditionalPermissions map[string]any `json:"additional_permissions,omitempty" jsonschema:"with with_additional_permissions, which is refused here"`
	Justification         string         `json:"justification,omitempty" jsonschema:"with require_escalated: the question to the user, in one sentence"`
	PrefixRule            []string       `json:"prefix_rule,omitempty" jsonschema:"accepted and not kept: a yes is for one command"`
}

// Question is a question to a person before a command starts.
type Question struct {
	Command       string
	Input         string // what the command reads, such as a patch; "" for none
	Dir           string // the folder of the command, also the model's choice
	Escalate      bool   // whether the command is to start without the sandbox
	Justification string // the model's words
}

// Ask puts a question to a person and returns who said yes, and by which way; "" means
// no. An error means that nobody could be asked. ErrAsking means that the client will
// repeat the call with the answer.
type Ask func(context.Context, Question) (by string, err error)

// Caller is who calls a tool.
type Caller struct {
	Ask     Ask
	Call    string              // the name of the call, for the record: THREAD/CALL_ID; "" for none
	Started func(session.Entry) // gets the session as soon as the command runs; nil: nobody asks
}

// ErrAsking ends a call whose question is on its way to a person.
var ErrAsking = errors.New("the question is on its way to the user")

// start asks a person if the policy wants an approval, and starts the command if
// permitted. Refusals before the gate are in the log like all others.
func (s *Set) start(ctx context.Context, r lockstile.Request, by Caller, q Question, looks func() bool, e Escalation) (begun, error) {
	r.Call = by.Call
	if e.SandboxPermissions == "with_additional_permissions" || len(e.AdditionalPermissions) > 0 {
		err := notApproved("additional permissions can't be asked for here", "go on within the sandbox, or ask the user to change config.toml (writable_roots, network_access)", nil)
		s.recordRefused(r, err)
		return begun{}, err
	}
	switch e.SandboxPermissions {
	case "", "use_default":
	case "require_escalated":
		q.Escalate = true
	default:
		return begun{}, fmt.Errorf("sandbox_permissions is %q; it can be use_default or require_escalated", e.SandboxPermissions)
	}
	q.Justification = e.Justification
	if q.Dir = r.Dir; q.Dir == "" {
		q.Dir = s.policy.Workspace
	}
	var err error
	if r.Approval, err = s.approval(ctx, by.Ask, q, looks); err != nil {
		s.recordRefused(r, err)
		return begun{}, err
	}
	b := begun{Entry: session.Entry{Command: q.Command, Dir: q.Dir, Escalated: q.Escalate}, at: time.Now()}
	r.Explain.Try = s.try
	if b.Session, err = session.Start(s.gate, r); err != nil {
		return begun{}, err
	}
	s.prepare() // while the command begins, since both take a while
	var evicted *session.Entry
	if b.ID, evicted = s.running.Add(b.Entry); evicted != nil {
		b.evicted = fmt.Sprintf("Session %d (%s) was ended to make room: %d are kept", evicted.ID, shorten(evicted.Command), s.running.Most())
	}
	if by.Started != nil {
		b.Entry.Begun = b.at
		by.Started(b.Entry)
	}
	return b, nil
}

// begun is a session during a call.
type begun struct {
	session.Entry
	at      time.Time // when the call began to wait
	evicted string    // says that another session was ended; "" for none
}

// mode returns the policy of a command: escalated commands have danger-full-access.
func (s *Set) mode(b begun) policy.Policy {
	p := s.policy
	if b.Escalated {
		p.Mode = policy.ModeDangerFullAccess
	}
	return p
}

func (s *Set) recordRefused(r lockstile.Request, err error) {
	var why *refusal.Error
	if errors.As(err, &why) {
		s.gate.Refused(r, why)
	}
}

func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// approval asks a person if the policy wants an approval. A command that only looks needs
// no approval inside the sandbox.
func (s *Set) approval(ctx context.Context, ask Ask, q Question, looks func() bool) (*lockstile.Approval, error) {
	switch {
	case !q.Escalate && (s.policy.Approval != policy.ApprovalUntrusted || looks()):
		return nil, nil
	case q.Escalate && s.policy.Approval == policy.ApprovalNever:
		return nil, notApproved("approval_policy is never: nobody may be asked", "go on within the sandbox", nil)
	}
	by, err := ask(ctx, q)
	if errors.Is(err, ErrAsking) {
		return nil, err
	}
	if err != nil {
		return nil, notApproved("nobody could be asked", "use a client that can ask its user (MCP elicitation), or go on within the sandbox", err)
	}
	if by == "" {
		return nil, notApproved("the user said no", "go on without it, or ask what to do in its place", nil)
	}
	return &lockstile.Approval{By: by, Reason: q.Justification, Escalate: q.Escalate}, nil
}

func notApproved(reason, hint string, err error) error {
	return &refusal.Error{Code: refusal.CodeNotApproved, Stage: refusal.StageApprove, Reason: reason, Hint: hint, Err: err}
}

// Words writes a command line that can be read in only one way.
func Words(argv []string) string {
	out := make([]string, len(argv))
	for i, arg := range argv {
		out[i] = arg
		if arg == "" || strings.Trim(arg, plainLetters) != "" {
			out[i] = strconv.Quote(arg)
		}
	}
	return strings.Join(out, " ")
}

const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
