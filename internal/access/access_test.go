package access

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCapability(t *testing.T) {
	one := Capability(`C:\home`, `C:\work`)
	if one != Capability(`c:\HOME`, `c:\Work`) {
		t.Error("another case gives another SID")
	}
	if one == Capability(`C:\home`, `C:\work2`) || one == Capability(`C:\home2`, `C:\work`) {
		t.Error("two places have one SID")
	}
	if _, err := sidOf(one); err != nil {
		t.Error(err)
	}
}

var sids = []string{"S-1-5-21-1-2-3-1001", Everyone, Administrators, System, Restricted, "S-1-5-21-9-9-9-9", ownerRights}

var aceGen = rapid.Custom(func(t *rapid.T) ACE {
	return ACE{
		Deny:  rapid.Bool().Draw(t, "deny"),
		Flags: rapid.Uint8Range(0, 31).Draw(t, "flags"),
		Mask:  rapid.OneOf(rapid.Uint32(), rapid.SampledFrom([]uint32{FileAll, Modify, Changes, GenericAll, genericWrite, WriteData})).Draw(t, "mask"),
		SID:   rapid.SampledFrom(sids).Draw(t, "sid"),
	}
})

var descriptorGen = rapid.Custom(func(t *rapid.T) Descriptor {
	return Descriptor{
		Owner:   rapid.SampledFrom(sids[:3]).Draw(t, "owner"),
		Control: rapid.SampledFrom([]string{"", "P", "AI", "PAI"}).Draw(t, "control"),
		List:    rapid.SliceOfN(aceGen, 0, 6).Draw(t, "list"),
	}
})

var tokenGen = rapid.Custom(func(t *rapid.T) Token {
	some := rapid.SliceOfN(rapid.SampledFrom(sids[:6]), 0, 4)
	return Token{
		User: sids[0], Groups: some.Draw(t, "groups"), DenyOnly: some.Draw(t, "deny-only"),
		Restricting: some.Draw(t, "restricting"), WriteRestricted: rapid.Bool().Draw(t, "write-restricted"),
	}
})

// bit decides about one right, in another way than Allows: the first entry with the right
// decides.
func bit(d Descriptor, right uint32, granted, denied []string, owner bool) bool {
	speaks := func(e ACE, sids []string) bool {
		return e.Flags&InheritOnly == 0 && mapped(e.Mask)&right != 0 && (slices.Contains(sids, e.SID) || e.SID == ownerRights && slices.Contains(sids, d.Owner))
	}
	if owner && right&(ReadControl|WriteDAC) != 0 && !slices.ContainsFunc(d.List, func(e ACE) bool { return e.SID == ownerRights && e.Flags&InheritOnly == 0 }) {
		return true
	}
	for _, e := range d.List {
		if !e.Deny && speaks(e, granted) {
			return true
		}
		if e.Deny && speaks(e, denied) {
			return false
		}
	}
	return false
}

// TestAllows compares the check with bit, right by right.
func TestAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, k := descriptorGen.Draw(t, "descriptor"), tokenGen.Draw(t, "token")
		want := rapid.Uint32Range(1, FileAll).Draw(t, "want") & FileAll
		own := append([]string{k.User}, k.Groups...)
		expected := true
		for right := uint32(1); right <= FileAll; right <<= 1 {
			if want&right == 0 {
				continue
			}
			ok := bit(d, right, own, append(slices.Clone(own), k.DenyOnly...), slices.Contains(own, d.Owner))
			if len(k.Restricting) > 0 && (!k.WriteRestricted || right&Changes != 0) {
				ok = ok && bit(d, right, k.Restricting, k.Restricting, slices.Contains(k.Restricting, d.Owner))
			}
			expected = expected && ok
		}
		if got := d.Allows(k, want); got != expected {
			t.Fatalf("%s for %+v, %#x: %v", d, k, want, got)
		}
	})
	if !(Descriptor{NoList: true}).Allows(Token{}, FileAll) || (Descriptor{}).Allows(Token{}, ReadData) {
		t.Error("no list lets everybody, an empty one nobody")
	}
}

// TestSandbox checks the product's use of lists and tokens: a command changes files below
// a root, but not in the root's protected names, and nowhere outside.
func TestSandbox(t *testing.T) {
	const user, logon, capability = "S-1-5-21-1-2-3-1001", "S-1-5-5-0-7", "S-1-5-21-4-5-6-7"
	command := Token{User: user, Groups: []string{Everyone, logon}, DenyOnly: []string{Administrators}, Restricting: []string{Everyone, logon, capability}, WriteRestricted: true}
	home, err := Parse("O:" + user + "D:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + user + ")")
	if err != nil {
		t.Fatal(err)
	}
	if !home.Allows(command, FileRead|FileExecute) || home.Allows(command, WriteData) || home.Allows(command, WriteDAC) {
		t.Error("the user's own folder can be written, or not read")
	}
	grant := ACE{Flags: ObjectInherit | ContainerInherit, Mask: Modify, SID: capability}
	root := home.With(grant)
	if !root.Allows(command, Modify) || root.Allows(command, WriteDAC) || root.Allows(command, WriteOwner) || root.Allows(command, DeleteChild) {
		t.Error("a root can't be written, or its list can be changed, or protected names deleted")
	}
	pinned := root.With(ACE{Deny: true, Mask: Delete, SID: capability})
	if pinned.Allows(command, Delete) || !pinned.Allows(command, WriteData) {
		t.Error("a folder around a protected name can be renamed, or not be written")
	}
	deny := ACE{Deny: true, Flags: ObjectInherit | ContainerInherit, Mask: Changes, SID: capability}
	for _, right := range []uint32{WriteData, AppendData, Delete, DeleteChild, WriteAttributes, WriteEA} {
		if root.With(deny).Allows(command, right) {
			t.Errorf("a protected name lets %#x", right)
		}
	}
	if !root.With(deny).Allows(command, FileRead) || !root.With(deny).Allows(Token{User: user}, FileAll) {
		t.Error("a protected name can't be read, or its owner is denied")
	}
}

