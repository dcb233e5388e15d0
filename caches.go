package lockstile

import (
	"path/filepath"
	"slices"
	"sync"

	"github.com/lockstile/lockstile/internal/caches"
	"github.com/lockstile/lockstile/internal/cachesets"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/survey"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// setPath is the folder with the private caches of a workspace. The name is that of the
// folder with the workspace's temporary folders.
func setPath(home, private string) string {
	return filepath.Join(home, "caches", filepath.Base(private))
}

// findCaches decides which caches the command gets. Without a seat the caches of the
// first seat are described.
func (i *intent) findCaches(seat *hold) error {
	p, f := i.policy, &i.facts
	if p.Mode != policy.ModeWorkspaceWrite || p.Caches == policy.CachesOff || f.OS != "linux" || f.Missing.UserNamespaces || f.Missing.Overlay || !plainName(p.Home) {
		return nil
	}
	if host.NoOverlay(p.Home) != "" {
		return nil
	}
	set := setPath(p.Home, i.private)
	folder := cachesets.FolderOf(set, 0)
	if seat != nil {
		var err error
		if folder, err = seat.folder(set, p.Workspace); err != nil {
			return cachesRefused(err)
		}
	}
	if folder == "" {
		return nil // more commands at a time than seats
	}
	f.Caches = survey.FindCaches(p, *f, func(name string) string { return lookup(i.command.Env, name) },
		func(store string) string { return filepath.Join(folder, store, "upper") })
	f.Caches.Folder = folder
	i.leadToCaches()
	return nil
}

// plainName reports whether a path can be an option of a mount.
func plainName(path string) bool {
	return !slices.ContainsFunc([]byte(path), func(c byte) bool { return c == ',' || c == ':' || c == '\\' || c <= ' ' })
}

// leadToCaches sets the variables of the caches without a place on the host. A variable
// that the policy would not hand on stays out, with its cache.
func (i *intent) leadToCaches() {
	c := &i.facts.Caches
	c.Own = slices.DeleteFunc(c.Own, func(own host.OwnCache) bool {
		return !i.policy.DecideEnv(own.Variable, caches.OwnAt+"/"+own.Name).Allowed
	})
	if len(c.Own) == 0 {
		return
	}
	env := slices.Clone(i.command.Env)
	for _, own := range c.Own {
		env = slices.DeleteFunc(env, func(e string) bool { return e == own.Variable+"=" })
		env = append(env, own.Variable+"="+caches.OwnAt+"/"+own.Name)
	}
	slices.Sort(env)
	i.command.Env = env
}

// makeCaches makes the folders of a plan's caches. No overlay may stand on the folders.
func makeCaches(p *plan.Plan) error {
	if p.Caches == "" {
		return nil
	}
	var stores []string
	for _, m := range p.CachePlaces() {
		stores = append(stores, m.Store)
	}
	if err := cachesets.Make(p.Caches, stores, p.OwnCaches); err != nil {
		return cachesRefused(err)
	}
	return nil
}

func cachesRefused(err error) error {
	return &refusal.Error{Code: refusal.CodeInput, Stage: refusal.StagePlan,
		Reason: "the private folders for caches can't be made", Hint: "lockstile caches clear --all removes them; -c 'caches.mode=\"off\"' goes without", Err: err}
}

// seats gives the seats of the private caches to starts.
type seats struct {
	mu    sync.Mutex
	spare map[string]cachesets.Seat // of processes prepared ahead, by the set
}

// hold is the seat of one start, taken when the start first needs it.
type hold struct {
	from  *seats
	set   string
	seat  cachesets.Seat
	other bool // than the kept seat
}

func (s *seats) hold() *hold { return &hold{from: s} }

// folder returns the folder of the seat, "" if no seat is free.
func (h *hold) folder(set, workspace string) (string, error) {
	if h.set == set {
		return h.seat.Folder, nil
	}
	h.leave()
	seat, ok := cachesets.Seat{}, false
	if !h.other {
		h.from.mu.Lock()
		seat, ok = h.from.spare[set]
		delete(h.from.spare, set)
		h.from.mu.Unlock()
	}
	if !ok {
		var err error
		if seat, err = cachesets.Take(set, workspace); err != nil {
			return "", err
		}
	}
	h.set, h.seat = set, seat
	return seat.Folder, nil
}

// leave gives the seat to the next start of any process.
func (h *hold) leave() {
	if h == nil {
		return
	}
	h.seat.Leave()
	h.set = ""
}

// change keeps the seat for another start, and has the next call of folder take another.
func (h *hold) change() {
	h.keep()
	h.set, h.other = "", true
}

// keep keeps the seat for the next start of this gate.
func (h *hold) keep() {
	if h.seat.Folder == "" {
		return
	}
	h.from.mu.Lock()
	defer h.from.mu.Unlock()
	if _, ok := h.from.spare[h.set]; ok {
		h.seat.Leave()
		return
	}
	if h.from.spare == nil {
		h.from.spare = map[string]cachesets.Seat{}
	}
	h.from.spare[h.set], h.seat = h.seat, cachesets.Seat{}
}

// close leaves the seats that are kept.
func (s *seats) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.spare {
		seat.Leave()
	}
	s.spare = nil
}
