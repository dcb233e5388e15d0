package lockstile

import (
	"cmp"
	"path/filepath"
	"time"

	"github.com/lockstile/lockstile/internal/takeback"
)

// TakenBack is something that a command made under a name that programs of the host trust,
// and that waits for its user in the product's own folder.
type TakenBack struct {
	Name string    `json:"name"` // of the entry
	Path string    `json:"path"` // during the command
	Time time.Time `json:"time"` // when it was taken back
	Kind string    `json:"kind"` // "file", "folder", "link" or "other"
}

// store is where what was taken back waits.
func (g *Gate) store() takeback.Store {
	return takeback.Store{Dir: filepath.Join(cmp.Or(g.home.real, g.named), "takeback")}
}

// TakenBack lists what waits, the oldest first.
func (g *Gate) TakenBack() ([]TakenBack, error) {
	entries, err := g.store().List()
	var out []TakenBack
	for _, e := range entries {
		out = append(out, TakenBack(e))
	}
	return out, err
}

// RestoreTakenBack moves an entry back to its path: from then on the name is the user's own,
// which no command may change. name is the name of the entry, or its path if no other entry
// has the path. Nothing that is there is replaced.
func (g *Gate) RestoreTakenBack(name string) (TakenBack, error) {
	e, err := g.store().Restore(name)
	return TakenBack(e), err
}

// ClearTakenBack removes the entries that are older than an age, for good, and returns how
// many.
func (g *Gate) ClearTakenBack(age time.Duration) (removed int, err error) {
	return g.store().Clear(age)
}
