package grant

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/lockstile/lockstile/internal/access"
)

const (
	user       = "S-1-5-21-1-2-3-1001"
	capability = "S-1-5-21-4-5-6-7"
)

var (
	grant = access.ACE{Flags: access.ObjectInherit | access.ContainerInherit, Mask: access.Modify, SID: capability}
	deny  = access.ACE{Deny: true, Flags: access.ObjectInherit | access.ContainerInherit, Mask: access.Changes, SID: capability}
)

// machine holds access lists in memory, and fails as a system can: at the n-th call, with
// an error, or with a success that did nothing.
type machine struct {
	lists   map[string]access.Descriptor
	calls   int
	writes  int
	failAt  int // the number of a call, from 1; 0 for none
	nothing bool
}

var errFails = errors.New("it fails")

func (m *machine) fails() (bool, error) {
	m.calls++
	if m.calls != m.failAt {
		return false, nil
	}
	if m.nothing {
		return true, nil
	}
	return true, errFails
}

func (m *machine) Read(path string) (access.Descriptor, error) {
	if _, err := m.fails(); err != nil {
		return access.Descriptor{}, err
	}
	d, ok := m.lists[path]
	if !ok {
		return d, fs.ErrNotExist
	}
	return d, nil
}

func (m *machine) Write(path string, d access.Descriptor) error {
	if failed, err := m.fails(); failed {
		return err
	}
	m.writes++
	m.lists[path] = d
	return nil
}

func newMachine() *machine {
	own := access.Descriptor{Owner: user, List: []access.ACE{{Flags: 3, Mask: access.FileAll, SID: user}}}
	return &machine{lists: map[string]access.Descriptor{"root": own, "root/.git": own, "open": {NoList: true}}}
}

var wanted = []Entry{{Path: "root", ACE: grant}, {Path: "root/.git", ACE: deny}}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// TestApplyAndRemove checks that entries are made once, are not changed by a second
// Apply, and are removed without a trace.
func TestApplyAndRemove(t *testing.T) {
	m, j := newMachine(), NewJournal(t.TempDir())
	before := maps.Clone(m.lists)
	if made, err := Apply(m, j, wanted); err != nil || made != 2 {
		t.Fatal(made, err)
	}
	command := access.Token{User: user, Restricting: []string{access.Everyone, capability}, WriteRestricted: true}
	if !m.lists["root"].Allows(command, access.Modify) || m.lists["root/.git"].Allows(command, access.WriteData) {
		t.Errorf("%v", m.lists)
	}
	writes := m.writes
	if made, err := Apply(m, j, wanted); err != nil || made != 0 || m.writes != writes {
		t.Errorf("%d, %v, %d writes more", made, err, m.writes-writes)
	}
	delete(m.lists, "root/.git") // the user removed the name
	delete(before, "root/.git")
	if err := Remove(m, j, gone); err != nil || !reflect.DeepEqual(m.lists, before) {
		t.Errorf("%v, %v", err, m.lists)
	}
	if _, err := os.Stat(j.name); !gone(err) {
		t.Error("the journal is left", err)
	}
	if err := Remove(m, j, gone); err != nil {
		t.Error(err)
	}
}

