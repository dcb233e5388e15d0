package plain

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Sprintf is fmt.Sprintf for people: each value is shown on a single line, as by Text.
// Only the format breaks lines.
func Sprintf(format string, values ...any) string {
	shown := make([]any, len(values))
	for i, v := range values {
		shown[i] = value{v}
	}
	return fmt.Sprintf(format, shown...)
}

// value is formatted as by fmt, and then shown as text.
type value struct{ of any }

// Format implements fmt.Formatter.
func (v value) Format(f fmt.State, verb rune) {
	format, of := fmt.FormatString(f, verb), v.of
	switch x := of.(type) {
	case error:
		of = oneLine(x.Error())
	case fmt.Stringer:
		of = x.String()
	case []byte:
		if verb == 's' || verb == 'q' {
			of = string(x)
		}
	}
	text, isText := of.(string)
	switch {
	case isText && verb == 'q':
		fmt.Fprintf(f, fmt.FormatString(f, 's'), Text(strconv.Quote(text)))
	case isText && (verb == 's' || verb == 'v'):
		fmt.Fprintf(f, fmt.FormatString(f, 's'), Text(text))
	default:
		fmt.Fprint(f, Text(fmt.Sprintf(format, of)))
	}
}

// oneLine joins the lines of a joined error.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

// Line appends a line to a text, in the form of Sprintf.
func Line(b *strings.Builder, format string, values ...any) {
	b.WriteString(Sprintf(format, values...) + "\n")
}

// Out prints to standard output, in the form of Sprintf.
func Out(format string, values ...any) { os.Stdout.WriteString(Sprintf(format, values...)) }

// Err prints to standard error, in the form of Sprintf.
func Err(format string, values ...any) { os.Stderr.WriteString(Sprintf(format, values...)) }

// OutText prints lines to standard output, each as Text shows the line.
func OutText(text string) { os.Stdout.WriteString(lines(text)) }

// ErrText prints lines to standard error, each as Text shows the line.
func ErrText(text string) { os.Stderr.WriteString(lines(text)) }

func lines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		if b.WriteString(Text(body)); ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// OutJSON prints a value as a line of JSON to standard output.
func OutJSON(v any) { os.Stdout.Write(line(v)) }

// ErrJSON prints a value as a line of JSON to standard error.
func ErrJSON(v any) { os.Stderr.Write(line(v)) }

func line(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		b, _ = json.Marshal(map[string]string{"error": err.Error()}) // can't fail
	}
	return append(JSON(b), '\n')
}
