package lockstile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

var (
	rounds = flag.Int("rounds", 115, "how many policies TestAskAgreesWithTheKernel makes up, each with about a hundred questions")
	seed   = flag.Uint64("seed", 0, "where TestAskAgreesWithTheKernel begins; 0 for anywhere")
)

// TestAskAgreesWithTheKernel makes up policies and questions, and compares Ask with what a
// command can do.
func TestAskAgreesWithTheKernel(t *testing.T) {
	base, err := os.MkdirTemp("/var/tmp", "lockstile-ask-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	self, err := os.ReadFile("/proc/self/exe") // /tmp, where go test has it, is another inside
	if err == nil {
		err = os.WriteFile(base+"/probe", self, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("git", "init", "-q", "--template=", base+"/repository").CombinedOutput(); err != nil {
		t.Skipf("git: %v %s", err, text)
	}
	if err := os.Rename(base+"/repository/.git", base+"/git"); err != nil {
		t.Fatal(err)
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1 << 40)
	}
	if testing.Short() {
		*rounds = min(*rounds, 20)
	}
	questions, refused := 0, 0
	for i := range uint64(*rounds) {
		at := *seed + i
		n := askRound(t, base, at)
		if questions += n; n == 0 {
			refused++
		}
		if t.Failed() {
			t.Fatalf("again: go test . -run AskAgrees -rounds 1 -seed %d", at)
		}
	}
	t.Logf("%d questions, %d of %d policies refused", questions, refused, *rounds)
}

// askRound asks about one policy, and returns how many questions a command has tried.
func askRound(t *testing.T, base string, at uint64) int {
	w := newAsked(t, rand.New(rand.NewPCG(at, 1)), base+"/w")
	defer w.close()
	t.Setenv("HOME", w.dir+"/home")
	s := w.settings()
	p, err := LoadPolicy(s)
	if err != nil {
		return 0
	}
	g, err := Open(s.Home)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	all := slices.DeleteFunc(w.attempts(), func(a attempt) bool { // nothing of the machine is written
		return p.Mode == policy.ModeDangerFullAccess && !strings.HasPrefix(a.Target, w.dir) && a.Access == "write"
	})
	r := Request{Policy: p, Env: w.environ(), Argv: []string{base + "/probe", probeWord}}
	questions := make([]Question, len(all))
	for i, a := range all {
		questions[i] = Question{policy.Access(a.Access), a.Target}
	}
	before := make([]happened, len(all))
	for i, a := range all {
		if a.Access == "read" && a.There {
			before[i] = tryRead(a.Target)
		}
	}
	answers, asking := g.Ask(r, questions...)
	out, starting := w.perform(g, r, all)
	var why, other *refusal.Error
	if errors.As(asking, &why) != errors.As(starting, &other) || why != nil && why.Reason != other.Reason {
		t.Errorf("asked: %v, started: %v\n%v", asking, starting, s)
		return 0
	}
	if asking != nil || starting != nil {
		return 0
	}
	for i, a := range all {
		if got := w.got(a, answers[i], before[i], out[i], r); got != answers[i].Allowed && (a.There || a.Access == "write" || got) {
			t.Errorf("%s %s: the command: %t, %+v; %t by %q, %s %q", a.Access, a.Target, got, out[i], answers[i].Allowed, answers[i].Rule, answers[i].Path, answers[i].Notes)
		}
	}
	if t.Failed() {
		t.Logf("%v in %s, TMPDIR %s, %s", s.Mode, s.Dir, lookup(r.Env, "TMPDIR"), strings.Join(s.Overrides, "\n\t"))
	}
	return len(all)
}

// perform has a command try the questions.
func (w *asked) perform(g *Gate, r Request, all []attempt) ([]happened, error) {
	text, err := json.Marshal(all)
	if err != nil {
		w.Fatal(err)
	}
	in, give, err := os.Pipe()
	if err != nil {
		w.Fatal(err)
	}
	take, to, err := os.Pipe()
	if err != nil {
		w.Fatal(err)
	}
	defer take.Close()
	r.Stdin, r.Stdout, r.Stderr = in, to, to
	child, err := g.Start(r)
	in.Close()
	to.Close()
	if err != nil {
		give.Close()
		return nil, err
	}
	go func() { _, _ = io.Copy(give, bytes.NewReader(text)); give.Close() }()
	said, err := io.ReadAll(take)
	if err != nil {
		w.Fatal(err)
	}
	exit, err := child.Wait()
	var out []happened
	if bad := json.Unmarshal(said, &out); err != nil || bad != nil {
		w.Fatalf("%v %v %+v: %s", err, bad, exit, said)
	}
	return out, nil
}

// got reports whether the command has done what the question is about.
func (w *asked) got(a attempt, said Answer, before, now happened, r Request) bool {
	switch a.Access {
	case "read":
		kernel := strings.HasPrefix(a.Target, "/proc/") || strings.HasPrefix(a.Target, "/dev/") || strings.HasPrefix(a.Target, "/sys/")
		if info, err := os.Stat(a.Target); !said.Allowed && err == nil && info.IsDir() && slices.ContainsFunc(r.Policy.Read, func(rule policy.ReadRule) bool { return rule.Allow }) {
			return false // the names of what is shown again are seen
		}
		own := said.Allowed && strings.HasPrefix(said.Rule, "the command's own ")
		return now.Done && (kernel || own || now.Text == before.Text)
	case "write":
		if path := said.Path; now.Done && !a.There && strings.HasPrefix(path, w.dir) && !strings.HasPrefix(path, w.dir+"/tmpdir") { // taken back meanwhile
			_, err := os.Lstat(path)
			return err == nil
		}
	case "env":
		for _, e := range r.Env {
			if e == a.Target+"="+now.Text {
				return now.Done
			}
		}
		_, set := r.Policy.Env.Set[a.Target]
		return now.Done && set
	}
	return now.Done
}
