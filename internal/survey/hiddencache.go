package survey

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// The result of a walk for hidden paths is kept for the next start, with all inputs of
// the walk: the rules, the mounts, the visited folders with their change times, and the
// targets of links. If an input differs, the next start walks again.

const keptFormat = "lockstile-hidden-2"

// basis holds the inputs of a walk.
type basis struct {
	at      int64 // when the walk began, in nanoseconds
	key     string
	folders map[string]stamp
	links   map[string]string // targets of links, "" for a broken link
	failed  bool              // a look failed with an error that may pass
}

// basisOf begins a basis: the key is made of the rules and of the machine's mounts.
func basisOf(p policy.Policy, mounts string, closed []string) *basis {
	h := sha256.New()
	field := func(s string) { h.Write(append([]byte(s), 0)) }
	field(keptFormat)
	groups, err := os.Getgroups() // groups decide which folders may be read
	field(fmt.Sprint(os.Geteuid(), os.Getegid(), groups, err, p.Mode, len(p.Roots()), closed != nil, len(closed)))
	field(mounts)
	field(p.Workspace)
	for _, r := range p.Roots() {
		field(r.Path)
	}
	for _, dir := range closed {
		field(dir)
	}
	for _, r := range p.Read {
		field(strconv.FormatBool(r.Allow) + r.Pattern)
	}
	return &basis{at: time.Now().UnixNano(), key: hex.EncodeToString(h.Sum(nil)), folders: map[string]stamp{}, links: map[string]string{}}
}

// saw notes a folder before the walk reads the folder.
func (b *basis) saw(dir string) {
	if _, ok := b.folders[dir]; !ok {
		b.folders[dir] = stampOf(dir)
	}
}

// missed notes a failed look. "Does not exist" and "not permitted" last until a folder
// changes; any other error may be over by the next start.
func (b *basis) missed(err error) {
	b.failed = b.failed || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// resolved follows a link, and notes the target.
func (b *basis) resolved(link string) (string, error) {
	target, err := filepath.EvalSymlinks(link)
	b.links[link] = target
	return target, err
}

// holds reports whether nothing has changed since.
func (b *basis) holds() bool {
	for dir, was := range b.folders {
		now := stampOf(dir)
		if now.err != nil || now.changed != was.changed || now.device != was.device || now.changed == 0 || !settledAt(now.changed, b.at) {
			return false
		}
	}
	for link, was := range b.links {
		if now, _ := filepath.EvalSymlinks(link); now != was {
			return false
		}
	}
	return true
}

// keep writes the result of a walk to a file.
func keep(file string, b *basis, found host.Hidden) error {
	if b.failed || !b.holds() {
		return nil // or an input changed just now, or since
	}
	for dir := range b.folders {
		if !keepsTimes(dir) {
			return nil
		}
	}
	return replaceFile(file, encodeKept(b, found))
}

// encodeKept writes fields that end with NUL: no path contains NUL.
func encodeKept(b *basis, found host.Hidden) (text []byte) {
	field := func(kind byte, s string) { text = append(append(append(text, kind), s...), 0) }
	field('=', b.key)
	field('a', strconv.FormatInt(b.at, 10))
	for dir, s := range b.folders {
		field('f', strconv.FormatUint(s.device, 10)+" "+strconv.FormatInt(s.changed, 10)+" "+dir)
	}
	for link, target := range b.links {
		field('l', link)
		field('t', target)
	}
	covered := func(file, folder byte, some []host.Covered) {
		for _, c := range some {
			if c.Dir {
				field(folder, c.Path)
			} else {
				field(file, c.Path)
			}
		}
	}
	covered('c', 'C', found.Covered)
	covered('s', 'S', found.Shown)
	for _, r := range found.Readable {
		field('r', r)
	}
	field('.', "")
	return text
}

// kept reads the result of an earlier walk. ok is false if a new walk could have another
// result, or if the file can't be read.
func kept(file, key string) (found host.Hidden, ok bool) {
	text, err := readKnown(file)
	if err != nil {
		return host.Hidden{}, false
	}
	b, found, ok := decodeKept(text)
	return found, ok && b.key == key && b.holds()
}

// decodeKept reads the text of encodeKept; ok is false for any other text.
func decodeKept(text string) (b *basis, found host.Hidden, ok bool) {
	b = &basis{folders: map[string]stamp{}, links: map[string]string{}}
	link := ""
	for {
		field, rest, more := strings.Cut(text, "\x00")
		if !more || field == "" {
			return b, found, false // the text was cut
		}
		text = rest
		var err error
		switch kind, value := field[0], field[1:]; kind {
		case '=':
			b.key = value
		case 'a':
			b.at, err = strconv.ParseInt(value, 10, 64)
		case 'f':
			err = b.decodeFolder(value)
		case 'l':
			link = value
		case 't':
			b.links[link] = value
		case 'c', 'C':
			found.Covered = append(found.Covered, host.Covered{Path: value, Dir: kind == 'C'})
		case 's', 'S':
			found.Shown = append(found.Shown, host.Covered{Path: value, Dir: kind == 'S'})
		case 'r':
			found.Readable = append(found.Readable, value)
		case '.':
			return b, found, text == ""
		default:
			return b, found, false
		}
		if err != nil {
			return b, found, false
		}
	}
}

func (b *basis) decodeFolder(text string) (err error) {
	device, text, _ := strings.Cut(text, " ")
	changed, dir, _ := strings.Cut(text, " ")
	var s stamp
	if s.device, err = strconv.ParseUint(device, 10, 64); err != nil {
		return err
	}
	s.changed, err = strconv.ParseInt(changed, 10, 64)
	b.folders[dir] = s
	return err
}
