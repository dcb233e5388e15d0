package gitdir

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// split is the difference between an index and a shared index.
type split struct {
	base              string // the hash of the shared index, in digits
	deletes, replaces runs   // positions of entries of the shared index
}

// runs is a bitmap in git's form (EWAH): words, and the lengths of runs.
type runs []uint64

var errBitmap = errors.New("a bitmap of the split index can't be read")

// readSplit reads the extension "link": the hash of the shared index, and two bitmaps or
// none.
func readSplit(b []byte, hash int) (*split, error) {
	if len(b) < hash {
		return nil, errExtension
	}
	s, b := &split{base: hex.EncodeToString(b[:hash])}, b[hash:]
	if len(b) == 0 {
		return s, nil
	}
	var err error
	if s.deletes, b, err = readRuns(b); err != nil {
		return nil, err
	}
	if s.replaces, b, err = readRuns(b); err != nil || len(b) > 0 {
		return nil, errBitmap
	}
	return s, nil
}

func readRuns(b []byte) (words runs, rest []byte, err error) {
	const head, tail = 8, 4 // sizes before the words, and a position in the words after
	if len(b) < head+tail {
		return nil, nil, errBitmap
	}
	n := uint64(binary.BigEndian.Uint32(b[4:]))
	if n > uint64(len(b)-head-tail)/8 {
		return nil, nil, errBitmap
	}
	for b = b[head:]; n > 0; n-- {
		words, b = append(words, binary.BigEndian.Uint64(b)), b[8:]
	}
	return words, b[tail:], nil
}

// positions returns the bits that are set, all below most.
func (words runs) positions(most int) (set []int, err error) {
	at := uint64(0)
	add := func() {
		if at >= uint64(most) {
			err = errors.New("the shared index has no entry that the split index names")
			return
		}
		set = append(set, int(at))
	}
	for i := 0; i < len(words) && err == nil; i++ {
		ones, length, literals := words[i]&1 == 1, words[i]>>1&0xffffffff*64, words[i]>>33
		for end := at + length; ones && at < end && err == nil; at++ {
			add()
		}
		if !ones {
			at += length
		}
		if literals > uint64(len(words)-i-1) {
			return nil, errBitmap
		}
		for ; literals > 0; literals-- {
			i++
			for bit := range 64 {
				if words[i]>>bit&1 == 1 && err == nil {
					add()
				}
				at++
			}
		}
	}
	return set, err
}

// whole returns the entries of an index together with the entries of the shared index. An
// entry without a name replaces an entry of the shared index, and gets the name.
func (r *Rules) whole(a area, ix *index) ([]item, error) {
	if ix.split == nil || strings.Trim(ix.split.base, "0") == "" {
		return ix.items, nil
	}
	shared, err := r.sharedItems(join(a.dir, "sharedindex."+ix.split.base))
	if err != nil {
		return nil, err
	}
	replaced, err := ix.split.replaces.positions(len(shared))
	if err != nil {
		return nil, err
	}
	deleted, err := ix.split.deletes.positions(len(shared))
	if err != nil {
		return nil, err
	}
	items, gone := append([]item(nil), ix.items...), make([]bool, len(shared))
	for _, at := range deleted {
		gone[at] = true
	}
	for i, at := range replaced {
		if i >= len(items) || items[i].name != "" || gone[at] {
			return nil, errors.New("the split index has no entry for one that is replaced")
		}
		items[i].name, gone[at] = shared[at].name, true
	}
	for i, it := range shared {
		if !gone[i] {
			items = append(items, it)
		}
	}
	return items, nil
}

func (r *Rules) sharedItems(path string) ([]item, error) {
	if r.facts.Shared == nil {
		return nil, errors.New("the index needs a shared index")
	}
	shared, err := readIndex(r.facts.Shared(path), r.facts.HashSize)
	if err != nil {
		return nil, fmt.Errorf("the shared index: %w", err)
	}
	if shared.split != nil || hasNameless(shared.items) {
		return nil, errors.New("the shared index needs another one")
	}
	return shared.items, nil
}
