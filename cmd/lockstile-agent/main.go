// Command lockstile-agent is the session of lockstile: a model, a screen, and tools that
// start every command at the gate. The program lockstile executes it for `lockstile
// [PROMPT]`, `lockstile exec` and `lockstile resume`.
package main

import (
	"errors"
	"flag"
	"os"
	"strings"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/refusal"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	switch {
	case len(args) == 1 && args[0] == agent.PatchInside:
		return patch.Inside(".", os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == agent.ReadInside:
		return tool.CopyFile(args[1], os.Stdout)
	}
	set, rest := flagSet(args)
	c, err := parse(set, rest)
	if err != nil {
		return usage.Say(set, err, rest)
	}
	f, err := open(c)
	if err != nil {
		return failed(err, exitUsage)
	}
	defer f.close()
	if c.exec {
		return f.exec()
	}
	return f.screen()
}

// failed prints an error, with the mend if there is one, and returns the code.
func failed(err error, code int) int {
	plain.Err("lockstile: %v\n", err)
	var why *refusal.Error
	var said *model.Error
	switch {
	case errors.As(err, &why) && why.Hint != "":
		plain.Err("hint: %s\n", why.Hint)
	case errors.As(err, &said) && said.Hint != "":
		plain.Err("hint: %s\n", said.Hint)
	}
	return code
}

// commandLine is what the user asked for.
type commandLine struct {
	settings settings.Flags
	exec     bool
	resume   string   // the thread to go on with: an ID, "last", "choose", "" for a new thread
	words    []string // of the prompt

	asJSON, lines, trusts bool   // --json, --plain, --trust
	lastFile, schemaFile  string // -o, --output-schema
}

const (
	lastThread   = "last"
	chooseThread = "choose"
)

// flagSet makes the set of the command that is meant, and returns the arguments behind it.
func flagSet(args []string) (set *flag.FlagSet, rest []string) {
	name := ""
	if len(args) > 0 && (args[0] == "exec" || args[0] == "resume") {
		name, args = args[0], args[1:]
	}
	return settings.NewFlagSet(name), args
}

// parse reads what flagSet returns.
func parse(set *flag.FlagSet, args []string) (*commandLine, error) {
	c := &commandLine{exec: set.Name() == "exec"}
	var last bool
	c.settings.DefineSession(set)
	set.BoolVar(&c.trusts, "trust", false, "")
	set.BoolVar(&last, "last", false, "")
	if c.exec {
		set.BoolVar(&c.asJSON, "json", false, "")
		set.StringVar(&c.lastFile, "o", "", "")
		set.StringVar(&c.lastFile, "output-last-message", "", "")
		set.StringVar(&c.schemaFile, "output-schema", "", "")
	} else {
		set.BoolVar(&c.lines, "plain", false, "")
	}
	words, text, err := parseAnywhere(set, args)
	if err != nil {
		return nil, err
	}
	c.words = append(words, text...)
	switch {
	case set.Name() == "resume":
		return c, c.resumed(last)
	case len(words) > 0 && words[0] == "resume": // behind flags, or behind exec
		c.words = c.words[1:]
		return c, c.resumed(last)
	case last:
		return nil, errors.New("--last is a flag of resume")
	}
	return c, nil
}

// resumed takes the thread to go on with from the words.
func (c *commandLine) resumed(last bool) error {
	switch {
	case last:
		c.resume = lastThread
	case len(c.words) > 0:
		c.resume, c.words = c.words[0], c.words[1:]
	case c.exec:
		return errors.New("exec resume needs the ID of a session, or --last")
	default:
		c.resume = chooseThread
	}
	return nil
}

// parseAnywhere parses flags before and between words. Behind -- all is text.
func parseAnywhere(set *flag.FlagSet, args []string) (words, text []string, err error) {
	for {
		if err := set.Parse(args); err != nil {
			return nil, nil, err
		}
		rest := set.Args()
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" || len(rest) == 0 {
			return words, rest, nil
		}
		words, args = append(words, rest[0]), rest[1:]
		if strings.ContainsAny(rest[0], " \t\n") && !anyFlag(args) {
			return words, args, nil
		}
	}
}

// anyFlag reports whether a flag stands among the arguments.
func anyFlag(args []string) bool {
	for _, a := range args {
		if len(a) > 1 && a[0] == '-' {
			return true
		}
	}
	return false
}

// prompt is the text of the words.
func (c *commandLine) prompt() string { return strings.Join(c.words, " ") }

// noModel says how to set a model.
func noModel() error {
	return &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: "no model is set",
		Hint: `add -m MODEL (with the key in OPENAI_API_KEY), add --oss for a server on this machine, or write model = "MODEL" into config.toml`}
}
