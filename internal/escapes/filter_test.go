package escapes

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

const (
	st  = "\x1b\\"
	bel = "\a"
)

// filtered returns a filter's output for the chunks.
func filtered(t testing.TB, chunks ...string) string {
	t.Helper()
	var b bytes.Buffer
	f := NewFilter(&b, false)
	for _, c := range chunks {
		if n, err := io.WriteString(f, c); err != nil || n != len(c) {
			t.Fatalf("Write = %d, %v; want %d", n, err, len(c))
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var droppedCases = map[string]string{
	"clipboard set":            "\x1b]52;c;aGk=" + bel,
	"clipboard set, ST":        "\x1b]52;c;aGk=" + st,
	"clipboard query":          "\x1b]52;c;?" + bel,
	"clipboard, no data":       "\x1b]52" + bel,
	"clipboard, leading zeros": "\x1b]00052;c;aGk=" + bel,
	"clipboard, overflow":      "\x1b]4294967348;c;aGk=" + bel,
	"clipboard, C0 inside":     "\x1b\n]5\x002\r;c;aGk=" + bel,
	"clipboard, C1":            "\x9d52;c;aGk=\x9c",
	"clipboard, C1 in UTF-8":   "\u009d52;c;aGk=\u009c",
	"clipboard, ESC ESC":       "\x1b\x1b]52;c;aGk=" + bel,
	"clipboard, after CSI":     "\x1b[2\x1b]52;c;aGk=" + bel,
	"kitty clipboard":          "\x1b]5522;type=write" + st,
	"kitty transfer":           "\x1b]5113;ac=send" + st,
	"screen command":           "\x1b]83;exec sh" + bel,
	"iTerm2 file":              "\x1b]1337;File=name=eA==:aGk=" + bel,
	"iTerm2 file, case":        "\x1b]1337;fILE=inline=1:aGk=" + bel,
	"iTerm2 parts":             "\x1b]1337;MultipartFile=x" + bel + "\x1b]1337;FilePart=aGk=" + bel + "\x1b]1337;FileEnd" + bel,
	"iTerm2 upload":            "\x1b]1337;RequestUpload=format=tgz" + bel,
	"iTerm2 copy":              "\x1b]1337;Copy=:aGk=" + bel,
	"iTerm2 variable":          "\x1b]1337;ReportVariable=eA==" + bel,
	"font query":               "\x1b]50;?" + bel,
	"title report":             "\x1b[21t",
	"icon report":              "\x1b[20t",
	"title report, padded":     "\x1b[0021;1t",
	"title report, C0 inside":  "\x1b[2\b1\x7ft",
	"title report, C1":         "\x9b21t",
	"title report, junk":       "\x1b[2\xff1t",
	"paste end":                "\x1b[201~",
	"kitty file":               "\x1b_Ga=T,t=f;L2V0Yy9wYXNzd2Q=" + st,
	"kitty temporary file":     "\x1b_Gt=t,a=T;eA==" + st,
	"kitty shared memory":      "\x1b_Ga=T, t = s;eA==" + st,
	"kitty file, no data":      "\x1b_Gt=f" + st,
	"kitty remote control":     "\x1bP@kitty-cmd{\"cmd\":\"ls\"}" + st,
	"DECRQSS with text":        "\x1bP$qevil\n" + st,
	"XTGETTCAP with text":      "\x1bP+qevil" + st,
	"keys":                     "\x1bP0;1|17/6c730d" + st,
	"macro":                    "\x1bP1;0;1!z1b5d35323b" + st,
	"tmux control mode":        "\x1bP1000p%output" + st,
	"other encoding":           "\x1b%@",
	"VT52":                     "\x1b[?2l",
	"VT52, among others":       "\x1b[?25;0002:1;7l",
	"ST across":                "\x1b]52;c;aGk=\x1b\\",
}

func TestFilterDrops(t *testing.T) {
	for name, seq := range droppedCases {
		t.Run(name, func(t *testing.T) {
			if got := filtered(t, "a"+seq+"b"); got != "ab" {
				t.Errorf("got %q", got)
			}
			for i := range seq {
				if got := filtered(t, "a"+seq[:i], seq[i:]+"b"); got != "ab" {
					t.Errorf("cut at %d: got %q", i, got)
				}
			}
		})
	}
}

func TestFilterDropsInWrappers(t *testing.T) {
	cases := map[string][2]string{
		"tmux":              {"\x1bPtmux;x\x1b\x1b]52;c;aGk=\ay" + st, "\x1bPtmux;xy" + st},
		"tmux, title":       {"\x1bPtmux;\x1b\x1b[21t" + st, "\x1bPtmux;" + st},
		"tmux in tmux":      {"\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\x1b\x1b]52;c;eA==\a\x1b\x1b\\" + st, "\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\\" + st},
		"tmux, two parts":   {"\x1bPtmux;\x1b\x1b]" + st + "\x1bPtmux;52;c;eA==\a" + st, "\x1bPtmux;" + st + "\x1bPtmux;52;c;eA==\a" + st},
		"screen":            {"\x1bP\x1b]52;c;eA==\a" + st, "\x1bP\x18" + st},
		"screen, two parts": {"\x1bP\x1b]" + st + "\x1bP52;c;eA==\a" + st, "\x1bP\x18" + st + "\x1bP52;c;eA==\a" + st},
		"screen, new head":  {"\x1bP\x1b]52;c;\a$qevil" + st, "\x1bP\x18$qevil" + st},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := filtered(t, "a"+c[0]+"b"); got != "a"+c[1]+"b" {
				t.Errorf("got  %q\nwant %q", got, "a"+c[1]+"b")
			}
		})
	}
}

func TestFilterPasses(t *testing.T) {
	cases := map[string]string{
		"text":            "plain text\r\n\ttabs \x00 and NUL\x7f\x05",
		"UTF-8":           "“quotes” \u00e9\u00a0日本語 🎉 ŝĝ",
		"Latin-1":         "caf\xe9 na\xefve",
		"broken UTF-8":    "\xe2\x82A\xf0A\xc3",
		"colours":         "\x1b[1;38;2;255;100;0mx\x1b[0m\x1b[4:3m",
		"title":           "\x1b]0;title “x”\a\x1b]2;t" + st,
		"title push":      "\x1b[22;0t\x1b[23;0t",
		"resize":          "\x1b[8;21;80t",
		"size report":     "\x1b[18t\x1b[14t",
		"window title":    "\x1b[>21t\x1b[21 t",
		"queries":         "\x1b[c\x1b[>c\x1b[6n\x1b[?1$p\x1b[?u\x1b]11;?\a\x1bZ",
		"link":            "\x1b]8;;https://example.org/\x1b\\x\x1b]8;;\x1b\\",
		"palette":         "\x1b]4;1;rgb:ff/00/00;2;?" + st + "\x1b]104\a",
		"shell marks":     "\x1b]133;A\a\x1b]1337;SetMark\a\x1b]1337;CurrentDir=/x\a\x1b]7;file:///\a",
		"font":            "\x1b]50;fixed\a",
		"kitty picture":   "\x1b_Ga=T,f=100;iVBORw0K" + st + "\x1b_Ga=T,t=d,m=1;aGk=" + st,
		"sixel":           "\x1bP0;1;0q\"1;1;10;10#0;2;0;0;0~~$-" + st,
		"DECRQSS":         "\x1bP$qm" + st + "\x1bP$q q" + st + "\x1bP$q\"p" + st,
		"XTGETTCAP":       "\x1bP+q544e;636f" + st,
		"tmux wrapper":    "\x1bPtmux;\x1b\x1b]0;x\a\x1b\x1b[31m“”" + st,
		"screen wrapper":  "\x1bP\x1b]0;x\a\x1b[31m" + st,
		"paste mode":      "\x1b[?2004h\x1b[2~",
		"charsets":        "\x1b(0lqk\x1b(B\x1b%G\x1b)A",
		"broken off":      "\x1b[3\x1b[1m\x1b\x1b[m",
		"C1":              "\u009b1mx\u0085\x85",
		"SOS, PM, other":  "\x1bXabc" + st + "\x1b^def" + st + "\x1b_other" + st + "\x1bkname" + st,
		"keypad, restore": "\x1b=\x1b>\x1b7\x1b8\x1bc",
	}
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			s += "end"
			if got := filtered(t, s); got != s {
				t.Errorf("got  %q\nwant %q", got, s)
			}
			if got := filtered(t, strings.Split(s, "")...); got != s {
				t.Errorf("byte by byte: got  %q\nwant %q", got, s)
			}
		})
	}
}

