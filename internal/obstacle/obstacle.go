// Package obstacle explains where the sandbox stood in a command's way: from facts that
// the gate saw, and from the command's output, checked against the policy. Each
// explanation is data: the cause, the quoted line, and a setting that would allow the act.
//
// The output is the command's own text, and may try to choose a setting. Therefore
// package obstacle must never apply a setting, never propose a setting without a trial of
// the setting, and never look at a place that the command can't see. Package obstacle
// opens no file, and starts nothing. The command line is text like the output.
package obstacle

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/policy"
)

// The kinds say how an obstacle is known.
const (
	Observed = "observed" // by the gate
	Inferred = "inferred" // from the command's output and the policy
)

// Obstacle is a place where the sandbox stood in the way.
type Obstacle struct {
	Kind    string `json:"kind"`
	What    string `json:"what,omitempty"`    // the path, host or name
	Cause   string `json:"cause"`             // the restriction, in words
	Quote   string `json:"quote,omitempty"`   // the line of output
	Setting string `json:"setting,omitempty"` // KEY=VALUE for -c, or --sandbox MODE; "" for none
	Instead string `json:"instead,omitempty"` // without a setting: the reason, and the way on

	// AtStart reports that a line of config.toml would not count: the command line or a
	// profile decides about the key.
	AtStart bool `json:"-"`
}

// Flag returns the setting as arguments for a shell, "" without a setting.
func (o Obstacle) Flag() string {
	if o.Setting == "" || strings.HasPrefix(o.Setting, "--") {
		return o.Setting
	}
	return "-c " + plain.ShellQuote(o.Setting)
}

// Try returns the policy of the same request with more overrides, as with -c, and with a
// mode, as with --sandbox. ModeUnset keeps the request's own mode.
type Try func(mode policy.Mode, overrides ...string) (policy.Policy, error)

// Seen is a command, as seen by the gate and by a reader of the output.
type Seen struct {
	Policy policy.Policy
	Dir    string   // the command's folder, absolute; "" for the workspace
	Failed bool     // the command has ended, and not with 0
	Status int      // the exit code, or 128+N
	Argv   []string // the command line; text like the output
	Output string   // any bytes; Find reads the beginning and the end
	Try    Try      // nil: nothing can be proposed

	Leads     map[string]string // names that are read-only because of another file: the file
	TakenBack []string          // protected names that the command made
	Exceeded  string            // the limit for which the tree was ended
	Refused   []string          // targets of connects that found nobody: ADDRESS:PORT or full paths
	BadCall   bool              // SIGSYS ended the command
	Git       []GitDenied       // content that may not stand in the git directory
	Servers   []ServerDenied    // servers that the rules of [network] keep out

	// ServersError says why no server of the rules could be reached, "" for none.
	ServersError string
}

// ServerDenied is a server that a command asked for by name, or an address. The port is 0 for
// a question about a name alone.
type ServerDenied struct {
	Host   string
	Port   uint16
	Reason string
}

// GitDenied is content that the git directory's server refused.
type GitDenied struct{ Path, Why string }

// The bounds of the work.
const (
	mostInferred = 3        // obstacles from output
	mostObserved = 20       // names taken back
	mostText     = 64 << 10 // bytes of output: half from the beginning, half from the end
	mostLine     = 2 << 10  // bytes of a line
	mostLines    = 200      // lines that are compared with the policy
	mostQuote    = 120      // runes of a quoted line
)

// Find returns the obstacles, first the observed.
func Find(s Seen) []Obstacle {
	if s.Dir == "" {
		s.Dir = s.Policy.Workspace
	}
	inferred := slices.DeleteFunc(s.inferred(), func(o Obstacle) bool {
		return slices.ContainsFunc(s.Git, func(d GitDenied) bool { return d.Path == o.What })
	})
	return slices.Concat(s.observed(), s.servers(), s.gitContent(), s.connects(inferred), inferred)
}

// gitContent explains content that would make git on the host run or obey something.
func (s Seen) gitContent() []Obstacle {
	var out []Obstacle
	for _, d := range s.Git {
		if !s.Failed || len(out) == mostInferred {
			break
		}
		out = append(out, Obstacle{Kind: Observed, What: d.Path, Cause: d.Path + " may not have that content: " + d.Why, Instead: "git on the host obeys the file; ask the user to make the change"})
	}
	return out
}

