package audit

import (
	"fmt"
	"os"
	"time"

	"github.com/lockstile/lockstile/internal/filelock"
)

// lockFile takes the lock that orders the processes at a log. The lock belongs to the
// open file: the system releases the lock when the holder dies. lockFile polls instead of
// sleeping in the system call: otherwise a stopped holder would hang every start.
func lockFile(f *os.File, shared bool, patience time.Duration) error {
	ok, err := filelock.Try(f, shared)
	if ok || err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for pause := 50 * time.Microsecond; time.Now().Before(deadline); pause = min(2*pause, time.Millisecond) {
		time.Sleep(pause)
		if ok, err := filelock.Try(f, shared); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("another process has held the lock for %v", patience)
}
