//go:build unix

package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// sample returns a valid log, for the fuzzers to change.
func sample(f *testing.F) []byte {
	dir := f.TempDir()
	if err := writeLines(dir, 3); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, LogName))
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func seed(f *testing.F) {
	b := sample(f)
	f.Add(b)
	f.Add(b[:len(b)-7])
	f.Add(bytes.ReplaceAll(b, []byte("seq"), []byte("Seq")))
	f.Add([]byte("\n\n{\"v\":1,\"seq\":"))
	f.Add([]byte{})
}

// FuzzVerify checks that the reader ends on any bytes, and that a log without problems
// reads the same record by record.
func FuzzVerify(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Verify(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if r.Lines != bytes.Count(b, []byte("\n"))+tailLine(b) {
			t.Errorf("%d lines", r.Lines)
		}
		found, err := tail(newBackward(bytes.NewReader(b), int64(len(b))), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if r.OK() && uint64(len(found)) != r.LastSeq {
			t.Errorf("the log holds up to seq %d, but has %d records", r.LastSeq, len(found))
		}
	})
}

func tailLine(b []byte) int {
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return 1
	}
	return 0
}

// FuzzAppendBehind checks that a writer after any bytes either refuses, or leaves a log
// with its own record as the last.
func FuzzAppendBehind(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, LogName)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		log, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		receipt, err := log.Append(note{"the fuzzer's"})
		after, _ := os.ReadFile(path)
		if !bytes.HasPrefix(after, b) {
			t.Fatal("what was there was changed")
		}
		if err != nil {
			if len(after) != len(b) {
				t.Error("a refused record is in the log")
			}
			return
		}
		got, err := Tail(path, 1)
		if err != nil || len(got) != 1 || hashLine(got[0]) != receipt.Hash {
			t.Errorf("the last record is %s, %v", got, err)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add(bytes.Repeat([]byte(" "), headSize))
	f.Add([]byte(`{"v":1,"seq":3,"hash":"` + zeroHash + `","size":10}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := parseHead(b); ok && (m.seq > maxNumber || m.end < 0 || !isHash([]byte(m.hash))) {
			t.Errorf("%q is read as %+v", b, m)
		}
	})
}
