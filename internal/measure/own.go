package measure

// Own is what is true of this process, which others are compared with.
type Own struct {
	// On Linux.
	Namespaces     map[string]string // by the names in /proc/self/ns
	SeccompFilters int               // in force; -1 where the kernel doesn't tell
	Identity       map[string]string // Uid, Gid and Groups, as /proc/PID/status has them

	// On Windows.
	User       string // the SID
	Privileges string // as in the evidence
}