func TestFilterAllowed(t *testing.T) {
	for name, seq := range droppedCases {
		var b bytes.Buffer
		f := NewFilter(&b, true)
		for i := range len(seq) {
			_, _ = f.Write([]byte{seq[i]})
		}
		if err := f.Close(); err != nil || b.String() != seq {
			t.Errorf("%s: got %q, %v", name, b.String(), err)
		}
	}
}

func TestFilterBounds(t *testing.T) {
	heads := []string{"\x1b[", "\x1b]", "\x1b", "\x1b]1337;", "\x1b_G", "\x1bP+q", "\x1b]4;1", "\x1b]50;", "\x1b(", "\x1bP"}
	for _, head := range heads {
		f := NewFilter(io.Discard, false)
		_, _ = io.WriteString(f, head)
		for range 1000 {
			_, _ = f.Write(bytes.Repeat([]byte("0"), 1000))
			_, _ = f.Write(bytes.Repeat([]byte{0}, 1000))
			if n := cap(f.seq) + cap(f.norm) + cap(f.carry); n > 64<<10 {
				t.Fatalf("%q: %d bytes withheld", head, n)
			}
		}
	}
}

func TestFilterNotes(t *testing.T) {
	f := NewFilter(io.Discard, false)
	_, _ = io.WriteString(f, "\x1b[31mred\x1b[0m\x1b[?25l\x1b]0;x\a")
	if f.Queries() != 0 {
		t.Errorf("Queries = %d for output that asks nothing", f.Queries())
	}
	_, _ = io.WriteString(f, "\x1b[6n\x1bPtmux;\x1b\x1b[c\x1b\\\x05\x1b[?1049;1000h\x1b[?2004h\x1b[?2004l\x1b[>1u")
	if f.Queries() != 4 {
		t.Errorf("Queries = %d, want 4", f.Queries())
	}
	if got, want := string(f.Undo()), "\x1b[<1u\x1b[?1000l\x1b[?1049l\x1b[?25h"; got != want {
		t.Errorf("Undo = %q, want %q", got, want)
	}
	_, _ = io.WriteString(f, "\x1bc")
	if got := f.Undo(); len(got) != 0 {
		t.Errorf("Undo after a reset = %q", got)
	}
}

