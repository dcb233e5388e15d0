//go:build linux

package main

import (
	"cmp"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var updateTasks = flag.Bool("update", false, "write docs/tasks.md anew: as root, with LOCKSTILE_TASKS=all")

// taskPage is docs/tasks.md: the tasks that fail in the sandbox, by what is in the way.
func taskPage(results []*taskResult) string {
	groups, count := map[string][]string{}, map[string]int{}
	for _, r := range results {
		count[r.state]++
		key := ""
		switch r.state {
		case "explained":
			key = r.taskGroup()
		case "unexplained":
			key = "| (not explained) | – "
		default:
			continue
		}
		groups[key] = append(groups[key], r.name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, taskHead, len(results), count["works"], count["explained"]+count["unexplained"], count["explained"])
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y string) int { return cmp.Or(len(groups[y])-len(groups[x]), strings.Compare(x, y)) })
	for _, k := range keys {
		fmt.Fprintf(&b, "%s| %s |\n", k, strings.ReplaceAll(strings.Join(groups[k], "; "), "|", `\|`))
	}
	return b.String() + taskTail
}

const taskHead = `# Tasks

Ordinary tasks of developers, and what the sandbox does to them: workspace-write, the network off, and no file of settings. ` + "`TestTasks`" + ` runs the tasks of [cmd/lockstile/testdata/tasks](../cmd/lockstile/testdata/tasks) without lockstile, inside, and inside with the proposed settings. Of %d tasks %d work as ever, and %d fail at first; in %d of these the end of ` + "`run`" + ` says what was in the way. A proposed setting was tried each time. Tasks without a tool, and tasks that fail without lockstile too, are left out.

The table is written by ` + "`LOCKSTILE_TASKS=all go test ./cmd/lockstile -run TestTasks$ -update`" + ` as root, with many tools installed.

| In the way | Setting | Tasks |
|---|---|---|
`

const taskTail = `
Not explained are programs that fail without a word, or write only to standard output, which ` + "`run`" + ` doesn't read (mvn, pnpm; the answers of the MCP tools have the lines); the limit of processor time, which ends a process by SIGKILL; and a program that asks for the process behind a Unix socket (SO_PEERCRED): before Landlock 9 lockstile makes the connects, and the program gets process 0.
`

var quotedPart = regexp.MustCompile(` ?"[^"]*"`)

// taskGroup is the cause and the setting in general words, as cells of a table.
func (r *taskResult) taskGroup() string {
	o := r.obstacles[0]
	for _, x := range r.obstacles {
		if r.names(x) {
			o = x
			break
		}
	}
	cause := strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(o.Cause, o.What)), o.What, "HOST")
	if o.What == "" {
		cause = o.Cause
	}
	cause = quotedPart.ReplaceAllString(cause, "")
	setting := "none"
	switch key, value, found := strings.Cut(o.Setting, "="); {
	case strings.HasPrefix(value, "["):
		setting = "`" + key + "=[PATH]`"
	case strings.HasPrefix(key, "limits."):
		setting = "`" + key + "`, twice"
	case found:
		setting = "`" + o.Setting + "`"
	case strings.Contains(o.Instead, "make that folder"):
		setting = "`sandbox_workspace_write.writable_roots=[PATH]`, when the user has made the folder"
	}
	return "| " + cause + " | " + setting + " "
}
