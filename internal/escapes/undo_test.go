package escapes

import (
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// states are sequences that change the terminal, each with the bytes that end the state,
// and with the sequence by which programs end the state themselves.
var states = []struct{ begin, undo, end string }{
	{"\x1b[?1h", "\x1b[?1l", "\x1b[?1l"},
	{"\x1b[?5h", "\x1b[?5l", "\x1b[?5l"},
	{"\x1b[?7l", "\x1b[?7h", "\x1b[?7h"},
	{"\x1b[?8l", "\x1b[?8h", "\x1b[?8h"},
	{"\x1b[?25l", "\x1b[?25h", "\x1b[?25h"},
	{"\x1b[?66h", "\x1b[?66l", "\x1b[?66l"},
	{"\x1b[?69h", "\x1b[?69l", "\x1b[?69l"},
	{"\x1b[?1000h", "\x1b[?1000l", "\x1b[?1000l"},
	{"\x1b[?1049h", "\x1b[?1049l", "\x1b[?1049l"},
	{"\x1b[?9001h", "\x1b[?9001l", "\x1b[?9001l"},
	{"\x1b[?2004r", "\x1b[?2004l", "\x1b[?2004l"},
	{"\x1b[?7r", "\x1b[?7h", "\x1b[?7h"},
	{"\x1b[2h", "\x1b[2l", "\x1b[2l"},
	{"\x1b[4h", "\x1b[4l", "\x1b[4l"},
	{"\x1b[20h", "\x1b[20l", "\x1b[20l"},
	{"\x1b[12l", "\x1b[12h", "\x1b[12h"},
	{"\x1b[5i", "\x1b[4i", "\x1b[4i"},
	{"\x1b[?5i", "\x1b[?4i", "\x1b[?4i"},
	{"\x1b[2;10r", "\x1b[!p\x1b7\x1b[r\x1b8\x1b[?7h", "\x1b[r"},
	{"\x1b[?6h", "\x1b[!p\x1b7\x1b[r\x1b8\x1b[?7h", "\x1b[?6l"},
	{"\x1b(0", "\x1b(B", "\x1b(B"},
	{"\x1b$B", "\x1b(B", "\x1b(B"},
	{"\x0e", "\x0f", "\x0f"},
	{"\x1bn", "\x0f", "\x0f"},
	{"\x1bo", "\x0f", "\x0f"},
	{"\x1b[31m", "\x1b[m", "\x1b[m"},
	{"\x1b[8m", "\x1b[m", "\x1b[0m"},
	{"\x1b[11m", "\x1b[10m\x1b[m", "\x1b[0;10m\x1b[m"},
	{"\x1b=", "\x1b>", "\x1b>"},
	{"\x1b[>4;2m", "\x1b[>4m\x1b[>m", "\x1b[>4;m"},
	{"\x1b[>1u", "\x1b[<1u", "\x1b[<u"},
	{"\x1b[=5;1u", "\x1b[=0u", "\x1b[=0u"},
}

// undone returns what a filter writes at the end of output.
func undone(output string) string {
	f := NewFilter(io.Discard, false)
	_, _ = io.WriteString(f, output)
	_ = f.Close()
	return string(f.Undo())
}

func TestUndo(t *testing.T) {
	for _, s := range states {
		if got := undone(s.begin + "text"); got != s.undo {
			t.Errorf("after %q: %q, want %q", s.begin, got, s.undo)
		}
		for name, output := range map[string]string{"ended": s.begin + s.end, "never begun": s.end, "begun twice": s.begin + s.begin + s.end, "reset": s.begin + "\x1b[4i\x1bc"} {
			if name == "begun twice" && strings.HasSuffix(s.begin, "u") { // a stack
				continue
			}
			if got := undone(output); got != "" {
				t.Errorf("%s, %q: %q", name, output, got)
			}
		}
	}
	for output, want := range map[string]string{
		"\x1b[4;12;2h\x1b[2;4l":                               "", // 12 is as usual
		"\x1b[2;4h":                                           "\x1b[4l\x1b[2l",
		"\x1b[3\x0e1m\x1b[m":                                  "\x0f", // a control character within a sequence
		"\x1b\x0e(B":                                          "\x0f",
		"\x1b(0\x1b7\x1b(B\x1b8":                              "\x1b(B", // saved and restored
		"\x1b[31m\x1b[s\x1b[m\x1b[u":                          "\x1b[m",
		"\x1b[?6h\x1b7\x1b[?6l\x1b[?1048l":                    "\x1b[!p\x1b7\x1b[r\x1b8\x1b[?7h",
		"\x1b[31m\x1b7\x1b[m\x1bc\x1b8":                       "",
		"\x1b7\x1b8\x1b[s\x1b[u\x1b[?1049h\x1b[?1049l":        "",
		"\x1b[?1000h\x1b[5i\x1b[?1000l\x1bc\x1b[m\x1b[<9u":    "\x1b[4i\x1b[?1000l", // the printer got the rest
		"\x1b[>1u\x1b[5i\x1b[<u\x1b[4i":                       "\x1b[<1u",
		"\x1bPtmux;\x1b\x1b[2h\x0e" + st:                      "\x1b[2l\x0f",
		"\x1b[2;5$r\x1b)0\x1b*0\x1b[!p\x1b[2J\x1b[ q\x1b[?3h": "",
	} {
		if got := undone(output); got != want {
			t.Errorf("after %q: %q, want %q", output, got, want)
		}
	}
}

// TestUndoOnATerminal puts a terminal into random states, and checks that the terminal
// shows text as usual after the undoing. The emulator knows neither a printer nor a soft
// reset, and reads no SO.
func TestUndoOnATerminal(t *testing.T) {
	const width, height = 20, 12
	r := rand.New(rand.NewPCG(7, 9))
	for range 2000 {
		screen := vt.NewEmulator(width, height)
		go io.Copy(io.Discard, screen) // answers
		usual := map[ansi.Mode]bool{ansi.ModeAutoWrap: true, ansi.ModeTextCursorEnable: true, ansi.ANSIMode(12): true, ansi.DECMode(8): true}
		is := map[ansi.Mode]bool{}
		screen.SetCallbacks(vt.Callbacks{EnableMode: func(m ansi.Mode) { is[m] = true }, DisableMode: func(m ansi.Mode) { is[m] = false }})
		var output strings.Builder
		for range 1 + r.IntN(12) {
			s := states[r.IntN(len(states))]
			switch text := []string{s.begin, s.begin, s.end, "\x1b7", "\x1b8", "text"}[r.IntN(6)]; {
			case strings.HasSuffix(text, "i"), text == "\x0e", text == "\x0f", text == "\x1b[?6h", strings.HasSuffix(text, "n"), strings.HasSuffix(text, "o"):
			default:
				output.WriteString(text)
			}
		}
		undo := undone(output.String())
		_, _ = screen.WriteString(output.String() + undo)
		for m, on := range is {
			if n := m.Mode(); on != usual[m] && n != 1048 {
				t.Errorf("after %q and %q mode %T(%d) is %v", output.String(), undo, m, n, on)
			}
		}
		_, _ = screen.WriteString("\x1b[H\x1b[2Jqqq\x1b[999;1Hl\r\nend" + strings.Repeat("x", width-2))
		text := strings.Split(screen.String(), "\n")
		want := append(make([]string, height-3), "l", "end"+strings.Repeat("x", width-3), "x")
		if !slices.Equal(text, want) {
			t.Errorf("after %q and %q the screen is %q", output.String(), undo, text)
		}
		if cell := screen.CellAt(0, height-2); cell.Style != (uv.Style{}) {
			t.Errorf("after %q and %q text is drawn as %+v", output.String(), undo, cell.Style)
		}
		screen.Close()
		if t.Failed() {
			return
		}
	}
}
