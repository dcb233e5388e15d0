package lockstile

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstile/lockstile/internal/launch"
	"github.com/lockstile/lockstile/internal/news"
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

// taker takes names away. part keeps the names of the parts of a start apart.
func (c *Child) taker(part string) takeback.Taker {
	return takeback.Taker{Store: c.gate.store(), Suffix: c.suffix + part}
}

// takeBack takes back what the command made and programs of the host trust. Without a room
// for another name, the name goes for good; what stays is in left, and its note stays too.
func (c *Child) takeBack(end launch.End) {
	guarded := c.guard.Stop()
	for _, b := range guarded.Back {
		c.denied = append(c.denied, c.deniedOf(b))
	}
	c.why = guarded.Why
	taker := c.taker("-e")
	for _, path := range end.Denied {
		name, b := c.trusted.NameOf(path), takeback.Back{Path: path, Now: path + c.suffix}
		if c.trusted.MayStay(path, b.Now) && takeback.Return(name, b) == nil {
			continue // named by Since
		}
		c.denied = append(c.denied, c.deniedOf(taker.Keep(name, b)))
	}
	c.trusted.Keep(guarded.Host)
	came, told := c.trusted.Since(c.record.begun, time.Since(c.record.begun), guarded.News)
	if end.Unswept {
		came = append(came, c.trusted.StillThere()...)
	}
	back, left := taker.All(came)
	for _, b := range back {
		c.denied = append(c.denied, c.deniedOf(b))
	}
	c.left = left
	told.Known = slices.DeleteFunc(told.Known, c.isBack)
	told.Repositories = slices.DeleteFunc(told.Repositories, func(r news.Repository) bool { return c.isBack(r.Path) })
	told.Dot = slices.DeleteFunc(told.Dot, func(g news.Group) bool { return c.isBack(g.Path) })
	c.news = told
	if len(c.denied) > 0 {
		c.gate.store().Expire()
	}
}

func (c *Child) deniedOf(b takeback.Back) Denied {
	return Denied{Path: b.Path, Now: b.Now, Name: c.gate.store().NameOf(b.Now)}
}

// Left lists, after Wait, the names that the command made, that programs of the host trust,
// and that could not be taken back. The next start in the workspace tries again first, and
// refuses while it fails.
func (c *Child) Left() []string { return pathsOfLeft(c.left) }

func pathsOfLeft(left []takeback.Left) (paths []string) {
	for _, l := range left {
		paths = append(paths, l.Path)
	}
	return paths
}

// trustOf returns what to record of the news, nil for nothing.
func trustOf(n news.News) *news.News {
	if n.Empty() {
		return nil
	}
	return &n
}
