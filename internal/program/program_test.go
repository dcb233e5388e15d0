package program

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestScripts(t *testing.T) {
	for head, want := range map[string]string{
		"#!/bin/sh\necho":        "/bin/sh",
		"#! /usr/bin/env node\n": "/usr/bin/env",
		"#!\t/bin/sh -e":         "/bin/sh",
		"#!/bin/sh\r\n":          "/bin/sh\r",
		"#!\n":                   "",
		"#!":                     "",
		"echo":                   "",
		"":                       "",
		"\x7fELF":                "",
	} {
		got, err := interpreter(bytes.NewReader([]byte(head)))
		if got != want || (err == ErrNone) != (want == "") {
			t.Errorf("%q: %q, %v", head, got, err)
		}
	}
}

// TestPrograms compares with debug/elf over the programs of this machine.
func TestPrograms(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files := []string{self}
	if bash, err := exec.LookPath("bash"); err == nil {
		more, _ := filepath.Glob(filepath.Dir(bash) + "/b*")
		files = append(files, more...)
	}
	for _, file := range files {
		e, err := elf.Open(file)
		if err != nil {
			continue
		}
		want := elfLoader(e)
		e.Close()
		if got, _ := Interpreter(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func elfLoader(e *elf.File) string {
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			text, _ := io.ReadAll(io.LimitReader(p.Open(), mostPath))
			name, _, _ := bytes.Cut(text, []byte{0})
			return string(name)
		}
	}
	return ""
}

// TestNoRegularFile checks that no other file is read, or waited for.
func TestNoRegularFile(t *testing.T) {
	fifo := t.TempDir() + "/fifo"
	if err := exec.Command("mkfifo", fifo).Run(); err != nil {
		fifo = os.DevNull // no such files here
	}
	for _, name := range []string{os.DevNull, fifo, t.TempDir(), t.TempDir() + "/none"} {
		if got, err := Interpreter(name); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzInterpreter checks that no file makes the reader fail or read without bound.
func FuzzInterpreter(f *testing.F) {
	f.Add([]byte("#!/bin/sh\n"))
	if self, err := os.Executable(); err == nil {
		if text, err := os.ReadFile(self); err == nil {
			f.Add(text[:min(len(text), 8192)])
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := interpreter(bytes.NewReader(text)); err == nil && (got == "" || len(got) > mostPath) {
			t.Errorf("%q", got)
		}
	})
}
