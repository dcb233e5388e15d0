package setup

import (
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/windows/grant"
)

// toolEntries returns the entries that let the group read and run the programs in the
// user's folders of PATH.
func (m Machine) toolEntries() ([]grant.Entry, error) {
	group, err := m.GroupSID(Group)
	if err != nil {
		return nil, err
	}
	userHome, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	var out []grant.Entry
	for _, dir := range tools(os.Getenv("PATH"), userHome, m.Home) {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil { // PATH names an absent folder
			continue
		}
		out = append(out, grant.Entry{Path: real, ACE: access.ACE{Flags: access.ObjectInherit | access.ContainerInherit, Mask: access.FileRead | access.FileExecute, SID: group}})
	}
	return out, nil
}

// ToolsOpen reads the access lists of the folders.
func (m Machine) ToolsOpen() (bool, error) {
	entries, err := m.toolEntries()
	if err != nil {
		return absent(err)
	}
	for _, e := range entries {
		d, err := grant.Machine{}.Read(e.Path)
		if err != nil {
			return false, err
		}
		if !d.Has(e.ACE) {
			return false, nil
		}
	}
	return true, nil
}

// OpenTools makes the missing entries.
func (m Machine) OpenTools() error {
	entries, err := m.toolEntries()
	if err != nil {
		return err
	}
	_, err = grant.Apply(grant.Machine{}, grant.NewJournal(m.Home), entries)
	return err
}

// CloseGrants removes all entries of the journal.
func (m Machine) CloseGrants() error {
	return grant.Remove(grant.Machine{}, grant.NewJournal(m.Home), grant.Gone)
}
