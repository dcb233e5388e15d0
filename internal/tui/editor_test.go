package tui

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstile/lockstile/internal/agent"
	"github.com/lockstile/lockstile/internal/patch"
)

func TestEditorKeys(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"h é l l o ctrl+a X end Y", "Xhéllo|Y"},
		{"a b ctrl+j c up Z", "aZ|b\nc"},
		{"a ctrl+j b ctrl+j c up up home A down B", "Aa\nbB|\nc"},
		{"a space b space c ctrl+w", "a b |"},
		{"a space b alt+b X", "a X|b"},
		{"a space b ctrl+a alt+d ctrl+e ctrl+y", " ba|"},
		{"a b c left left ctrl+k", "a|"},
		{"a b ctrl+j c ctrl+u backspace backspace", "a|"},
		{"e ́ x left backspace", "|x"},
		{"a delete left delete", "|"},
	} {
		e := &editor{goal: -1}
		for _, key := range strings.Fields(c.keys) {
			switch {
			case key == "space":
				e.insert(" ")
			case key == "up", key == "down":
				e.vertical(map[string]int{"up": -1, "down": 1}[key], 20)
			case !e.key(key):
				e.insert(key)
			}
		}
		got := string(e.text[:e.at]) + "|" + string(e.text[e.at:])
		if plain := strings.Replace(c.want, "|", "", 1); e.value() != plain {
			t.Errorf("%s: %q, want %q", c.keys, got, c.want)
		}
	}
}

func TestLayout(t *testing.T) {
	e := &editor{goal: -1}
	e.insert("some words that wrap\n\n日本語日本語 x")
	var got []string
	rows, row, col := e.layout(10)
	for _, r := range rows {
		got = append(got, r.text)
	}
	if want := []string{"some words", "that wrap", "", "日本語日本", "語 x"}; !slices.Equal(got, want) || row != 4 || col != 4 {
		t.Errorf("%q, row %d, column %d", got, row, col)
	}
}

// FuzzEditor gives any keys: the cursor stays in the text, and the rows hold the text.
func FuzzEditor(f *testing.F) {
	f.Add("a word\x01\x02 日本e\u0301👍🏽\n\x00\x05x\x03\x04", uint8(10))
	names := []string{"left", "right", "alt+b", "alt+f", "home", "end", "backspace", "delete", "ctrl+w", "ctrl+u", "ctrl+k", "ctrl+y", "alt+d", "ctrl+j", "alt+backspace"}
	f.Fuzz(func(t *testing.T, keys string, w uint8) {
		e := &editor{goal: -1}
		for _, r := range keys {
			switch {
			case int(r) < len(names):
				e.key(names[r])
			case r == 0x1e:
				e.vertical(-1, int(w))
			case r == 0x1f:
				e.vertical(1, int(w))
			case r == 0x1d:
				e.paste(strings.Repeat(keys, 1+blockBytes/len(keys)))
			default:
				e.insert(string(r))
			}
			if e.at < 0 || e.at > len(e.text) {
				t.Fatalf("the cursor is at %d of %d", e.at, len(e.text))
			}
		}
		rows, row, col := e.layout(int(w))
		if row < 0 || row >= len(rows) || col < 0 || col >= max(int(w), 2) {
			t.Errorf("the cursor is in row %d of %d, column %d", row, len(rows), col)
		}
		next := 0
		for _, r := range rows {
			if r.start < next || strings.Trim(string(e.text[next:r.start]), " \n") != "" || acts(r.text) {
				t.Errorf("row %+v after %d", r, next)
			}
			next = r.end
		}
		if next != len(e.text) {
			t.Errorf("the rows end at %d of %d", next, len(e.text))
		}
	})
}

