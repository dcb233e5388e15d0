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

// What a walk for what may not be read came to is kept for the next start, with all that
// it depends on: the rules, the mounts, the folders that were looked into, by their
// change times, and where links led. Where one of them differs the walk is made again.

const keptFormat = "lockstile-hidden-2"

// basis is what a walk depends on.
type basis struct {
	at      int64 // when it began, in nanoseconds
	key     string
	folders map[string]stamp
	links   map[string]string // where they led, "" for nowhere
	failed  bool              // something could not be looked at, for no reason that lasts
}

// basisOf begins one: the key is of the rules and of the machine's mounts.
func basisOf(p policy.Policy, mounts string, closed []string) *basis {
	h := sha256.New()
	field := func(s string) { h.Write(append([]byte(s), 0)) }
	field(keptFormat)
	groups, err := os.Getgroups() // by which a folder may be looked into
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

// saw takes down a folder before it is looked into.
func (b *basis) saw(dir string) {
	if _, ok := b.folders[dir]; !ok {
		b.folders[dir] = stampOf(dir)
	}
}

// missed takes down that something could not be looked at: not being there, or not being
// allowed, lasts until a folder changes; anything else may be over by the next start.
func (b *basis) missed(err error) {
	b.failed = b.failed || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// resolved follows a link, and takes down where it led.
func (b *basis) resolved(link string) (string, error) {
	target, err := filepath.EvalSymlinks(link)
	b.links[link] = target
	return target, err
}

// holds reports whether nothing has changed since.
func (b *basis) holds() bool {
	for dir, was := range b.folders {
		now := stampOf(dir)
		if now.err != nil || now.changed != was.changed || now.device != was.device || now.changed == 0 || now.changed >= b.at-int64(settled) {
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

// keep writes down what a walk came to.
func keep(file string, b *basis, found host.Hidden) error {
	if b.failed || !b.holds() {
		return nil // or changed just now, or since
	}
	for dir := range b.folders {
		if !keepsTimes(dir) {
			return nil
		}
	}
	return replaceFile(file, encodeKept(b, found))
}

// encodeKept writes fields that end with NUL, which no path holds.
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

// kept reads what an earlier walk came to; ok is false where that is not what one would
// come to now, or can't be told.
func kept(file, key string) (found host.Hidden, ok bool) {
	text, err := readKnown(file)
	if err != nil {
		return host.Hidden{}, false
	}
	b, found, ok := decodeKept(text)
	return found, ok && b.key == key && b.holds()
}

// decodeKept reads it back; ok is false where the text is none.
func decodeKept(text string) (b *basis, found host.Hidden, ok bool) {
	b = &basis{folders: map[string]stamp{}, links: map[string]string{}}
	link := ""
	for {
		field, rest, more := strings.Cut(text, "\x00")
		if !more || field == "" {
			return b, found, false // it was cut
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
