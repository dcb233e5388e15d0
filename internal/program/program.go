// Package program reads which other program the kernel starts in place of a file: a
// script's interpreter, or an ELF file's loader. The package must never start anything, or
// wait for a file that is no regular file.
package program

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

// ErrNone says that the kernel starts the file itself, or can't start the file at all.
var ErrNone = errors.New("the file has no interpreter")

// mostHead is how much of a script the kernel reads, in bytes (BINPRM_BUF_SIZE, execve(2)).
const mostHead = 256

// Interpreter returns the program that a regular file names: the word behind "#!", with a
// carriage return if the line ends with one, or the loader of an ELF file (elf(5)).
func Interpreter(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO never opens otherwise
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", ErrNone
	}
	return interpreter(f)
}

func interpreter(f io.ReaderAt) (string, error) {
	head := make([]byte, mostHead)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		return scriptInterpreter(head[2:])
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return loader(f, head)
	}
	return "", ErrNone
}

func scriptInterpreter(head []byte) (string, error) {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	word := strings.Trim(string(line), " \t")
	if i := strings.IndexAny(word, " \t"); i >= 0 {
		word = word[:i]
	}
	if word == "" || strings.IndexByte(word, 0) >= 0 {
		return "", ErrNone
	}
	return word, nil
}

const (
	elf32, elf64 = 1, 2
	ptInterp     = 3
	mostSegments = 128
	mostPath     = 4096
)

// loader reads the segment PT_INTERP.
func loader(f io.ReaderAt, head []byte) (string, error) {
	if len(head) < 64 {
		return "", ErrNone
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	var table, size, count uint64
	switch head[4] {
	case elf64:
		table, size, count = order.Uint64(head[32:]), uint64(order.Uint16(head[54:])), uint64(order.Uint16(head[56:]))
	case elf32:
		table, size, count = uint64(order.Uint32(head[28:])), uint64(order.Uint16(head[42:])), uint64(order.Uint16(head[44:]))
	default:
		return "", ErrNone
	}
	for i := range min(count, mostSegments) {
		segment := make([]byte, 56)
		if n, _ := f.ReadAt(segment, int64(table+i*size)); n < 32 || order.Uint32(segment) != ptInterp {
			continue
		}
		offset, length := order.Uint64(segment[8:]), order.Uint64(segment[32:])
		if head[4] == elf32 {
			offset, length = uint64(order.Uint32(segment[4:])), uint64(order.Uint32(segment[16:]))
		}
		path := make([]byte, min(length, mostPath))
		n, _ := f.ReadAt(path, int64(offset))
		name, _, _ := bytes.Cut(path[:n], []byte{0})
		if len(name) > 0 {
			return string(name), nil
		}
	}
	return "", ErrNone
}
