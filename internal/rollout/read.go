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

// Each calls do with one line after the other, until do returns false.
func Each(path string, do func(Line) (more bool)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = each(path, f, do)
	return err
}

// read returns the whole lines of an open rollout, and the place behind the last.
func read(f *os.File) (lines []Line, end int64, err error) {
	end, err = each(f.Name(), f, func(l Line) bool {
		lines = append(lines, l)
		return true
	})
	if err != nil {
		return nil, 0, err
	}
	return lines, end, nil
}

// each returns the place behind the last line that do got. Text behind the last newline is
// torn. A line of zeros is what a crash of the machine leaves at the end.
func each(path string, r io.Reader, do func(Line) bool) (end int64, err error) {
	b := bufio.NewReaderSize(r, 256<<10)
	for n := 1; ; n++ {
		text, err := b.ReadBytes('\n')
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		var l Line
		if err := json.Unmarshal(text, &l); err != nil {
			zeros := bytes.TrimLeft(text, "\x00")
			if len(zeros) == len(text) || json.Unmarshal(zeros, &l) != nil {
				return 0, &DamageError{path, n, err}
			}
		}
		end += int64(len(text))
		if !do(l) {
			return end, nil
		}
	}
}
