//go:build linux

package measure

// Own is the state of this process, for comparison with other processes.
type Own struct {
	Namespaces     map[string]string // by the names in /proc/self/ns
	SeccompFilters int               // in force; -1 if the kernel doesn't say
	Identity       map[string]string // Uid, Gid and Groups, in the form of /proc/PID/status
}
