package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/beside"
	"github.com/lockstile/lockstile/internal/plain"
)

// page is how many columns doctor takes.
const page = 80

// examination is what doctor found, for people: what works first.
func examination(home string, findings []lockstile.Finding) string {
	var b strings.Builder
	plain.Line(&b, "lockstile  %s", versionText())
	plain.Line(&b, "machine    %s", lockstile.Machine())
	b.WriteString(hang("config     ", configPlace(home)))
	b.WriteString(hang("beside     ", besideUs()))
	tried := slices.DeleteFunc(slices.Clone(findings), func(f lockstile.Finding) bool { return f.Residual != "" })
	starts, layers := []lockstile.Finding{}, []lockstile.Finding{}
	for _, f := range tried {
		if strings.HasPrefix(f.Name, "a start in ") {
			starts = append(starts, f)
		} else {
			layers = append(layers, f)
		}
	}
	list(&b, "starts, whole and proven", starts)
	list(&b, "each part alone", layers)
	if n := len(findings) - len(tried); n > 0 {
		b.WriteString("\n" + hang("", fmt.Sprintf("%d gaps are left on every machine of this kind: lockstile doctor --residuals", n)))
	}
	return b.String()
}

// list lists findings: those that hold first.
func list(b *strings.Builder, title string, findings []lockstile.Finding) {
	if len(findings) == 0 {
		return
	}
	plain.Line(b, "")
	plain.Line(b, "%s", title)
	slices.SortStableFunc(findings, func(a, b lockstile.Finding) int { return rank(a) - rank(b) })
	for i, f := range findings {
		b.WriteString(found(f))
		if f.Mend != "" && (i+1 == len(findings) || findings[i+1].Mend != f.Mend) {
			b.WriteString(hang("        mend: ", f.Mend))
		}
	}
}

// rank puts first what holds.
func rank(f lockstile.Finding) int {
	if f.OK {
		return 0
	}
	return 1
}

// found is one finding.
func found(f lockstile.Finding) string {
	text := f.Found
	if f.OK && text == "holds" {
		return hang("  ok    ", f.Name)
	}
	if f.OK {
		return hang("  ok    ", f.Name+": "+text)
	}
	return hang("  FAIL  ", f.Name+": "+text)
}

// hang fills a text to the page, beside a head.
func hang(head, text string) string {
	return head + strings.TrimLeft(wrap(strings.Repeat(" ", len(head))+plain.Text(withoutMarkup(text)), page, len(head)), " ") + "\n"
}

// markup is what withoutMarkup takes out: links, and the stars of emphasis.
var markup = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^]]*)\]\([^)]*\)|\*(\w[^*]*\w)\*`) })

// withoutMarkup takes the marks of Markdown out of a text of the documentation.
func withoutMarkup(text string) string {
	return strings.ReplaceAll(markup().ReplaceAllString(text, "$1$2"), "`", "")
}

// configPlace says where the settings are.
func configPlace(home string) string {
	file := filepath.Join(home, "config.toml")
	if _, err := os.Stat(file); err != nil {
		return file + " (not there: lockstile init writes one)"
	}
	return file
}

// besideUs says which of the other programs are beside lockstile.
func besideUs() string {
	var there, missing []string
	for _, name := range []string{"lockstile-agent", "lockstile-mcp", "lockstile-net"} {
		front, err := beside.Program(name)
		if err == nil {
			_, err = os.Stat(front)
		}
		if err == nil {
			there = append(there, name)
		} else {
			missing = append(missing, front+" is missing")
		}
	}
	return strings.Join(slices.Concat(there, missing), ", ")
}

// showResiduals lists what no machine of this kind holds.
func showResiduals(asJSON bool) int {
	all := lockstile.Residuals()
	if asJSON {
		plain.OutJSON(all)
		return exitOK
	}
	for i, r := range all {
		if i > 0 {
			plain.OutText("\n")
		}
		plain.OutText(r.Residual + "\n" + hang("  gap    ", r.Name) + hang("  why    ", r.Found) + hang("  advice ", r.Mend))
	}
	return exitOK
}
