package rollout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
)

// Read returns the whole lines of a rollout, also while another process writes more.
func Read(path string) ([]Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, _, err := read(f)
	return lines, err
}

// headSize is how much of a rollout Head reads, in bytes.
const headSize = 256 << 10

// Head returns the first lines of a rollout, for a list of many.
func Head(path string) ([]Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, _, err := readFrom(path, io.LimitReader(f, headSize))
	return lines, err
}

func read(f *os.File) (lines []Line, end int64, err error) { return readFrom(f.Name(), f) }

// readFrom returns the whole lines and the place behind the last. Text behind the last
// newline is torn. A line of zeros is what a crash of the machine leaves at the end.
func readFrom(path string, r io.Reader) (lines []Line, end int64, err error) {
	b := bufio.NewReaderSize(r, 256<<10)
	for {
		text, err := b.ReadBytes('\n')
		if err == io.EOF {
			return lines, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var l Line
		if err := json.Unmarshal(text, &l); err != nil {
			if zeros := bytes.TrimLeft(text, "\x00"); len(zeros) < len(text) && json.Unmarshal(zeros, &l) == nil {
				lines, end = append(lines, l), end+int64(len(text))
				continue
			}
			return nil, 0, &DamageError{path, len(lines) + 1, err}
		}
		lines, end = append(lines, l), end+int64(len(text))
	}
}