// connects explains connects that found nobody, of a command that failed. What the output
// says about the network says more: it has names.
func (s Seen) connects(inferred []Obstacle) []Obstacle {
	if !s.Failed || len(s.Refused) == 0 {
		return nil
	}
	about := s.network()
	said := func(o Obstacle) bool { return o.Setting == about.setting && o.Instead == about.instead }
	if slices.ContainsFunc(inferred, said) {
		return nil
	}
	var out []Obstacle
	for _, target := range s.Refused {
		o := Obstacle{Kind: Observed, What: target}
		switch {
		case !strings.HasPrefix(target, "/") && !s.Policy.NetworkOpen() && !loopback(target):
			o = s.unreached(target, "the network is off: "+target+" was asked for, and commands have only a loopback of their own")
			o.Kind = Observed
		case strings.HasPrefix(target, "/") && s.foreign(target):
			o.Cause = "the socket " + target + " is the host's, and commands reach only sockets of their own"
			o.Instead = "no setting allows it; ask the user"
		default:
			continue
		}
		if out = append(out, o); len(out) == mostInferred {
			break
		}
	}
	return out
}

// loopback reports whether a target is the command's own loopback: whether the host has a
// server there is unknown.
func loopback(target string) bool {
	at, err := netip.ParseAddrPort(target)
	return err == nil && at.Addr().IsLoopback()
}

// foreign reports whether only the host can listen at a path.
func (s Seen) foreign(path string) bool {
	real := s.real(path)
	return !s.unseen(real) && !s.Policy.DecideWrite(real).Allowed
}

// observed explains what the gate saw.
func (s Seen) observed() []Obstacle {
	var out []Obstacle
	for _, name := range s.TakenBack[:min(len(s.TakenBack), mostObserved)] {
		out = append(out, Obstacle{Kind: Observed, What: name, Cause: "programs of the host trust that name, and the name was taken back",
			Instead: "ask the user to make it"})
	}
	if s.Exceeded != "" {
		out = append(out, s.exceeded())
	}
	if o, ok := s.signalled(); ok {
		out = append(out, o)
	}
	if s.BadCall && s.Policy.Mode != policy.ModeDangerFullAccess {
		out = append(out, Obstacle{Kind: Observed, Cause: "the command made a system call that the sandbox forbids, and the call ended the command (SIGSYS)",
			Instead: "ask the user to run the command outside the sandbox"})
	}
	return out
}

// inferred reads the output, line by line.
func (s Seen) inferred() []Obstacle {
	if m := s.Policy.Mode; m != policy.ModeReadOnly && m != policy.ModeWorkspaceWrite {
		return nil
	}
	var out []Obstacle
	lines := linesOf(s.Output)
	looked := 0
	for i := range lines {
		hit, ok := find(lines[i])
		if !ok {
			continue
		}
		if looked++; looked > mostLines {
			break
		}
		hit.before, hit.after = lines[max(i-3, 0):i], lines[i+1:min(i+9, len(lines))]
		o, ok := s.judge(hit)
		if ok && o.What == "" && hit.sign == signReadOnly {
			o = s.namedByCommand(o)
		}
		if o.Kind, o.Quote = Inferred, quote(hit.line); ok {
			out = withObstacle(out, o)
		}
		if len(out) == mostInferred {
			break
		}
	}
	if len(lines) == 0 && s.Failed {
		return s.silent()
	}
	return out
}

// withObstacle appends an obstacle that says something new. A named obstacle takes the
// place of a nameless one about the same.
func withObstacle(all []Obstacle, o Obstacle) []Obstacle {
	for i, x := range all {
		same := x.Setting != "" && x.Setting == o.Setting || x.aboutWriting() && o.aboutWriting()
		switch {
		case x.Cause == o.Cause && x.What == o.What, same && o.What == "":
			return all
		case same && x.What == "":
			all[i] = o
			return all
		}
	}
	return append(all, o)
}

// aboutWriting reports whether a place may not be written.
func (o Obstacle) aboutWriting() bool { return strings.Contains(o.Cause, "may not be written") }

// linesOf splits the beginning and the end of a text, without colours and other sequences
// for terminals.
func linesOf(text string) []string {
	if len(text) > mostText {
		text = text[:mostText/2] + "\n" + text[len(text)-mostText/2:]
	}
	var out []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(bare(line[:min(len(line), mostLine)]))
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// bare removes escape sequences of the form CSI, ECMA-48.
func bare(line string) string {
	if !strings.Contains(line, "\x1b[") {
		return line
	}
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(line, "\x1b[")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
		line = rest[end+1:] // an unfinished sequence stays, without its beginning
	}
}

// quote shortens a line of output.
func quote(line string) string {
	line = strings.ToValidUTF8(line, "\uFFFD")
	if runes := []rune(line); len(runes) > mostQuote {
		return string(runes[:mostQuote]) + "…"
	}
	return line
}

// shown reports whether a text is printed as it is: only such a text can be copied.
func shown(text string) bool { return plain.Text(text) == text }
