package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/ignored"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/tool"
	"github.com/lockstile/lockstile/internal/tui"
)

// Exit codes of exec.
const (
	exitDone        = 0
	exitFailed      = 1 // the turn failed
	exitUsage       = 2 // the command line or the configuration makes no sense
	exitAsk         = 3 // an approval is needed, and exec asks nobody
	exitRefused     = 126
	exitInterrupted = 130
)

// mostPrompt bounds a prompt from standard input, in bytes.
const mostPrompt = 8 << 20

// task is one turn without a screen.
type task struct {
	thread  *agent.Thread
	asJSON  bool     // events as lines of JSON
	file    *os.File // gets the last message; nil for none
	schema  *jsonschema.Resolved
	out     io.Writer
	err     io.Writer
	resumed bool

	mu    sync.Mutex // of the lines: questions come beside events
	last  string     // message of the model
	asked string     // the command that needs an approval; "" for none
	began bool       // a command has run
	first bool       // the first command was refused by the gate
	stop  context.CancelCauseFunc
}

var errAsk = errors.New("an approval is needed, and exec asks nobody")

// run carries the prompt out and returns the exit code.
func (k *task) run(prompt string) int {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	k.stop = stop
	defer interruptedBy(stop)()
	err := k.thread.Turn(ctx, prompt)
	k.mu.Lock()
	defer k.mu.Unlock()
	code := k.code(err)
	if code == exitDone && k.schema != nil {
		if err := k.checkSchema(); err != nil {
			fmt.Fprintln(k.err, plain.Sprintf("lockstile exec: %v", err))
			code = exitFailed
		}
	}
	if err := k.deliver(); err != nil {
		fmt.Fprintln(k.err, plain.Sprintf("lockstile exec: %v", err))
		return exitFailed
	}
	return code
}

// code returns the exit code of a turn that ended with err.
func (k *task) code(err error) int {
	switch {
	case k.asked != "":
		fmt.Fprintln(k.err, plain.Sprintf("lockstile exec: %v: %s\nhint: run it in the session (lockstile), or set approval_policy = \"never\"", errAsk, k.asked))
		return exitAsk
	case errors.Is(err, agent.ErrInterrupted):
		return exitInterrupted
	case err != nil:
		return exitFailed
	case k.first:
		return exitRefused
	}
	return exitDone
}

// checkSchema checks the last message against the schema of the command line.
func (k *task) checkSchema() error {
	var value any
	if err := json.Unmarshal([]byte(k.last), &value); err != nil {
		return fmt.Errorf("the model's last message is no JSON: %w", err)
	}
	if err := k.schema.Validate(value); err != nil {
		return fmt.Errorf("the model's last message doesn't fit the schema: %w", err)
	}
	return nil
}

// deliver writes the last message: to the file, and as text to standard output. A file or
// a program gets the message as it is, and a terminal safe text.
func (k *task) deliver() error {
	if k.file != nil {
		if err := replaceText(k.file, k.last+"\n"); err != nil {
			return err
		}
	}
	if k.asJSON || k.last == "" {
		return nil
	}
	text := k.last
	if f, ok := k.out.(*os.File); ok && isTerminal(f) {
		text = tui.SafeText(text)
	}
	_, err := fmt.Fprintln(k.out, text)
	return err
}

// listen takes the events of the thread.
func (k *task) listen(e agent.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.watch(e)
	switch {
	case !k.asJSON:
		if e.Type != agent.ItemCompleted || e.Item.Type != agent.AgentMessage {
			tui.Plain(k.err, e) // the last message goes to standard output
		}
	case wanted(e):
		k.line(e)
	}
}

// watch keeps what the exit code and the last message are made of.
func (k *task) watch(e agent.Event) {
	if e.Type != agent.ItemCompleted {
		return
	}
	switch e.Item.Type {
	case agent.AgentMessage:
		k.last = e.Item.Text
	case agent.CommandExecution, agent.FileChange:
		declined := e.Item.Status == agent.Declined
		k.first = k.first || declined && !k.began && e.Item.Sandbox.Refused != "approve"
		k.began = true
	}
}

// wanted reports whether an event has a line of JSON: as in codex, texts have a line when
// they are complete, and updates only for plans.
func wanted(e agent.Event) bool {
	switch e.Type {
	case agent.ItemDelta:
		return false
	case agent.ItemStarted:
		return e.Item.Type != agent.AgentMessage && e.Item.Type != agent.Reasoning
	case agent.ItemUpdated:
		return e.Item.Type == agent.TodoList
	case agent.ItemCompleted:
		return e.Item.Type != agent.UserMessage
	}
	return true
}

// line writes a line of JSON, with escapes for the characters that a terminal would act
// on: standard output may be one.
func (k *task) line(e agent.Event) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if enc.Encode(e) == nil {
		_, _ = k.out.Write(plain.JSON(text.Bytes())) // a reader that has gone ends us by SIGPIPE
	}
}

// ask answers an approval: nobody can be asked, so the turn ends.
func (k *task) ask(_ context.Context, q tool.Question) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked == "" {
		k.asked = q.Command
		if k.asJSON {
			k.line(agent.Event{Type: agent.ErrorEvent, Message: "an approval is needed: " + q.Command})
		}
	}
	k.stop(errAsk)
	return "", errAsk
}

// interruptedBy has SIGINT, SIGTERM and SIGHUP interrupt the turn, but not the signals
// that were ignored when the program began (nohup).
func interruptedBy(stop context.CancelCauseFunc) (end func()) {
	ignored.Keep()
	caught := make(chan os.Signal, 1)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !ignored.AtStart().Has(s) {
			signal.Notify(caught, s)
		}
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-caught:
			stop(agent.ErrInterrupted)
			signal.Stop(caught) // a second one ends us at once
		case <-done:
		}
	}()
	return func() { signal.Stop(caught); close(done) }
}

// readPrompt returns the prompt of exec: the words, or standard input for "-". With words
// standard input is never read.
func readPrompt(words []string, in *os.File) (string, error) {
	if len(words) > 0 && (len(words) > 1 || words[0] != "-") {
		return strings.Join(words, " "), nil
	}
	if len(words) == 0 && isTerminal(in) {
		return "", errors.New("no prompt is given")
	}
	text, err := io.ReadAll(io.LimitReader(in, mostPrompt+1))
	prompt := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", err
	case len(text) > mostPrompt:
		return "", fmt.Errorf("the prompt on standard input is longer than %d MiB", mostPrompt>>20)
	case prompt == "":
		return "", errors.New("the prompt on standard input is empty")
	}
	return prompt, nil
}

// readSchema reads a JSON schema.
func readSchema(name string) (json.RawMessage, *jsonschema.Resolved, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, nil, fmt.Errorf("%s is no JSON schema: %w", name, err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is no JSON schema: %w", name, err)
	}
	return text, resolved, nil
}
