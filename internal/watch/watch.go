// Package watch reports new names in folders, and names that go, by a single inotify(7)
// instance for all callers. Package watch must never change anything. Its reports come
// late: they shorten a time, and nothing may depend on them.
package watch

// Change is a change of a folder's names.
type Change struct {
	Name string // "" if changes may have been lost
	Gone bool   // the name has gone; it came otherwise
}
