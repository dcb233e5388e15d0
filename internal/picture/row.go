package picture

import (
	"encoding/xml"
	"fmt"
	"image/color"
	"strconv"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// Sizes in pixels. A tenth is enough: rows repeat more often with short numbers.
const (
	cell     = 8.4
	line     = 18
	baseline = 13.5
)

func px(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// columns is the width of n columns.
func columns(n int) string { return px(float64(n*84) / 10) }

// run is text of one style. Text that a font may draw at another width is a run of its own.
type run struct {
	col, width int
	style      uv.Style
	text       strings.Builder
}

// row draws a row of the terminal. An empty row is "".
func row(e *vt.Emulator, y int) string {
	var runs []*run
	for x := 0; x < e.Width(); {
		c := e.CellAt(x, y)
		if c == nil {
			x++
			continue
		}
		text, w := c.Content, max(c.Width, 1)
		if text == "" {
			text = " "
		}
		if n := len(runs); n > 0 && plainText(text) && plainText(runs[n-1].text.String()) && runs[n-1].style.Equal(&c.Style) {
			runs[n-1].text.WriteString(text)
			runs[n-1].width += w
		} else {
			r := &run{col: x, width: w, style: c.Style}
			r.text.WriteString(text)
			runs = append(runs, r)
		}
		x += w
	}
	var boxes, texts strings.Builder
	for _, r := range runs {
		r.draw(&boxes, &texts)
	}
	if texts.Len() == 0 {
		return boxes.String()
	}
	return boxes.String() + `<text y="` + px(baseline) + `">` + texts.String() + "</text>"
}

// plainText reports whether every monospace font has the text at the same width.
func plainText(text string) bool {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

// draw adds the background and the text of a run.
func (r *run) draw(boxes, texts *strings.Builder) {
	fg, bg := r.style.Fg, r.style.Bg
	reverse := r.style.Attrs&uv.AttrReverse != 0
	if reverse {
		fg, bg = bg, fg
	}
	if bg != nil || reverse {
		fmt.Fprintf(boxes, `<rect x="%s" width="%s" height="%d"%s/>`, columns(r.col), columns(r.width), line, paint(bg, "fg", ""))
	}
	text, col, width := r.text.String(), r.col, r.width
	if r.style.Underline == 0 && r.style.Attrs&uv.AttrStrikethrough == 0 {
		cut := strings.TrimLeft(text, " ")
		col, width = col+len(text)-len(cut), width-(len(text)-len(cut))
		text = strings.TrimRight(cut, " ")
		width -= len(cut) - len(text)
	}
	if text == "" || r.style.Attrs&uv.AttrConceal != 0 {
		return
	}
	fmt.Fprintf(texts, `<tspan x="%s"`, columns(col))
	if width > 1 {
		fmt.Fprintf(texts, ` textLength="%s"`, columns(width))
	}
	normal := ""
	if reverse {
		normal = "bg"
	}
	texts.WriteString(paint(fg, normal, r.attributes()) + ">")
	_ = xml.EscapeText(texts, []byte(text)) // a Builder takes everything
	texts.WriteString("</tspan>")
}

// attributes are the classes of a run, without the colour.
func (r *run) attributes() string {
	var names []string
	for _, a := range []struct {
		on   bool
		name string
	}{
		{r.style.Attrs&uv.AttrBold != 0, "b"}, {r.style.Attrs&uv.AttrFaint != 0, "f"}, {r.style.Attrs&uv.AttrItalic != 0, "i"},
		{r.style.Underline != 0, "u"}, {r.style.Attrs&uv.AttrStrikethrough != 0, "s"},
	} {
		if a.on {
			names = append(names, a.name)
		}
	}
	return strings.Join(names, " ")
}

// paint is the colour and the classes of an element as attributes. normal is the class of
// the terminal's own colour.
func paint(c color.Color, normal, classes string) string {
	fill := ""
	switch c := c.(type) {
	case nil:
		classes = normal + " " + classes
	case ansi.BasicColor:
		classes = "c" + strconv.Itoa(int(c)) + " " + classes
	case ansi.IndexedColor:
		if c < 16 {
			classes = "c" + strconv.Itoa(int(c)) + " " + classes
			break
		}
		fill = hex(c)
	default:
		fill = hex(c)
	}
	out := ""
	if classes = strings.TrimSpace(classes); classes != "" {
		out = ` class="` + classes + `"`
	}
	if fill != "" {
		out += ` fill="` + fill + `"`
	}
	return out
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
