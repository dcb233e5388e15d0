package lockstile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/news"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/residual"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// The lines of sandbox.log that the gate writes. docs/log.md documents the fields.
type startLine struct {
	Event     string                `json:"event"` // "start"
	Mode      string                `json:"mode"`
	Rung      string                `json:"rung"`
	Channel   string                `json:"channel"`        // the way by which the request came
	Call      string                `json:"call,omitempty"` // the model's call that the command answers
	IO        string                `json:"io"`             // "pipes" or "terminal"
	Argv      []string              `json:"argv"`
	Policy    string                `json:"policy"` // policy.Policy.Digest of the policy that held
	Workspace string                `json:"workspace"`
	Dir       string                `json:"dir,omitempty"` // the command's folder, unless the workspace
	Approval  *approvalField        `json:"approval,omitempty"`
	User      int                   `json:"uid"`
	Account   string                `json:"account,omitempty"`   // on Windows: the SID of the command's user, as measured
	By        int                   `json:"by"`                  // our pid
	PID       int                   `json:"pid"`                 // the command's, on the host
	Unseen    int                   `json:"unseen,omitempty"`    // folders of the writable roots not read for trusted names, at least
	Closed    []Closed              `json:"closed,omitempty"`    // folders of the writable roots that the command may not write
	Linked    []string              `json:"linked,omitempty"`    // trusted files with a second name
	Residuals []string              `json:"residuals,omitempty"` // residuals of this start: docs/residuals.md
	Limits    *plan.Limits          `json:"limits,omitempty"`
	Git       *gitField             `json:"git,omitempty"`       // the workspace's repository, in workspace-write
	Caches    []string              `json:"caches,omitempty"`    // private caches of the command: docs/caches.md
	NoCaches  []string              `json:"no_caches,omitempty"` // caches that the command can't write, with the reason
	Network   *networkField         `json:"network,omitempty"`   // servers that the command may reach by name
	Proven    []refusal.Restriction `json:"proven"`
}

// approvalField is the approval in a start line.
type approvalField struct {
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
	From   string `json:"escalated_from,omitempty"` // the policy's mode, if the command left the mode
}

func approvalOf(r Request) *approvalField {
	if r.Approval == nil {
		return nil
	}
	f := &approvalField{By: r.Approval.By, Reason: redact.Text(r.Approval.Reason)}
	if r.Approval.Escalate {
		f.From = r.Policy.Mode.String()
	}
	return f
}

type endLine struct {
	Event        string            `json:"event"` // "end"
	Start        uint64            `json:"start"` // seq of the start line
	Exit         *int              `json:"exit,omitempty"`
	Signal       string            `json:"signal,omitempty"`
	Error        string            `json:"error,omitempty"`
	Denied       []string          `json:"denied,omitempty"`        // names made by the command and taken back
	Left         []string          `json:"left,omitempty"`          // names made by the command that could not be taken back
	Exceeded     string            `json:"exceeded,omitempty"`      // the limit for which the tree was ended
	EndedBecause string            `json:"ended_because,omitempty"` // what the command did, for which the tree was ended
	Trust        *news.News        `json:"trust,omitempty"`         // what is new or changed, and what programs of the host may obey
	Ended        *endedField       `json:"ended,omitempty"`         // processes that the command left behind, and that were ended
	Git          *gitEnd           `json:"git,omitempty"`           // what the command did to the git directory
	Obstacles    []Obstacle        `json:"obstacles,omitempty"`     // places where the sandbox stood in the way
	Connections  *connectionsField `json:"connections,omitempty"`   // decisions about servers
	Millis       int64             `json:"ms"`
}

// endedField counts processes; of many the log keeps the first names.
type endedField struct {
	Count int      `json:"count"`
	Names []string `json:"names"`
}

const mostEndedNames = 20

func endedOf(names []string) *endedField {
	if len(names) == 0 {
		return nil
	}
	return &endedField{len(names), names[:min(len(names), mostEndedNames)]}
}

// recoveryLine lists the names left by starts whose processes were all killed at once.
type recoveryLine struct {
	Event     string   `json:"event"` // "recovery"
	Workspace string   `json:"workspace"`
	By        int      `json:"by"`
	Denied    []string `json:"denied"`
}

type refusalLine struct {
	Event       string              `json:"event"` // "refusal"
	Mode        string              `json:"mode"`
	Channel     string              `json:"channel"`
	Call        string              `json:"call,omitempty"`
	IO          string              `json:"io"`
	Argv        []string            `json:"argv"`
	Workspace   string              `json:"workspace"`
	User        int                 `json:"uid"`
	By          int                 `json:"by"`
	Code        refusal.Code        `json:"code"`
	Stage       refusal.Stage       `json:"stage"`
	Restriction refusal.Restriction `json:"restriction,omitempty"`
	Reason      string              `json:"reason"`
}

// record is a start in the log.
type record struct {
	Record
	begun time.Time
}

