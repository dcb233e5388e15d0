//go:build linux

package gitfs

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// The most that a sandbox may have open: a file is a descriptor of ours, and an entry of a
// folder and a draft are our memory.
const (
	mostHandles = 512
	mostEntries = 1 << 20
	mostDrafts  = 64
)

// handle is an open file or folder.
type handle struct {
	fd    int // -1 for none
	node  *node
	list  []os.DirEntry // of a folder, as at the open
	draft *draft        // nil for a file that is written in place
	fresh bool          // the open made the object, and may write the object
}

// draft is what was written in place to a checked name: the draft is placed at the close.
type draft struct {
	mu      sync.Mutex
	content []byte
	dirty   bool
}

// mostDraft is the most content of a draft, in bytes.
const mostDraft = 1 << 20

// write puts data at an offset.
func (d *draft) write(data []byte, offset uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if offset > mostDraft || offset+uint64(len(data)) > mostDraft {
		return unix.EFBIG
	}
	d.grow(int(offset) + len(data))
	copy(d.content[offset:], data)
	d.dirty = true
	return nil
}

func (d *draft) resize(size uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if size > mostDraft {
		return unix.EFBIG
	}
	d.grow(int(size))
	d.content, d.dirty = d.content[:size], true
	return nil
}

// grow is for a caller that holds mu.
func (d *draft) grow(size int) {
	if more := size - len(d.content); more > 0 {
		d.content = append(d.content, make([]byte, more)...)
	}
}

func (d *draft) read(offset uint64, n uint32) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := min(offset, uint64(len(d.content)))
	return append([]byte(nil), d.content[from:min(from+uint64(n), uint64(len(d.content)))]...)
}

func (d *draft) size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.content)
}

// take returns the content if it is to be placed, once.
func (d *draft) take() (content []byte, dirty bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dirty, d.dirty = d.dirty, false
	return append([]byte(nil), d.content...), dirty
}

// handles are the open files of a sandbox.
type handles struct {
	mu   sync.Mutex
	by   map[uint64]*handle
	last uint64

	entries, drafts int // of the open folders, and of the open files
}

func newHandles() handles { return handles{by: map[uint64]*handle{}} }

func (h *handles) get(id uint64) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.by[id]
}

// full reports whether no more files may be opened.
func (h *handles) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.by) >= mostHandles
}

// hasRoom reports whether a folder or a draft may be opened as well.
func (h *handles) hasRoom(x *handle) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.entries+len(x.list) <= mostEntries && (x.draft == nil || h.drafts < mostDrafts)
}

func (h *handles) add(x *handle) (id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count(x, 1)
	h.last++
	h.by[h.last] = x
	return h.last
}

func (h *handles) release(id uint64) {
	h.mu.Lock()
	x := h.by[id]
	delete(h.by, id)
	if x != nil {
		h.count(x, -1)
	}
	h.mu.Unlock()
	if x != nil && x.fd >= 0 {
		unix.Close(x.fd)
	}
}

// count is for a caller that holds mu.
func (h *handles) count(x *handle, by int) {
	h.entries += by * len(x.list)
	if x.draft != nil {
		h.drafts += by
	}
}

// close releases all.
func (h *handles) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, x := range h.by {
		if x.fd >= 0 {
			unix.Close(x.fd)
		}
		delete(h.by, id)
	}
}
