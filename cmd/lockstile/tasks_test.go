//go:build linux

package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed testdata/tasks
var taskFiles embed.FS

// task is an ordinary task of a developer, from testdata/tasks.
type task struct {
	name, kind, script string
	needs              []string // programs
	denied             []string // one of these is in the explanation, if the task fails
	config, lang       string
	// What the tests can't do: run the task without the sandbox (it acts on the machine, or
	// needs a server that is not here), run the task with the network on, and wait for the
	// task twice.
	noBare, outside, slow bool
	long                  bool // only with LOCKSTILE_TASKS=all
	root, entry           bool // only as root, and as a user in passwd
	plain                 bool // in a workspace without a repository
}

// readTasks reads the tasks: "== NAME", lines "# KEY: VALUE", and a script for bash.
func readTasks(t *testing.T) []*task {
	t.Helper()
	files, err := fs.Glob(taskFiles, "testdata/tasks/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var tasks []*task
	for _, file := range files {
		b, err := taskFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq("\n"+string(b), "\n== ") {
			if part = strings.TrimSpace(part); part != "" {
				tasks = append(tasks, readTask(t, strings.TrimSuffix(filepath.Base(file), ".txt"), part))
			}
		}
	}
	return tasks
}

func readTask(t *testing.T, kind, text string) *task {
	t.Helper()
	name, rest, _ := strings.Cut(text, "\n")
	k := &task{name: name, kind: kind}
	flags := map[string]*bool{"bare": &k.noBare, "outside": &k.outside, "slow": &k.slow, "thorough": &k.long, "root": &k.root, "plain": &k.plain, "entry": &k.entry}
	for strings.HasPrefix(rest, "# ") {
		line, after, _ := strings.Cut(rest, "\n")
		key, value, _ := strings.Cut(line[2:], ": ")
		rest = after
		switch flag := flags[key]; {
		case flag != nil:
			*flag = true
		case key == "needs":
			k.needs = strings.Fields(value)
		case key == "denied":
			k.denied = strings.Split(value, " | ")
		case key == "config":
			k.config = value
		case key == "lang":
			k.lang = value
		default:
			t.Fatalf("%s: unknown key %q", name, key)
		}
	}
	k.noBare = k.noBare || k.outside
	k.script = rest
	return k
}

// taskObstacle is an obstacle as --json has it.
type taskObstacle struct{ Kind, What, Cause, Quote, Setting, Instead string }

// taskResult is what came of a task.
type taskResult struct {
	*task
	state     string // "skipped", "works", "explained", "unexplained"
	why       string
	obstacles []taskObstacle
	wrong     []string // proposals that don't help, with the reason
}

// mostTime ends a run. Such a run says nothing about the task.
const mostTime, endedForTime = patience, -1

// run runs the script, without lockstile or inside.
func (k *task) run(t *testing.T, r *taskRun, args ...string) (code int, out, err string) {
	ctx, cancel := context.WithTimeout(t.Context(), mostTime)
	defer cancel()
	args = append(args, "bash", "-ec", k.script)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = r.dir + "/ws"
	if k.plain {
		cmd.Dir = r.dir + "/plain"
	}
	cmd.Env = r.env
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// inside runs the task in the sandbox, with lines of config.toml.
func (k *task) inside(t *testing.T, w *taskWorld, lines []string) (code int, stderr string, obstacles []taskObstacle) {
	r := w.fresh(t, k)
	defer os.RemoveAll(r.dir)
	fit := strings.NewReplacer("$DIR", r.dir)
	if k.config != "" {
		all := []string{k.config}
		for _, l := range lines {
			all = withSetting(all, l)
		}
		lines = all
	}
	if len(lines) > 0 {
		mkdir(t, r.dir+"/home")
		write(t, r.dir+"/home/config.toml", fit.Replace(strings.Join(lines, "\n"))+"\n")
	}
	code, _, stderr = k.run(t, r, program, "run", "--json", "--")
	var end struct{ Obstacles []taskObstacle }
	at := max(strings.LastIndex(stderr, `{"exit":`), 0) // not on a line of its own, if the command's last line is unfinished
	if err := json.Unmarshal([]byte(stderr[at:]), &end); err != nil && code != 126 && code != endedForTime {
		t.Errorf("%s: %v in %s", k.name, err, stderr)
	}
	for i := range end.Obstacles {
		o := &end.Obstacles[i]
		for _, field := range []*string{&o.What, &o.Cause, &o.Setting, &o.Instead, &o.Quote} {
			*field = strings.ReplaceAll(*field, r.dir, "$DIR")
		}
	}
	return code, strings.ReplaceAll(stderr, r.dir, "$DIR"), end.Obstacles
}

// try runs a task without lockstile and inside, and judges the explanation.
func (k *task) try(t *testing.T, w *taskWorld) *taskResult {
	res := &taskResult{task: k, state: "skipped"}
	if missing := k.missing(); missing != "" {
		res.why = missing
		return res
	}
	if !k.noBare && (!k.slow || thorough) {
		r := w.fresh(t, k)
		code, out, stderr := k.run(t, r)
		os.RemoveAll(r.dir)
		if code != 0 {
			res.why = fmt.Sprintf("fails without the sandbox: %d %s%s", code, out, stderr)
			return res
		}
	}
	code, stderr, obstacles := k.inside(t, w, nil)
	res.obstacles, res.state, res.why = obstacles, "works", stderr
	switch code {
	case 0:
		return res
	case endedForTime:
		res.state, res.why = "skipped", "takes too long"
		return res
	}
	res.state = "unexplained"
	if k.explained(obstacles) {
		res.state = "explained"
	}
	k.proposals(t, w, res)
	return res
}

// missing names what the machine or the user lacks for the task.
func (k *task) missing() string {
	for _, n := range k.needs {
		if _, err := exec.LookPath(n); err != nil {
			return "needs " + n
		}
	}
	if k.long && !thorough {
		return "takes long"
	}
	if k.root && !root() {
		return "needs root"
	}
	if _, err := user.Current(); k.entry && err != nil {
		return "needs a user in passwd"
	}
	return ""
}

// explained reports whether an obstacle names what is in the way.
func (k *task) explained(obstacles []taskObstacle) bool {
	return slices.ContainsFunc(obstacles, k.names)
}

// names reports whether an obstacle has one of the expected words.
func (k *task) names(o taskObstacle) bool {
	return slices.ContainsFunc(k.denied, func(word string) bool { return strings.Contains(o.What+" "+o.Cause+" "+o.Instead, word) })
}

// proposals takes the proposed settings one by one, as a user would: each must load and
// remove the obstacle, and together they must make the task succeed, unless an obstacle
// without a setting remains.
func (k *task) proposals(t *testing.T, w *taskWorld, res *taskResult) {
	var lines []string
	obstacles := res.obstacles
	for range 6 {
		var o *taskObstacle
		for i := range obstacles {
			if obstacles[i].Setting != "" {
				o = &obstacles[i]
				break
			}
		}
		if o == nil {
			return
		}
		lines = withSetting(lines, o.Setting)
		use := *k
		if k.outside || k.slow && !thorough {
			use.script = "true"
		}
		code, stderr, next := use.inside(t, w, lines)
		switch {
		case code == 0, code == endedForTime:
			return
		case code == 126:
			res.wrong = append(res.wrong, o.Setting+" doesn't load: "+stderr)
			return
		case stillThere(next, o):
			res.wrong = append(res.wrong, o.Setting+" doesn't allow it: "+stderr)
			return
		case len(next) == 0 && !k.noBare:
			res.wrong = append(res.wrong, o.Setting+" is not enough: "+stderr)
			return
		}
		obstacles = next
	}
	res.wrong = append(res.wrong, "too many settings: "+strings.Join(lines, "; "))
}

func stillThere(obstacles []taskObstacle, o *taskObstacle) bool {
	for _, x := range obstacles {
		if x.Kind == o.Kind && x.What == o.What && x.Setting == o.Setting {
			return true
		}
	}
	return false
}

// withSetting adds a line; a line with the same key goes, since the later one has its
// values too.
func withSetting(lines []string, setting string) []string {
	key, _, _ := strings.Cut(setting, "=")
	var out []string
	for _, l := range lines {
		if !strings.HasPrefix(l, key+"=") {
			out = append(out, l)
		}
	}
	return append(out, setting)
}

// thorough runs slow tasks in each way, and tasks that take long.
var thorough = os.Getenv("LOCKSTILE_TASKS") == "all"

// TestTasks runs ordinary tasks of developers: if a task fails in the sandbox alone, the
// end must say why, and no proposed setting may be wrong. LOCKSTILE_TASKS=all runs all of
// the tasks in each way, LOCKSTILE_TASK=NAME some of the tasks.
func TestTasks(t *testing.T) {
	w := newTaskWorld(t)
	results := tryTasks(t, w, readTasks(t))
	count := map[string]int{}
	for _, r := range results {
		count[r.state]++
		r.log(t)
	}
	failing := count["explained"] + count["unexplained"]
	t.Logf("%d tasks: %d work, %d fail, %d of them explained; %d skipped", len(results), count["works"], failing, count["explained"], count["skipped"])
	if count["explained"]*10 < failing*9 {
		t.Errorf("%d of %d are explained", count["explained"], failing)
	}
	if *updateTasks {
		if err := os.WriteFile("../../docs/tasks.md", []byte(taskPage(results)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// mostTotal bounds the tasks on a busy machine: no task begins later.
const mostTotal = 50 * time.Second

// tryTasks tries the tasks, some at a time.
func tryTasks(t *testing.T, w *taskWorld, tasks []*task) []*taskResult {
	only := os.Getenv("LOCKSTILE_TASK")
	tasks = slices.DeleteFunc(tasks, func(k *task) bool { return !strings.Contains(k.name, only) })
	results := make([]*taskResult, len(tasks))
	var wg sync.WaitGroup
	begun := time.Now()
	slots := make(chan struct{}, 6)
	for i, k := range tasks {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if results[i] = (&taskResult{task: k, state: "skipped", why: "no time is left"}); thorough || time.Since(begun) < mostTotal {
				results[i] = k.try(t, w)
			}
		})
	}
	wg.Wait()
	return results
}

// log writes the result, and fails the test for a wrong proposal.
func (r *taskResult) log(t *testing.T) {
	t.Logf("%s: %s: %s", r.state, r.kind, r.name)
	for _, o := range r.obstacles {
		t.Logf("    %q: %s | set %q | instead %s", o.What, o.Cause, o.Setting, o.Instead)
	}
	if r.state == "unexplained" || r.state == "skipped" {
		t.Logf("    %s", r.why)
	}
	for _, x := range r.wrong {
		t.Errorf("%s: wrong: %s", r.name, x)
	}
}
