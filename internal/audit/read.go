package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// Scan calls fn with each record of the log from the first to the last, and with the
// number of its line from 1. Scan passes over lines that are no records (torn, too long,
// or foreign): Verify names them. An error of fn ends the scan and is returned. raw
// belongs to fn.
func Scan(path string, fn func(line int, raw json.RawMessage) error) error {
	f, size, err := openRead(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := newForward(io.NewSectionReader(f, 0, size))
	for n := 1; ; n++ {
		line, err := lines.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if !isRecord(line) {
			continue
		}
		if err := fn(n, slices.Clone(line.text)); err != nil {
			return err
		}
	}
}

// Tail returns the last n records of the log, the oldest first, and reads no more of the
// file than needed. Tail passes over the same lines as Scan.
func Tail(path string, n int) ([]json.RawMessage, error) {
	f, size, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := tail(newBackward(f, size), n)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return found, nil
}

func tail(lines *backward, n int) ([]json.RawMessage, error) {
	var found []json.RawMessage
	for len(found) < n {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if isRecord(line) {
			found = append(found, slices.Clone(line.text))
		}
	}
	slices.Reverse(found)
	return found, nil
}

func isRecord(line textLine) bool {
	_, err := parseRecord(line.text)
	return !line.long && err == nil
}

// openRead opens a regular file for reading and returns its present size: reading to the
// size ends, even if the log grows meanwhile.
func openRead(path string) (*os.File, int64, error) {
	f, err := openReadOnly(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