func TestFilterBinaryWithoutEscapes(t *testing.T) {
	data := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(r.Uint32() & 0x7f)
		if data[i] == 0x1b {
			data[i] = 'x'
		}
	}
	if got := filtered(t, string(data)); got != string(data) {
		t.Error("text without escapes was changed")
	}
}

func FuzzFilter(f *testing.F) {
	f.Add([]byte("a\x1b]52;c;eA==\ab"), 3)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		in := string(data)
		out := filtered(t, in)
		cut = max(0, min(cut, len(in)))
		if got := filtered(t, in[:cut], in[cut:]); got != out {
			t.Errorf("cut at %d of %q: %q, whole: %q", cut, in, got, out)
		}
		if got := filtered(t, strings.Split(in, "")...); got != out {
			t.Errorf("in pieces %q: %q, whole: %q", in, got, out)
		}
		if !strings.ContainsFunc(in, func(r rune) bool { return r == 0x1b || r >= 0x7f && r < 0xa0 || r == '\ufffd' }) && out != in {
			t.Errorf("no escapes in %q, got %q", in, out)
		}
		if bad := forbidden.FindString(out); bad != "" {
			t.Errorf("in %q left %q, which has %q", in, out, bad)
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	text := bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\r\n"), 1500)
	colour := bytes.Repeat([]byte("\x1b[32mok\x1b[0m  github.com/lockstile/lockstile\t0.42s coverage\r\n"), 1000)
	wide := bytes.Repeat([]byte("日本語のテキスト “quoted”\r\n"), 1500)
	for name, data := range map[string][]byte{"text": text, "colour": colour, "wide": wide} {
		b.Run(name, func(b *testing.B) {
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer null.Close()
			f := NewFilter(null, false)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_, _ = f.Write(data)
			}
		})
	}
}
