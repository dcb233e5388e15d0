//go:build linux

package gitfs

import (
	"strings"
	"sync"
)

// rootID is the kernel's number for the top folder.
const rootID = 1

// node is a name that the kernel knows. A node stands for a path, and not for a file: two
// hard links are two nodes.
type node struct {
	id, refs uint64
	path     string // relative to the git directory; "" for the directory itself
	gone     bool   // removed or replaced
}

// nodes are the names that the kernel knows.
type nodes struct {
	mu     sync.Mutex
	byID   map[uint64]*node
	byPath map[string]*node
	last   uint64
}

func newNodes() nodes {
	top := &node{id: rootID}
	return nodes{byID: map[uint64]*node{rootID: top}, byPath: map[string]*node{"": top}, last: rootID}
}

func (n *nodes) get(id uint64) *node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byID[id]
}

// remember returns the node of a path, for one more mention to the kernel.
func (n *nodes) remember(path string) *node {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := n.byPath[path]
	if found == nil {
		n.last++
		found = &node{id: n.last, path: path}
		n.byID[found.id], n.byPath[path] = found, found
	}
	found.refs++
	return found
}

// forget takes mentions back.
func (n *nodes) forget(id, mentions uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := n.byID[id]
	if found == nil || id == rootID {
		return
	}
	if found.refs -= min(mentions, found.refs); found.refs > 0 {
		return
	}
	delete(n.byID, id)
	if n.byPath[found.path] == found {
		delete(n.byPath, found.path)
	}
}

// detach says that a path leads nowhere now.
func (n *nodes) detach(path string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if found := n.byPath[path]; found != nil {
		found.gone = true
		delete(n.byPath, path)
	}
}

// move gives the node of a file another path.
func (n *nodes) move(from, to string) {
	n.detach(to)
	n.mu.Lock()
	defer n.mu.Unlock()
	if found := n.byPath[from]; found != nil {
		n.rename(found, to)
	}
}

// moveFolder gives the node of a folder, and all below, another path.
func (n *nodes) moveFolder(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var moved []*node
	for path, found := range n.byPath {
		if path == from || strings.HasPrefix(path, from+"/") {
			moved = append(moved, found)
		}
	}
	for _, found := range moved {
		n.rename(found, to+found.path[len(from):])
	}
}

// rename is for a caller that holds mu.
func (n *nodes) rename(found *node, to string) {
	delete(n.byPath, found.path)
	found.path = to
	n.byPath[to] = found
}

// at returns the path of a node, and whether the node still stands for the path.
func (n *nodes) at(x *node) (path string, there bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return x.path, !x.gone
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// split returns the folder of a path and the name in the folder.
func split(path string) (dir, base string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}
