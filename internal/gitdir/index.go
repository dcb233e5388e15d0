package gitdir

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
)

// The modes of an index entry, without permission bits.
const (
	modeType    = 0xf000
	modeFolder  = 0x4000 // a folder of a sparse index
	modeFile    = 0x8000
	modeLink    = 0xa000
	modeGitLink = 0xe000
)

// The flags of an index entry.
const (
	flagExtended   = 0x4000 // more flags follow
	flagNameLength = 0x0fff
	moreFlags      = 0x6000 // of the flags that follow: skip-worktree, intent-to-add
)

// item is an entry of an index.
type item struct {
	name string
	mode uint32
	hash []byte
}

// index is a parsed index.
type index struct {
	items   []item
	entries int    // where the extensions begin
	split   *split // the extension that names a shared index, or nil
	undo    []item // what the extension REUC holds
}

// The most bytes of a name, and of all names. Version 4 leaves out what names have in
// common: a small index can have names of any length.
const (
	mostName  = 16 << 10
	mostNames = 256 << 20
)

var errCut = errors.New("the index ends too early")

// readIndex reads an index of versions 2 to 4 (gitformat-index(5)). hash is the size of an
// object's name in bytes: with the wrong size an index would mean something else to git.
func readIndex(b []byte, hash int) (*index, error) {
	if hash != 20 && hash != 32 {
		return nil, errors.New("the size of the repository's hashes is unknown")
	}
	if len(b) < 12+hash || string(b[:4]) != "DIRC" {
		return nil, errors.New("this is no index")
	}
	version, count := binary.BigEndian.Uint32(b[4:]), int(binary.BigEndian.Uint32(b[8:]))
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("the index has version %d", version)
	}
	end := len(b) - hash
	if count < 0 || count > end/(hash+42) {
		return nil, errCut
	}
	ix := &index{items: make([]item, 0, count)}
	at, before, names := 12, "", 0
	for range count {
		it, next, err := readItem(b[:end], at, hash, version, before)
		if err != nil {
			return nil, err
		}
		if names += len(it.name); names > mostNames {
			return nil, errors.New("the names of the index are too long together")
		}
		ix.items = append(ix.items, it)
		at, before = next, it.name
	}
	ix.entries = at
	return ix, ix.readExtensions(b[at:end], hash)
}

// readItem reads the entry at b[at:]. Version 4 leaves out what the name has in common with
// the name before.
func readItem(b []byte, at, hash int, version uint32, before string) (it item, next int, err error) {
	start := at
	at += 40 + hash + 2
	if at > len(b) {
		return it, 0, errCut
	}
	it.mode, it.hash = binary.BigEndian.Uint32(b[start+24:]), b[start+40:start+40+hash]
	flags := binary.BigEndian.Uint16(b[at-2:])
	if flags&flagExtended != 0 { // git reads more flags then, even in version 2
		if at+2 > len(b) {
			return it, 0, errCut
		}
		if more := binary.BigEndian.Uint16(b[at:]); version == 2 || more&^moreFlags != 0 {
			return it, 0, errors.New("an entry of the index has unknown flags")
		}
		at += 2
	}
	if version == 4 {
		drop, used := readOffset(b[at:])
		if used == 0 || drop > len(before) {
			return it, 0, errCut
		}
		at += used
		it.name = before[:len(before)-drop]
	}
	zero := bytes.IndexByte(b[at:], 0)
	if zero < 0 {
		return it, 0, errCut
	}
	if len(it.name)+zero > mostName {
		return it, 0, errors.New("a name of the index is too long")
	}
	it.name += string(b[at : at+zero])
	at += zero + 1
	if version != 4 {
		at = start + (at-1-start+8)&^7
		if at > len(b) {
			return it, 0, errCut
		}
	}
	if int(flags&flagNameLength) != min(len(it.name), flagNameLength) {
		return it, 0, fmt.Errorf("the entry %q of the index gives another length", shorten(it.name))
	}
	return it, at, nil
}

