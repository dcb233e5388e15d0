package access

import "slices"

// Token is the subject of an access check.
type Token struct {
	User            string
	Groups          []string
	DenyOnly        []string // groups that count for denials only
	Restricting     []string // if not empty, a SID of the list must be granted the right too
	WriteRestricted bool     // Restricting counts only for rights that change something
}

// Allows reports whether the token gets all of the wanted rights ([MS-DTYP] 2.5.3.2,
// without privileges and integrity levels; entries of other kinds grant nothing).
func (d Descriptor) Allows(t Token, want uint32) bool {
	want = mapped(want)
	if d.NoList {
		return true
	}
	has := func(sid string) bool { return sid == t.User || slices.Contains(t.Groups, sid) }
	denied := func(sid string) bool { return has(sid) || slices.Contains(t.DenyOnly, sid) }
	if !d.pass(want, has, denied) {
		return false
	}
	if len(t.Restricting) == 0 {
		return true
	}
	if t.WriteRestricted {
		want &= Changes
	}
	has = func(sid string) bool { return slices.Contains(t.Restricting, sid) }
	return d.pass(want, has, has)
}

// pass walks the list once, with one set of SIDs.
func (d Descriptor) pass(want uint32, has, denied func(sid string) bool) bool {
	if has(d.Owner) && !slices.ContainsFunc(d.List, func(e ACE) bool { return e.SID == ownerRights && e.Flags&InheritOnly == 0 }) {
		want &^= ReadControl | WriteDAC
	}
	matches := func(is func(string) bool, sid string) bool {
		return is(sid) || sid == ownerRights && is(d.Owner)
	}
	for _, e := range d.List {
		mask := mapped(e.Mask)
		switch {
		case want == 0:
			return true
		case e.Flags&InheritOnly != 0 || e.Other != "":
		case e.Deny && matches(denied, e.SID) && mask&want != 0:
			return false
		case !e.Deny && matches(has, e.SID):
			want &^= mask
		}
	}
	return want == 0
}

// ownerRights stands for the owner of the file. With ownerRights in the list, the owner
// has only the rights that the list grants to ownerRights.
const ownerRights = "S-1-3-4"
