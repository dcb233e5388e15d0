package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/lockstile/lockstile/internal/tool"
)

// mostAtOnce is how many calls of one answer run at a time.
const mostAtOnce = 8

// The names of the tools.
const (
	execName  = "exec_command"
	writeName = "write_stdin"
	shellName = "shell"
	patchName = "apply_patch"
	planName  = "update_plan"
	imageName = "view_image"
)

// run carries the calls of one answer out, and returns an output for each. Calls run side
// by side. A patch waits for the calls before it, and the calls behind wait for the patch.
func (t *Thread) run(ctx context.Context, calls []call) []output {
	out := make([]output, len(calls))
	var running sync.WaitGroup
	room := make(chan struct{}, mostAtOnce)
	for i, c := range calls {
		if i >= mostCalls { // the guard of the turn comes behind the answer
			out[i] = fmt.Sprintf("the call was not carried out: an answer may have %d calls", mostCalls)
			continue
		}
		if c.Name == patchName {
			running.Wait()
			out[i] = t.one(ctx, c)
			continue
		}
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			out[i] = t.one(ctx, c)
		})
	}
	running.Wait()
	return out
}

// one carries a call out. An error is the call's output: the model is to read it.
func (t *Thread) one(ctx context.Context, c call) output {
	if ctx.Err() != nil {
		return ErrInterrupted.Error() + " before the call began"
	}
	if why := c.badID(); why != "" {
		return "the call was not carried out: " + why
	}
	unified := t.Policy.UnifiedExec
	switch {
	case c.isServerCall():
		return t.server(ctx, c)
	case c.Name == patchName:
		return t.patch(ctx, c)
	case c.Type != "function_call":
		return "unsupported call: " + c.Name
	case c.Name == execName && unified:
		return withArguments(c, func(a tool.ExecCommand) output { return t.exec(ctx, c, a) })
	case c.Name == writeName && unified:
		return withArguments(c, func(a tool.WriteStdin) output { return t.poll(ctx, a) })
	case c.Name == shellName && !unified:
		return withArguments(c, func(a tool.Shell) output { return t.shell(ctx, c, a) })
	case c.Name == planName:
		return withArguments(c, t.plan)
	case c.Name == imageName:
		return withArguments(c, func(a imageArguments) output { return t.image(ctx, c, a) })
	}
	return "unsupported call: " + c.Name
}

// withArguments reads the arguments of a call and goes on with them.
func withArguments[T any](c call, do func(T) output) output {
	var a T
	if err := json.Unmarshal([]byte(c.Arguments), &a); err != nil {
		return "failed to parse function arguments: " + err.Error()
	}
	return do(a)
}

// caller says who makes a call, for the record.
func (t *Thread) caller(c call) tool.Caller {
	return tool.Caller{Ask: t.Ask, Call: t.ID + "/" + c.CallID}
}

// planArguments are the arguments of update_plan.
type planArguments struct {
	Plan []struct{ Step, Status string }
}

// plan shows the model's plan.
func (t *Thread) plan(a planArguments) output {
	item := t.newItem(TodoList)
	for _, s := range a.Plan {
		item.Items = append(item.Items, Todo{s.Step, strings.EqualFold(s.Status, "completed")})
	}
	t.tell(Event{Type: ItemCompleted, Item: item})
	return "Plan updated"
}
