// Package linefilter passes those lines of a stream on that a function keeps: the reader
// of an MCP connection would hang up at the first line that is no message. Package
// linefilter must never hold more than a line of a bounded length, or know what a line
// means.
package linefilter

import (
	"bufio"
	"io"
)

// Filter is a stream without the lines that are not kept.
type Filter struct {
	in    io.ReadCloser
	lines *bufio.Reader
	most  int
	keep  func(line []byte, long bool) []byte
	left  []byte // of the last kept line
}

// New makes a Filter. keep gets each line with its end, and returns what is passed on in
// its place, nil for nothing. Of a line with more than most bytes keep gets nothing but
// long.
func New(in io.ReadCloser, most int, keep func(line []byte, long bool) []byte) *Filter {
	return &Filter{in: in, lines: bufio.NewReaderSize(in, 64<<10), most: most, keep: keep}
}

// Close closes the stream.
func (f *Filter) Close() error { return f.in.Close() }

// Read implements io.Reader.
func (f *Filter) Read(p []byte) (int, error) {
	for len(f.left) == 0 {
		line, long, err := f.line()
		if len(line) == 0 && !long && err != nil {
			return 0, err
		}
		f.left = f.keep(line, long)
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// line reads a line to its end.
func (f *Filter) line() (line []byte, long bool, err error) {
	for {
		part, err := f.lines.ReadSlice('\n')
		if long = long || len(line)+len(part) > f.most; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if err != bufio.ErrBufferFull {
			return line, long, err
		}
	}
}
