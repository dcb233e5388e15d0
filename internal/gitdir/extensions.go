package gitdir

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// The extensions of an index that stay.
const (
	linkExtension   = "link" // names the shared index
	sparseExtension = "sdir" // says that entries may be folders
	undoExtension   = "REUC" // the sides of conflicts that are resolved
)

var errExtension = errors.New("an extension of the index ends too early")

// readExtensions reads what follows the entries. Extensions with a small first letter must
// be understood; the others may be left out.
func (ix *index) readExtensions(b []byte, hash int) error {
	seen := map[string]bool{}
	for len(b) > 0 {
		if len(b) < 8 {
			return errExtension
		}
		kind, size := string(b[:4]), binary.BigEndian.Uint32(b[4:])
		if uint64(size) > uint64(len(b)-8) {
			return errExtension
		}
		content := b[8 : 8+size]
		b = b[8+size:]
		if seen[kind] {
			return fmt.Errorf("the index has the extension %q twice", kind)
		}
		seen[kind] = true
		if err := ix.readExtension(kind, content, hash); err != nil {
			return err
		}
	}
	return nil
}

func (ix *index) readExtension(kind string, content []byte, hash int) (err error) {
	switch kind {
	case linkExtension:
		ix.split, err = readSplit(content, hash)
	case sparseExtension:
	case undoExtension:
		ix.undo, err = readUndo(content, hash)
	default:
		if kind[0] < 'A' || kind[0] > 'Z' {
			return fmt.Errorf("the index has the unknown extension %q", kind)
		}
	}
	return err
}

// readUndo reads the extension REUC: a name, three modes in octal, and a hash for each mode
// but 0.
func readUndo(b []byte, hash int) (items []item, err error) {
	for len(b) > 0 {
		var fields [4]string
		for i := range fields {
			field, rest, ok := bytes.Cut(b, []byte{0})
			if !ok {
				return nil, errExtension
			}
			fields[i], b = string(field), rest
		}
		for _, field := range fields[1:] {
			mode, err := strconv.ParseUint(field, 8, 32)
			if err != nil || fields[0] == "" {
				return nil, errors.New("the index has a strange resolved conflict")
			}
			if mode == 0 {
				continue
			}
			if len(b) < hash {
				return nil, errExtension
			}
			items = append(items, item{fields[0], uint32(mode), b[:hash]})
			b = b[hash:]
		}
	}
	return items, nil
}

// NormalIndex returns an index without the extensions that git may leave out: git
// believes a repetition of the entries there. The checksum is made anew. An unreadable
// index gives nil.
func NormalIndex(content []byte, hash int) []byte {
	ix, err := readIndex(content, hash)
	if err != nil {
		return nil
	}
	out := append(make([]byte, 0, len(content)), content[:ix.entries]...)
	for b := content[ix.entries : len(content)-hash]; len(b) >= 8; {
		next := 8 + int(binary.BigEndian.Uint32(b[4:]))
		switch string(b[:4]) {
		case linkExtension, sparseExtension, undoExtension:
			out = append(out, b[:next]...)
		}
		b = b[next:]
	}
	if hash == 32 {
		sum := sha256.Sum256(out)
		return append(out, sum[:]...)
	}
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}
