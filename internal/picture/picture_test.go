package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const small = `{"version": 2, "width": 20, "height": 3, "title": "a <b> & c"}
[0, "o", "$ "]
[0.5, "i", "no output"]
[1, "o", "\u001b[32m<ls> & \"x\"\u001b[0m"]
[2, "o", "\u001b[0m"]
[60, "o", "\r\n\u001b[1;7mbold\u001b[0m \u0007日本\u001b[?25l"]
[60.01, "o", "\u001b[38;5;200mp\u001b[48;2;1;2;3mq\u001b[0m"]
`

// drawn is a picture, taken apart.
type drawn struct {
	frames int
	texts  []string // of each row that is there
	rows   map[string]string
	last   string // the text of the last frame
}

// takeApart reads a picture, and returns an error if the picture is no good XML.
func takeApart(svg []byte) (d drawn, err error) {
	d.rows = map[string]string{}
	in := xml.NewDecoder(bytes.NewReader(svg))
	id, inText := "", false
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return d, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch name := token.Name.Local; {
			case name == "script":
				return d, errors.New("a script")
			case name == "g" && attribute(token, "id") != "":
				id = attribute(token, "id")
				d.rows[id] = ""
			case name == "g" && attribute(token, "class") == "frame":
				d.frames++
				d.last = ""
			case name == "use":
				row, known := d.rows[strings.TrimPrefix(attribute(token, "href"), "#")]
				if !known {
					return d, fmt.Errorf("no row %s", attribute(token, "href"))
				}
				d.last += row + "\n"
			case name == "tspan":
				inText = true
			}
		case xml.EndElement:
			inText = false
			if token.Name.Local == "defs" {
				id = ""
			}
		case xml.CharData:
			if inText && id != "" {
				d.rows[id] += string(token)
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestDraw checks a picture: the frames, the shortened wait, and the text of the last frame.
func TestDraw(t *testing.T) {
	r, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Draw(&b, Dark); err != nil {
		t.Fatal(err)
	}
	svg := b.String()
	d, err := takeApart(b.Bytes())
	if err != nil {
		t.Fatalf("%v in %s", err, svg)
	}
	if d.frames != 3 || d.last != "$<ls> & \"x\"\nbold日本pq\n" {
		t.Errorf("%d frames, the last has %q", d.frames, d.last)
	}
	for _, part := range []string{
		"<title>a &lt;b&gt; &amp; c</title>", "animation:film 9.01s steps(1,end) infinite", "0.000%{transform:translateX(0px)}11.099%{transform:translateX(-196px)}44.506%{",
		"(prefers-reduced-motion:reduce){.film{animation:none}}", `<g class="film" transform="translate(-392,0)">`,
		`<rect x="0" width="33.6" height="18" class="fg"/>`, `class="bg b">bold<`, `class="c2">&lt;ls&gt; &amp; &#34;x&#34;<`, `fill="#ff00d7">p<`, `fill="#010203"/>`,
	} {
		if !strings.Contains(svg, part) {
			t.Errorf("%q is missing in %s", part, svg)
		}
	}
	if strings.Count(svg, `class="cur"`) != 2 {
		t.Error("the last frame has a cursor, or another has none")
	}
}

func TestBadRecordings(t *testing.T) {
	head := `{"version":2,"width":2,"height":2}` + "\n"
	for _, text := range []string{
		"", "x", `{"version":1,"width":2,"height":2}`, `{"version":2,"width":0,"height":2}`, `{"version":2,"width":2,"height":9999}`,
		head + "x", head + `[0,"o"]`, head + `[-1,"o","x"]`, head + `[1e300,"o","x"]`, head + `[2,"o","x"]` + "\n" + `[1,"o","x"]`, head + `[0,"o","x",1]`,
	} {
		if r, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

// TestPictures checks that the pictures of the documents are those of the recording.
func TestPictures(t *testing.T) {
	const dir = "../../docs/pictures/"
	text, err := os.ReadFile(dir + "session.cast")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := r.Write(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
		t.Errorf("the recording is written otherwise than it was read (%v)", err)
	}
	for name, p := range map[string]Palette{"session.svg": Dark, "session-light.svg": Light} {
		var want bytes.Buffer
		if err := r.Draw(&want, p); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(dir + name)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("docs/pictures/%s is not what its recording draws (%v); scripts/picture.sh draws it", name, err)
		}
		if d, err := takeApart(got); err != nil || len(got) > 200_000 || d.frames < 50 {
			t.Errorf("%s: %v, %d bytes, %d frames", name, err, len(got), d.frames)
		}
	}
}

// TestPalettes checks that each colour is easy to read: a contrast of 4.5, as WCAG wants.
func TestPalettes(t *testing.T) {
	for _, p := range []Palette{Dark, Light} {
		for _, c := range append(p.Colours[:], p.Text, p.Faint) {
			if got := contrast(t, c, p.Back); got < 4.5 {
				t.Errorf("%s on %s has a contrast of %.1f", c, p.Back, got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	light := func(hex string) float64 {
		n, err := strconv.ParseUint(hex[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, share := range []float64{0.0722, 0.7152, 0.2126} {
			v := float64(n>>(8*i)&255) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += share * v
		}
		return sum + 0.05
	}
	x, y := light(a), light(b)
	return max(x, y) / min(x, y)
}

// FuzzDraw checks that any recording makes good XML, with a row for each use.
func FuzzDraw(f *testing.F) {
	f.Add(small)
	f.Add(`{"version":2,"width":3,"height":2}` + "\n" + `[0,"o","\u001b[c\u001b[6n\u0000\u0001\ufffe]]>"]`)
	f.Add(`{"version":2,"width":9,"height":2}` + "\n" + `[0,"o","\u001b[4;9;8m</text>\u001b[3J\u001b[?1049h\u001b[99999b"]`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read(strings.NewReader(text))
		if err != nil || len(text) > 1000 || r.Width*r.Height > 2000 {
			return
		}
		var b bytes.Buffer
		if err := r.Draw(&b, Dark); err != nil {
			t.Fatal(err)
		}
		if d, err := takeApart(b.Bytes()); err != nil || d.frames < 1 {
			t.Errorf("%v, %d frames: %s", err, d.frames, b.Bytes())
		}
	})
}
