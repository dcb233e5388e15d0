//go:build unix

package gitdir

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
)

// mutator changes bytes, the same way each time.
type mutator struct{ *rand.Rand }

func newMutator(seed string) mutator {
	h := fnv.New64a()
	h.Write([]byte(seed))
	return mutator{rand.New(rand.NewPCG(h.Sum64(), 1))}
}

// pieces are the insertions of mutations.
var pieces = []string{".git", "..", "/", ".git/hooks/x", ".envrc", "\x00", "\n", "[core]\n", "\thooksPath = x\n", "[branch \"x\"]\n", "\tremote = origin\n", "exec id\n", "x id\n", "\\\n", "\"", "#", ";", "pick ", "refs/replace/", "\xff\xff", "\x40\x00", "link", "sdir", "REUC", "\r", "[", "]", " = ", "break\n", " ", "\t"}

// mutate returns content with one to three changes.
func (m mutator) mutate(content []byte) []byte {
	out := bytes.Clone(content)
	for range 1 + m.IntN(3) {
		at := m.IntN(len(out) + 1)
		piece := []byte(pieces[m.IntN(len(pieces))])
		switch m.IntN(5) {
		case 0:
			out = append(out[:at:at], append(piece, out[at:]...)...)
		case 1:
			copy(out[at:], piece)
		case 2:
			out = append(out[:at:at], out[min(len(out), at+1+m.IntN(8)):]...)
		case 3:
			if at < len(out) {
				out[at] ^= 1 << m.IntN(8)
			}
		case 4:
			if at < len(out) {
				out[at] = byte(m.IntN(256))
			}
		}
	}
	return out
}
