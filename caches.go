package lockstile

import (
	"cmp"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/lockstile/lockstile/internal/caches"
	"github.com/lockstile/lockstile/internal/cachesets"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/redact"
	"github.com/lockstile/lockstile/internal/shares"
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
	if p.Mode != policy.ModeWorkspaceWrite || p.Caches == policy.CachesOff || f.OS != "linux" || f.Missing.UserNamespaces {
		return nil
	}
	without := func(why string) error {
		f.Caches.Left = []host.LeftCache{{Name: "all", Why: why}}
		return nil
	}
	if why := noCaches(p, f.Missing); why != "" {
		return without(why)
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
		return without("more commands run at a time than have caches of their own")
	}
	f.Caches = survey.FindCaches(p, *f, func(name string) string { return lookup(i.command.Env, name) },
		func(store string) string { return filepath.Join(folder, store, "upper") })
	f.Caches.Folder = folder
	i.leadToCaches()
	return nil
}

// noCaches returns why the machine has no private caches, "" if nothing is known against
// them.
func noCaches(p policy.Policy, missing host.Missing) string {
	switch {
	case missing.Overlay:
		return "this machine mounts no overlay in a user namespace"
	case !plainName(p.Home):
		return p.Home + " can't be named to the kernel in the options of a mount"
	}
	return host.NoOverlay(p.Home)
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

// seats gives the seats of the private caches, and the shares of what the processes of the
// user share, to starts.
type seats struct {
	mu    sync.Mutex
	spare map[string]cachesets.Seat // of processes prepared ahead, by the set
	share *shares.Share             // likewise; nil for none
}

// hold is the seat and the share of one start, taken when the start first needs it.
type hold struct {
	from  *seats
	set   string
	seat  cachesets.Seat
	other bool // than the kept seat
	least bool // the least share does
	part  *shares.Share
}

func (s *seats) hold() *hold { return &hold{from: s} }

// folder returns the folder of the seat, "" if no seat is free.
func (h *hold) folder(set, workspace string) (string, error) {
	if h.set == set {
		return h.seat.Folder, nil
	}
	h.leaveSeat()
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

// share returns the number of the start's share of what the processes of the user share. A
// start without a sandbox has none, and nobody who only looks takes one.
func (h *hold) share(home string, p policy.Policy) int {
	if h == nil || p.Mode == policy.ModeDangerFullAccess || runtime.GOOS != "linux" { // elsewhere nothing is shared by number
		return 0
	}
	if h.least {
		return shares.Last
	}
	if h.part == nil {
		h.from.mu.Lock()
		h.part, h.from.share = h.from.share, nil
		h.from.mu.Unlock()
	}
	if h.part == nil {
		h.part = shares.Take(filepath.Join(home, "shares"))
	}
	return h.part.Number
}

// leave gives the seat and the share to the next start of any process.
func (h *hold) leave() {
	if h == nil {
		return
	}
	h.leaveSeat()
	h.part.Leave()
	h.part = nil
}

func (h *hold) leaveSeat() {
	h.seat.Leave()
	h.set = ""
}

// change keeps the seat for another start, and has the next call of folder take another.
func (h *hold) change() {
	h.keepSeat()
	h.set, h.other = "", true
}

// keep keeps the seat and the share for the next start of this gate.
func (h *hold) keep() {
	h.keepSeat()
	h.from.mu.Lock()
	defer h.from.mu.Unlock()
	part := h.part
	if h.part = nil; part == nil {
		return
	}
	if h.from.share != nil {
		part.Leave()
		return
	}
	h.from.share = part
	time.AfterFunc(mostIdle, func() { h.from.leaveShare(part) }) // the prepared processes have ended too
}

func (h *hold) keepSeat() {
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

// leaveShare gives a kept share to the next start of any process.
func (s *seats) leaveShare(part *shares.Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.share == part {
		s.share.Leave()
		s.share = nil
	}
}

// close leaves the seats that are kept.
func (s *seats) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.spare {
		seat.Leave()
	}
	s.spare = nil
	s.share.Leave()
	s.share = nil
}

// pruneAfter is how long a command must have run before the caches are pruned: a short
// command is not slowed down.
const pruneAfter = 2 * time.Second

// defaultCacheMB is the most room for the caches of all workspaces.
const defaultCacheMB = 10 << 10

// mostCacheBytes returns the most room for the private caches of all workspaces.
func mostCacheBytes(p policy.Policy) int64 {
	return cmp.Or(p.MostCacheMB, defaultCacheMB) << 20
}

// pruner removes old caches while a command runs, at most once an hour.
type pruner struct {
	timer *time.Timer
	stop  chan struct{}
	done  sync.WaitGroup
}

// newPruner returns nil for a start without caches.
func newPruner(i *intent) *pruner {
	folder := i.facts.Caches.Folder
	if folder == "" {
		return nil
	}
	root := filepath.Dir(filepath.Dir(folder))
	most := mostCacheBytes(i.policy)
	pr := &pruner{stop: make(chan struct{})}
	pr.done.Add(1)
	pr.timer = time.AfterFunc(pruneAfter, func() {
		defer pr.done.Done()
		if cachesets.Due(root) && cachesets.Prune(root, most, pr.stop) == nil {
			_ = cachesets.Pruned(root) // otherwise the next start prunes again
		}
	})
	return pr
}

// end stops the work and waits for its end.
func (pr *pruner) end() {
	if pr == nil {
		return
	}
	close(pr.stop)
	if pr.timer.Stop() {
		pr.done.Done()
	}
	pr.done.Wait()
}

// cacheNames lists the caches of a start for the record, and those that are left out.
func cacheNames(c host.Caches) (names, left []string) {
	for _, p := range c.Places {
		names = append(names, p.Name)
	}
	for _, o := range c.Own {
		names = append(names, o.Name)
	}
	for _, l := range c.Left {
		left = append(left, redact.Text(l.Name+": "+l.Why))
	}
	return names, left
}
