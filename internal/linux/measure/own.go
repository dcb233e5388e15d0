//go:build linux

package measure

// Own is the state of this process, with which others are compared.
type Own struct {
	Namespaces     map[string]string // by the names in /proc/self/ns
	SeccompFilters int               // in force; -1 where the kernel doesn't tell
	Identity       map[string]string // Uid, Gid and Groups, as /proc/PID/status has them
}
