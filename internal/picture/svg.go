package picture

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Palette is the colours of a picture.
type Palette struct {
	Text, Faint, Back, Bar, Edge string
	Colours                      [16]string
}

// Dark and Light are palettes for the two looks of a page. Each colour is easy to read on
// Back.
var (
	Dark = Palette{Text: "#e6edf3", Faint: "#9198a1", Back: "#0d1117", Bar: "#151b23", Edge: "#3d444d", Colours: [16]string{
		"#7d8590", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
		"#8b949e", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"}}
	Light = Palette{Text: "#1f2328", Faint: "#59636e", Back: "#ffffff", Bar: "#f6f8fa", Edge: "#d1d9e0", Colours: [16]string{
		"#24292f", "#cf222e", "#116329", "#7d4e00", "#0969da", "#8250df", "#1b7c83", "#59636e",
		"#57606a", "#a40e26", "#1a7f37", "#633c01", "#0550ae", "#6639ba", "#136061", "#32383f"}}
)

// Distances in pixels.
const (
	margin = 16
	bar    = 34 // above the terminal
	apart  = 28 // between frames, as some letters are wider than their cell
)

// Draw writes the recording as a picture that moves, without a script: the frames lie side
// by side, and a clock of CSS moves them. For readers that want no motion, and for programs
// without CSS, the last frame stands.
func (r Recording) Draw(to io.Writer, p Palette) error {
	all, end := r.frames()
	var b strings.Builder
	columnsWide, rowsHigh := float64(r.Width*84)/10, r.Height*line
	step := columnsWide + apart
	wide, high := columnsWide+2*margin, rowsHigh+bar+margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%d" viewBox="0 0 %s %d" role="img">`+"\n", px(wide), high, px(wide), high)
	b.WriteString("<title>" + escaped(r.Title) + "</title>\n<style>\n" + p.style() + clock(all, end, step) + "</style>\n")
	r.window(&b, wide, high)
	fmt.Fprintf(&b, `<svg x="%d" y="%d" width="%s" height="%d" xml:space="preserve">`+"\n", margin, bar, px(columnsWide), rowsHigh)
	names := define(&b, all)
	fmt.Fprintf(&b, `<g class="film" transform="translate(%s,0)">`+"\n", px(0-step*float64(len(all)-1)))
	for i, f := range all {
		f.draw(&b, step*float64(i), names)
	}
	b.WriteString("</g>\n</svg>\n</svg>\n")
	_, err := io.WriteString(to, b.String())
	return err
}

// style is the look of the classes.
func (p Palette) style() string {
	var b strings.Builder
	fmt.Fprintf(&b, "text{font-size:14px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace;white-space:pre;fill:%s}\n", p.Text)
	fmt.Fprintf(&b, ".fg{fill:%s}.bg{fill:%s}.bar{fill:%s;stroke:%s}.f{fill:%s}.b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}.s{text-decoration:line-through}.cur{fill:%s;fill-opacity:.4}\n",
		p.Text, p.Back, p.Bar, p.Edge, p.Faint, p.Text)
	for i, c := range p.Colours {
		fmt.Fprintf(&b, ".c%d{fill:%s}", i, c)
	}
	return b.String() + "\n"
}

// clock moves the film: a step for each frame.
func clock(all []frame, end time.Duration, step float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".film{animation:film %ss steps(1,end) infinite}\n@keyframes film{", px(float64(end.Milliseconds())/1000))
	for i, f := range all {
		fmt.Fprintf(&b, "%s%%{transform:translateX(%spx)}", strconv.FormatFloat(100*f.at.Seconds()/end.Seconds(), 'f', 3, 64), px(0-step*float64(i)))
	}
	fmt.Fprintf(&b, "100%%{transform:translateX(%spx)}", px(0-step*float64(len(all)-1)))
	return b.String() + "}\n@media (prefers-reduced-motion:reduce){.film{animation:none}}\n"
}

// window draws what is around the terminal.
func (r Recording) window(b *strings.Builder, wide float64, high int) {
	fmt.Fprintf(b, `<rect class="bar" x=".5" y=".5" width="%s" height="%d" rx="8"/>`+"\n", px(wide-1), high-1)
	fmt.Fprintf(b, `<path class="bg" d="M1 26.5h%sv%da7.5 7.5 0 0 1-7.5 7.5h-%sa7.5 7.5 0 0 1-7.5-7.5z"/>`+"\n", px(wide-2), high-35, px(wide-17))
	for i, colour := range []string{"c1", "c3", "c2"} {
		fmt.Fprintf(b, `<circle class="%s" cx="%d" cy="13.5" r="5"/>`, colour, margin+2+16*i)
	}
	fmt.Fprintf(b, `<text class="f" x="%s" y="18" text-anchor="middle">%s</text>`+"\n", px(wide/2), escaped(r.Title))
}

// define writes each row that differs once, and names the rows.
func define(b *strings.Builder, all []frame) map[string]string {
	names := map[string]string{}
	b.WriteString("<defs>\n")
	for _, f := range all {
		for _, markup := range f.rows {
			if _, known := names[markup]; markup == "" || known {
				continue
			}
			names[markup] = "r" + strconv.FormatInt(int64(len(names)), 36)
			b.WriteString(`<g id="` + names[markup] + `">` + markup + "</g>\n")
		}
	}
	b.WriteString("</defs>\n")
	return names
}

// draw writes the frame as a group.
func (f frame) draw(b *strings.Builder, x float64, names map[string]string) {
	fmt.Fprintf(b, `<g class="frame" transform="translate(%s,0)">`, px(x))
	if f.row >= 0 {
		fmt.Fprintf(b, `<rect class="cur" x="%s" y="%d" width="%s" height="%d"/>`, columns(f.col), f.row*line, columns(1), line)
	}
	for y, markup := range f.rows {
		if markup == "" {
			continue
		}
		if b.WriteString(`<use href="#` + names[markup] + `"`); y > 0 {
			fmt.Fprintf(b, ` y="%d"`, y*line)
		}
		b.WriteString("/>")
	}
	b.WriteString("</g>\n")
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