// FuzzItem draws what a model, a server or a file may say: nothing acts on the terminal.
func FuzzItem(f *testing.F) {
	f.Add("a\x1b]52;c;e\x07", "@@ -1,2 +3,4 @@\n-a\x9b\n+\u202eb\n c\n", uint8(40))
	f.Fuzz(func(t *testing.T, text, diff string, w uint8) {
		for _, i := range []agent.Item{
			{Type: agent.CommandExecution, Command: text, Output: diff, Obstacles: []string{text}, Sandbox: &agent.Sandbox{Refused: text, Seq: 1}, Exit: ptr(1)},
			{Type: agent.FileChange, Status: agent.Completed, Changes: []patch.Change{{Kind: patch.Kind(text), Path: text, To: diff, Diff: diff}}},
			{Type: agent.FileChange, Status: agent.Failed, Text: text, Reason: diff}, {Type: agent.MCPToolCall, Server: text, Tool: diff, Arguments: text, Output: text},
			{Type: agent.TodoList, Items: []agent.Todo{{Text: text}}}, {Type: agent.UserMessage, Text: text}, {Type: agent.Reasoning, Text: text}, {Type: agent.Notice, Text: text},
		} {
			for _, whole := range []bool{false, true} {
				for _, line := range (drawing{width: int(w), whole: whole}).item(&i) {
					if acts(line) {
						t.Errorf("%s: %q", i.Type, line)
					}
				}
			}
			var plain strings.Builder
			Plain(&plain, agent.Event{Type: agent.ItemCompleted, Item: &i})
			for line := range strings.SplitSeq(plain.String(), "\n") {
				if acts(line) {
					t.Errorf("plain %s: %q", i.Type, line)
				}
			}
		}
	})
}

// lockedBuffer is a session's input.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// FuzzKeyboard cuts typed bytes into any pieces: the screen and the session together get
// all of them, in order.
func FuzzKeyboard(f *testing.F) {
	f.Add([]byte("/attach\rlines\rmore\x1dback\x1b[200~paste\r\r\x1b[201~\r"), uint8(3))
	f.Add([]byte("\x07\n\r\x1d\x1d"), uint8(1))
	f.Fuzz(func(t *testing.T, typed []byte, piece uint8) {
		if len(typed) > 4096 || bytes.Contains(typed, []byte(acted)) {
			return
		}
		in, write := io.Pipe()
		k := newKeyboard(in)
		var running sync.WaitGroup
		running.Go(k.read)
		running.Go(k.deliver)
		var session lockedBuffer
		running.Go(func() {
			for rest := typed; len(rest) > 0; {
				n := min(int(piece)%64+1, len(rest))
				_, _ = write.Write(rest[:n])
				rest = rest[n:]
			}
		})
		got, all := followKeys(t, k, &session, len(typed))
		if got = bytes.ReplaceAll(got, []byte(acted), nil); !all || !bytes.Equal(got, typed) {
			t.Errorf("typed %q, got %q", typed, got)
		}
		write.Close()
		k.close()
		running.Wait()
	})
}

// followKeys reads as the screen, and gives the terminal to a session behind each first
// Enter of three.
func followKeys(t *testing.T, k *keyboard, session *lockedBuffer, n int) (got []byte, all bool) {
	buf := make([]byte, 256)
	enters := 0
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		k.mu.Lock()
		pending := len(k.screen)
		k.mu.Unlock()
		if pending == 0 {
			if len(bytes.ReplaceAll(got, []byte(acted), nil)) >= n {
				return got, true
			}
			time.Sleep(50 * time.Microsecond)
			continue
		}
		m, err := k.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:m]...)
		if !bytes.HasSuffix(got, []byte(acted)) {
			continue
		}
		if enters++; enters%3 != 1 {
			k.hasActed(0)
			continue
		}
		k.stop()
		before := session.String()
		left := k.give(session)
		k.hasActed(0)
		deadline := time.After(2 * time.Millisecond)
		select {
		case <-left:
			got = append(got, session.String()[len(before):]...)
			got = append(got, leaveKeys[0]...) // the key that left
		case <-deadline: // the session has ended
			k.stop()
			time.Sleep(100 * time.Microsecond)
			got = append(got, session.String()[len(before):]...)
		}
		k.back()
	}
	return got, false
}
