// Package picture draws a recorded terminal as an animated SVG, for documents. A recording
// has the format asciicast v2. Package picture must never record by itself, and never be
// linked into a program for users.
package picture

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Recording is the output of a terminal, with the time of each piece.
type Recording struct {
	Width, Height int
	Title         string
	Pieces        []Piece
}

// Piece is output that came at once. At counts from the beginning.
type Piece struct {
	At   time.Duration
	Text string
}

// Bounds of what Read takes.
const (
	mostColumns = 500
	mostRows    = 200
	mostPieces  = 20_000
	mostBytes   = 8 << 20
	longest     = time.Hour
)

// header is the first line of asciicast v2.
type header struct {
	Version int    `json:"version"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Title   string `json:"title,omitempty"`
}

// Read reads a recording. Events other than output are left out.
func Read(from io.Reader) (Recording, error) {
	lines := bufio.NewScanner(io.LimitReader(from, mostBytes))
	lines.Buffer(nil, mostBytes)
	if !lines.Scan() {
		return Recording{}, errors.Join(errors.New("a recording without a first line"), lines.Err())
	}
	var h header
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
		return Recording{}, fmt.Errorf("the first line of the recording: %w", err)
	}
	if h.Version != 2 || h.Width < 1 || h.Width > mostColumns || h.Height < 1 || h.Height > mostRows {
		return Recording{}, fmt.Errorf("a recording of version %d with %d columns and %d rows is not drawn", h.Version, h.Width, h.Height)
	}
	r := Recording{Width: h.Width, Height: h.Height, Title: h.Title}
	for number := 2; lines.Scan(); number++ {
		p, output, err := readPiece(lines.Bytes())
		if err != nil {
			return r, fmt.Errorf("line %d of the recording: %w", number, err)
		}
		if n := len(r.Pieces); n == mostPieces || n > 0 && p.At < r.Pieces[n-1].At {
			return r, fmt.Errorf("line %d of the recording is one too many, or earlier than the line before", number)
		}
		if output {
			r.Pieces = append(r.Pieces, p)
		}
	}
	return r, lines.Err()
}

// readPiece reads a line [SECONDS, KIND, TEXT].
func readPiece(line []byte) (p Piece, output bool, err error) {
	var seconds float64
	var kind string
	parts := []any{&seconds, &kind, &p.Text}
	if err := json.Unmarshal(line, &parts); err != nil {
		return p, false, err
	}
	if len(parts) != 3 || seconds < 0 || seconds > longest.Seconds() {
		return p, false, errors.New("not [SECONDS, KIND, TEXT]")
	}
	p.At = time.Duration(math.Round(seconds*1000)) * time.Millisecond
	return p, kind == "o", nil
}

// Write writes the recording.
func (r Recording) Write(to io.Writer) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	if err := out.Encode(header{2, r.Width, r.Height, r.Title}); err != nil {
		return err
	}
	for _, p := range r.Pieces {
		if err := out.Encode([]any{float64(p.At.Milliseconds()) / 1000, "o", p.Text}); err != nil {
			return err
		}
	}
	return nil
}