// TestWith checks that an entry goes to the right place, once, and leaves no trace.
func TestWith(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, e := descriptorGen.Draw(t, "descriptor"), aceGen.Draw(t, "entry")
		slices.SortStableFunc(d.List, func(a, b ACE) int { return rank(a) - rank(b) })
		with := d.With(e)
		if !with.Has(e) || !slices.IsSortedFunc(with.List, func(a, b ACE) int { return rank(a) - rank(b) }) {
			t.Fatalf("%s", with)
		}
		if !reflect.DeepEqual(with.With(e), with) {
			t.Fatal("it is there twice")
		}
		if got := with.Without(e); !d.Has(e) && got.String() != d.String() {
			t.Fatalf("%s is left of %s", got, d)
		}
	})
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"O:SYG:BAD:PAI(A;OICI;FA;;;BA)":        "O:S-1-5-18G:S-1-5-32-544D:PAI(A;OICI;0x1f01ff;;;S-1-5-32-544)",
		"D:":                                   "D:",
		"D:(D;;GW;;;WD)(A;IOID;0x1;;;S-1-3-0)": "D:(D;;0x40000000;;;S-1-1-0)(A;IOID;0x1;;;S-1-3-0)",
		"D:AI(A;;CCDCLCSWRPWPDTLOCR;;;AU)G:S-1-5-11": "G:S-1-5-11D:AI(A;;0x1ff;;;S-1-5-11)",
	} {
		if d, err := Parse(text); err != nil || d.String() != want {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
	for _, text := range []string{"x", "D", "X:", "D:Q(A;;FA;;;WD)", "D:(A;;FA;;;WD", "D:(A;;FA;;WD)", "D:(XA;;FA;;;WD;(x))", "D:(A;;F;;;WD)", "D:(A;;ZZ;;;WD)",
		"D:(A;QQ;FA;;;WD)", "D:(A;;FA;;;LA)", "D:(A;;0x1ffffffff;;;WD)", "D:(A;;FA;;;S-1-05)", "D:(A;;FA;;;S-2-5-7)", "O:", "O:WDO:WD", "S:(ML;;NW;;;LW)", "D:(A;;FA;x;;WD)"} {
		if d, err := Parse(text); err == nil {
			t.Errorf("%s is read as %s", text, d)
		}
	}
}

// FuzzParseList checks that a list is written as it was read, but for bytes after the
// end.
func FuzzParseList(f *testing.F) {
	list, err := AppendList(nil, []ACE{{Deny: true, Flags: 3, Mask: 0x10001, SID: "S-1-5-21-1-2-3-4"}, {Flags: 0x13, Mask: FileAll, SID: System}, {Other: "\x05\x02\x08\x00abcd", Flags: 2}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list)
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseList(b)
		if err != nil {
			return
		}
		again, err := AppendList(nil, list)
		if err != nil {
			t.Fatalf("%+v: %v", list, err)
		}
		if got, err := ParseList(again); err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("%x is read as %+v, and then as %+v, %v", b, list, got, err)
		}
	})
}

func TestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := descriptorGen.Draw(t, "descriptor").List
		b, err := AppendList([]byte("before"), list)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseList(b[len("before"):])
		if err != nil || !slices.Equal(got, list) {
			t.Fatalf("%v becomes %v, %v", list, got, err)
		}
		for at := range b[len("before"):] { // cut anywhere
			if _, err := ParseList(b[len("before"):][:at]); err == nil {
				t.Fatalf("half a list is read")
			}
		}
	})
	long := make([]ACE, 4000)
	for i := range long {
		long[i] = ACE{SID: System}
	}
	for _, bad := range [][]ACE{{{SID: "x"}}, {{SID: "S-1-5" + strings.Repeat("-1", 16)}}, long} {
		if _, err := AppendList(nil, bad); err == nil {
			t.Errorf("%.1v is written", bad)
		}
	}
}

// FuzzParse checks that a written descriptor is read again as the same.
func FuzzParse(f *testing.F) {
	f.Add("O:SYG:BAD:PAI(A;OICI;FA;;;BA)(D;;0x10;;;S-1-5-21-1-2-3-4)")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(d.String())
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%q is read as %s, and then as %s, %v", text, d, again, err)
		}
	})
}
