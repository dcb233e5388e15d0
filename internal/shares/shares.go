// Package shares gives each start a share of what all processes of a user share, like
// inotify instances: the first start a quarter, the next half of that, and so on, so that
// all together leave half for the user's other programs. Package shares must never wait,
// nor give a share to two starts at a time.
package shares

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/lockstile/lockstile/internal/filelock"
)

// Last is the number of the least share, which any number of starts may have.
const Last = 16

// Share is the share of one start, until Leave. The zero value is the greatest share, for
// looking alone: Take gives shares.
type Share struct {
	Number int
	lock   *os.File
}

// Take takes the greatest share that no start has. The shares are files in dir, locked by
// their holders: the system gives the share of a dead holder back. After a failure Take
// returns the least share.
func Take(dir string) *Share {
	for number := range Last {
		f, err := open(dir, number)
		if err != nil {
			break
		}
		if ok, err := filelock.Try(f, false); err == nil && ok {
			return &Share{number, f}
		}
		f.Close()
	}
	return &Share{Number: Last}
}

func open(dir string, number int) (*os.File, error) {
	name := filepath.Join(dir, strconv.Itoa(number))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if !os.IsNotExist(err) {
		return f, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return nil, err
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}

// Leave gives the share to the next start of any process.
func (s *Share) Leave() {
	if s != nil && s.lock != nil {
		s.lock.Close()
		s.lock = nil
	}
}

// least is how much of a pool each start has at least, to work at all.
const least = 4

// Of returns how much of a pool a start with the share may take.
func Of(pool int64, number int) int64 {
	return max(pool/4>>number, min(least, pool/2))
}