// Record is the part of a start line that is worth showing.
type Record struct {
	Seq    uint64      // the number of the line in sandbox.log
	Mode   policy.Mode // the mode of the command
	Proven int         // how many restrictions were shown to hold

	// NotHeld says what the start does not hold although the policy asks for it, "" if it
	// holds all. Only linux.without_namespaces makes such a start.
	NotHeld string
}

// Record returns what the log says about the child's start.
func (c *Child) Record() Record { return c.record.Record }

// warmRecords lets the encoder learn the lines before a caller waits for a line.
var warmRecords = sync.OnceFunc(func() {
	_, _ = json.Marshal(startLine{})
	_, _ = json.Marshal(endLine{})
})

// recordStart writes the start line. Nothing is released without the line.
func (g *Gate) recordStart(r Request, c *confined) (record, error) {
	p := c.intent.plan
	caches, noCaches := cacheNames(c.intent.facts.Caches)
	receipt, err := g.log.Append(startLine{
		Event: "start", Mode: p.Mode.String(), Rung: string(p.Rung), Channel: channel(r), Call: call(r), IO: ioName(r),
		Argv: loggedArgs(r.Argv), Policy: c.intent.policy.Digest(), Workspace: redact.Text(r.Policy.Workspace), Dir: redact.Text(r.Dir), Approval: approvalOf(r),
		User: os.Geteuid(), Account: c.evidence.Facts["command.token.user"], By: os.Getpid(), PID: c.Command(), Residuals: residual.Of(p), Unseen: c.intent.trusted.Unseen, Closed: closedOf(c.intent.trusted), Linked: c.intent.trusted.Linked, Limits: limitsOf(p), Git: gitOf(c.intent), Caches: caches, NoCaches: noCaches, Network: networkOf(c.intent), Proven: c.verdict.Proven,
	})
	return record{Record{receipt.Seq, p.Mode, len(c.verdict.Proven), p.NotHeld()}, time.Now()}, err
}

// limitsOf returns a plan's limits, nil for none.
func limitsOf(p *plan.Plan) *plan.Limits {
	if p.Limits == (plan.Limits{}) {
		return nil
	}
	return &p.Limits
}

// recordRefusal records that nothing was started. recordRefusal writes nothing if the log
// is the reason: the caller has the refusal in any case. A start line in the log gets its
// end line instead.
func (g *Gate) recordRefusal(r Request, why *refusal.Error) {
	if why.Stage == refusal.StageRecord || why.Stage == refusal.StageRelease {
		return
	}
	receipt, err := g.log.Append(refusalLine{
		Event: "refusal", Mode: r.Policy.Mode.String(), Channel: channel(r), Call: call(r), IO: ioName(r), Argv: loggedArgs(r.Argv),
		Workspace: redact.Text(r.Policy.Workspace), User: os.Geteuid(), By: os.Getpid(),
		Code: why.Code, Stage: why.Stage, Restriction: why.Restriction, Reason: redact.Text(reasonOf(why)),
	})
	if err != nil {
		why.Err = errors.Join(why.Err, fmt.Errorf("the refusal is not in the log: %w", err))
	}
	why.Seq = receipt.Seq
}

// channel is the caller's own word, cut to mostChannel bytes.
func channel(r Request) string {
	if r.Channel == "" {
		return "library"
	}
	return r.Channel[:min(len(r.Channel), mostChannel)]
}

// call is the model's word in part, so it is cut and has no secret.
func call(r Request) string { return redact.Text(r.Call[:min(len(r.Call), mostCall)]) }

func ioName(r Request) string {
	if r.Terminal != nil {
		return "terminal"
	}
	return "pipes"
}

func reasonOf(why *refusal.Error) string {
	if why.Err != nil {
		return why.Reason + ": " + why.Err.Error()
	}
	return why.Reason
}

// recordNoExec writes the end line of a command that could not be executed.
func (g *Gate) recordNoExec(rec record, why error) {
	_, err := g.log.Append(endLine{Event: "end", Start: rec.Seq, Error: redact.Text(why.Error()), Millis: rec.millis()})
	var r *refusal.Error
	if err != nil && errors.As(why, &r) {
		r.Err = errors.Join(r.Err, fmt.Errorf("the end is not in the log: %w", err))
	}
}

func (r record) millis() int64 { return time.Since(r.begun).Milliseconds() }

// The log keeps this much of a command line, in bytes.
const (
	mostLoggedArg  = 4 << 10
	mostLoggedArgs = 64 << 10
)

// loggedArgs returns a command line for the log: without secrets, and of a long one the
// beginning, with the size of the rest.
func loggedArgs(argv []string) []string {
	var out []string
	size := 0
	for i, arg := range redact.Args(argv) {
		if size > mostLoggedArgs {
			return append(out, fmt.Sprintf("… %d more arguments", len(argv)-i))
		}
		if n := len(arg); n > mostLoggedArg {
			arg = fmt.Sprintf("%s… %d more bytes", strings.ToValidUTF8(arg[:mostLoggedArg], ""), n-mostLoggedArg)
		}
		out, size = append(out, arg), size+len(arg)
	}
	return out
}