// TestEachFailure lets each call fail in each way. Each time, Apply must return an error,
// and every changed entry must be in the journal, for Remove.
func TestEachFailure(t *testing.T) {
	for _, nothing := range []bool{false, true} {
		for at := 1; ; at++ {
			m, j := newMachine(), NewJournal(t.TempDir())
			before := maps.Clone(m.lists)
			m.failAt, m.nothing = at, nothing
			_, err := Apply(m, j, wanted)
			if m.calls < at {
				break // no call is left to fail
			}
			ok := m.lists["root"].Has(grant) && m.lists["root/.git"].Has(deny)
			var why *Error
			if err == nil && !ok || err != nil && !errors.As(err, &why) {
				t.Errorf("call %d, %v: %v with %v", at, nothing, err, m.lists)
			}
			m.failAt = 0
			if err := Remove(m, j, gone); err != nil || !reflect.DeepEqual(m.lists, before) {
				t.Errorf("call %d, %v: left: %v, %v", at, nothing, m.lists, err)
			}
		}
		for at := 1; ; at++ { // the same for Remove: remaining entries stay in the journal
			m, j := newMachine(), NewJournal(t.TempDir())
			before := maps.Clone(m.lists)
			if _, err := Apply(m, j, wanted); err != nil {
				t.Fatal(err)
			}
			m.calls, m.failAt, m.nothing = 0, at, nothing
			err := Remove(m, j, gone)
			if m.calls < at {
				break
			}
			if err == nil && !reflect.DeepEqual(m.lists, before) {
				t.Errorf("call %d, %v: no error, and %v", at, nothing, m.lists)
			}
			m.failAt = 0
			if err := Remove(m, j, gone); err != nil || !reflect.DeepEqual(m.lists, before) {
				t.Errorf("call %d, %v: left: %v, %v", at, nothing, m.lists, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	m, j := newMachine(), NewJournal(t.TempDir())
	for _, path := range []string{"open", "absent", "\xff"} {
		_, err := Apply(m, j, []Entry{{Path: path, ACE: grant}})
		var why *Error
		if !errors.As(err, &why) || why.Error() == "" || m.writes != 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
	nowhere := NewJournal(filepath.Join(t.TempDir(), "none"))
	if _, err := Apply(m, nowhere, wanted); !gone(err) || m.writes != 0 {
		t.Errorf("changed without a journal: %v", err)
	}
}

func TestJournal(t *testing.T) {
	j := NewJournal(t.TempDir())
	for _, e := range append(wanted, wanted...) {
		if err := j.add(e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(j.name)
	if err != nil {
		t.Fatal(err)
	}
	// Torn anywhere, and continued: all whole lines are read.
	for at := range text {
		if err := os.WriteFile(j.name, text[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		last := Entry{Path: "last", ACE: deny}
		if err := j.add(last); err != nil {
			t.Fatal(err)
		}
		got, err := j.entries()
		if err != nil || !slices.Contains(got, last) || at > len(text)/2+1 && !slices.Contains(got, wanted[0]) {
			t.Fatalf("torn at %d: %v, %v", at, got, err)
		}
	}
	for _, bad := range []string{`{"path":1}}`, `{"path":"x","more":{}}`} {
		if _, err := parse([]byte(bad + "\n")); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(`{"path":"x","ace":{"Deny":true,"Flags":3,"Mask":1,"SID":%q}}`, user)))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := parse(text)
		if err != nil {
			return
		}
		j := NewJournal(t.TempDir())
		if err := j.replace(entries); err != nil {
			t.Fatal(err)
		}
		if again, err := j.entries(); err != nil || !reflect.DeepEqual(again, entries) {
			t.Errorf("%q: %v, then %v, %v", text, entries, again, err)
		}
	})
}

// TestAnothersJournal checks that Remove removes no entry of a foreign kind, whatever the
// journal says.
func TestAnothersJournal(t *testing.T) {
	for _, e := range []access.ACE{
		{Deny: true, Mask: access.Changes, SID: access.Everyone},
		{Mask: access.FileAll, SID: access.Administrators},
		{Deny: true, Mask: access.FileAll, SID: capability},
		{Other: "raw", SID: capability},
	} {
		j := NewJournal(t.TempDir())
		guarded := map[string]access.Descriptor{"/guarded": {List: []access.ACE{e}}}
		m := &machine{lists: maps.Clone(guarded)}
		if err := j.add(Entry{Path: "/guarded", ACE: e}); err != nil {
			t.Fatal(err)
		}
		var why *Error
		if err := Remove(m, j, gone); !errors.As(err, &why) || !reflect.DeepEqual(m.lists, guarded) {
			t.Errorf("%+v: %v, %v", e, err, m.lists)
		}
	}
}