// readOffset reads a number as version 4 of an index writes it. used is 0 for no number.
func readOffset(b []byte) (n, used int) {
	for i, c := range b[:min(len(b), 5)] {
		if i > 0 {
			n++
		}
		n = n<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}

// checkIndex allows an index with names that git lets into a tree: git does not ask again
// before git writes the files of an index.
func (r *Rules) checkIndex(a area, content []byte) error {
	ix, err := readIndex(content, r.facts.HashSize)
	if err != nil {
		return err
	}
	items, err := r.whole(a, ix)
	if err != nil {
		return err
	}
	if hasNameless(items) {
		return errors.New("an entry of the index has no name")
	}
	return r.checkItems(a, append(items, ix.undo...))
}

// checkSharedIndex allows a shared index as checkIndex does. Nothing can be left out,
// since the checksum is in the name.
func (r *Rules) checkSharedIndex(a area, content []byte) error {
	ix, err := readIndex(content, r.facts.HashSize)
	switch {
	case err != nil:
		return err
	case ix.split != nil || len(NormalIndex(content, r.facts.HashSize)) != len(content):
		return errors.New("the shared index has extensions")
	case hasNameless(ix.items):
		return errors.New("an entry of the shared index has no name")
	}
	return r.checkItems(a, append(ix.items, ix.undo...))
}

func hasNameless(items []item) bool {
	for _, it := range items {
		if it.name == "" {
			return true
		}
	}
	return false
}

// atRoot reports whether the names of the area's index begin at the workspace.
func (a area) atRoot() bool { return a.kind != moduleDir }

// checkItems looks at the names of an index: none leads out of the tree or into a git
// directory, none lies below a link, and an entry at a protected name is an old entry.
func (r *Rules) checkItems(a area, items []item) error {
	var links []string
	for _, it := range items {
		if err := it.check(); err != nil {
			return err
		}
		if !r.facts.Nested && isProtected(it.name, a.atRoot(), r.facts.Given) && !r.entries[it.key(a)] {
			return fmt.Errorf("the index has the protected name %q, as it was not at the start", shorten(it.name))
		}
		if t := it.mode & modeType; t == modeLink || t == modeGitLink {
			links = append(links, trustname.Fold(it.name)+"/")
		}
	}
	if len(links) == 0 {
		return nil
	}
	names := make([]string, len(items))
	for i, it := range items {
		names[i] = trustname.Fold(it.name)
	}
	slices.Sort(names)
	for _, link := range links {
		if i, _ := slices.BinarySearch(names, link); i < len(names) && strings.HasPrefix(names[i], link) {
			return fmt.Errorf("the index has %q below a link", shorten(names[i]))
		}
	}
	return nil
}

func (it *item) check() error {
	name := it.name
	switch it.mode & modeType {
	case modeFolder:
		folder, ok := strings.CutSuffix(name, "/")
		if !ok {
			return fmt.Errorf("the index has the folder %q", shorten(name))
		}
		name = folder
	case modeFile, modeLink, modeGitLink:
	default:
		return fmt.Errorf("the index has %q with the mode %o", shorten(name), it.mode)
	}
	if !isTreeName(name) {
		return fmt.Errorf("the index has the name %q", shorten(it.name))
	}
	return nil
}

// key identifies an entry with its content.
func (it *item) key(a area) string {
	return fmt.Sprintf("%s %o %x %s", a.dir, it.mode, it.hash, it.name)
}

// Know tells the entries at protected names that an index or a shared index had at the
// start. The path is relative to the git directory.
func (r *Rules) Know(path string, content []byte) error {
	a, _, _ := r.split(path)
	ix, err := readIndex(content, r.facts.HashSize)
	if err != nil {
		return err
	}
	for _, it := range ix.items {
		if isProtected(it.name, a.atRoot(), r.facts.Given) {
			r.entries[it.key(a)] = true
		}
	}
	return nil
}
