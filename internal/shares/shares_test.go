//go:build unix

package shares

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTake checks that each share has one holder, and that the greatest free one is next.
func TestTake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shares")
	first, second := Take(dir), Take(dir)
	if first.Number != 0 || second.Number != 1 {
		t.Errorf("%d, then %d", first.Number, second.Number)
	}
	first.Leave()
	first.Leave()
	if again, third := Take(dir), Take(dir); again.Number != 0 || third.Number != 2 {
		t.Errorf("%d, then %d", again.Number, third.Number)
	}
	for range Last - 3 {
		if s := Take(dir); s.Number == Last {
			t.Error("a share is missed")
		}
	}
	if s, more := Take(dir), Take(dir); s.Number != Last || more.Number != Last {
		t.Errorf("with all taken: %d and %d", s.Number, more.Number)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := Take(filepath.Join(file, "shares")); s.Number != Last {
		t.Errorf("without a folder: %d", s.Number)
	}
	var none *Share
	none.Leave()
}

// TestOf checks that all shares together leave half of a pool, but for the least ones.
func TestOf(t *testing.T) {
	for _, pool := range []int64{0, 1, 2, 7, 8, 128, 1024, 8192, 1 << 40} {
		var all int64
		for number := range Last + 1 {
			got := Of(pool, number)
			if got > pool/2 || number > 0 && got > Of(pool, number-1) {
				t.Errorf("share %d of %d is %d", number, pool, got)
			}
			if got > least {
				all += got
			}
		}
		if all > pool/2 {
			t.Errorf("of %d all take %d", pool, all)
		}
	}
	if Of(128, 0) != 32 || Of(128, 1) != 16 || Of(128, 9) != 4 {
		t.Error("the shares of 128")
	}
}
