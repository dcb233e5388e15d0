package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// aliases are SDDL's names of SIDs that are the same everywhere ([MS-DTYP] 2.5.1.1). SIDs
// of a machine or domain are left out: only the machine can resolve such a name.
var aliases = map[string]string{
	"WD": Everyone, "SY": System, "BA": Administrators, "RC": Restricted, "OW": ownerRights,
	"AN": "S-1-5-7", "AU": "S-1-5-11", "BG": "S-1-5-32-546", "BO": "S-1-5-32-551", "BU": "S-1-5-32-545",
	"CG": "S-1-3-1", "CO": "S-1-3-0", "ED": "S-1-5-9", "IU": "S-1-5-4", "LS": "S-1-5-19", "NS": "S-1-5-20",
	"NU": "S-1-5-2", "PU": "S-1-5-32-547", "PS": "S-1-5-10", "SU": "S-1-5-6", "AC": "S-1-15-2-1",
}

// rights are the names that SDDL has for rights.
var rights = map[string]uint32{
	"GA": GenericAll, "GR": genericRead, "GW": genericWrite, "GX": genericExecute,
	"FA": FileAll, "FR": FileRead, "FW": FileWrite, "FX": FileExecute,
	"RC": ReadControl, "SD": Delete, "WD": WriteDAC, "WO": WriteOwner,
	"CC": 0x1, "DC": 0x2, "LC": 0x4, "SW": 0x8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100,
}

var flags = []struct {
	name string
	flag uint8
}{{"OI", ObjectInherit}, {"CI", ContainerInherit}, {"NP", NoPropagate}, {"IO", InheritOnly}, {"ID", Inherited}}

// Parse reads a descriptor's text: owner, group and access list. Unknown text is an
// error: entries with conditions, entries of another kind, or names that only one machine
// knows.
func Parse(text string) (Descriptor, error) {
	d := Descriptor{NoList: true}
	seen := map[byte]bool{}
	for text != "" {
		if len(text) < 2 || text[1] != ':' || seen[text[0]] {
			return Descriptor{}, fmt.Errorf("SDDL: no part begins at %q", cut(text))
		}
		part := text[0]
		seen[part] = true
		var err error
		switch rest := text[2:]; part {
		case 'O':
			d.Owner, text, err = parseSID(rest)
		case 'G':
			d.Group, text, err = parseSID(rest)
		case 'D':
			d.NoList = false
			text, err = d.parseList(rest)
		default:
			err = fmt.Errorf("SDDL: part %c: is not known", part)
		}
		if err != nil {
			return Descriptor{}, err
		}
	}
	return d, nil
}

func cut(s string) string { return s[:min(len(s), 40)] }

// parseSID reads a SID or a name of a SID, and returns the rest of the text.
func parseSID(text string) (sid, rest string, err error) {
	end := strings.IndexByte(text, ':')
	if end < 0 {
		end = len(text)
	} else {
		end-- // the letter before the colon belongs to the next part
	}
	sid, err = sidOf(text[:max(end, 0)])
	return sid, text[max(end, 0):], err
}

func sidOf(name string) (string, error) {
	if sid, ok := aliases[name]; ok {
		return sid, nil
	}
	numbers := strings.Split(name, "-")
	if len(numbers) < 3 || len(numbers) > 18 || numbers[0] != "S" || numbers[1] != "1" {
		return "", fmt.Errorf("SDDL: %q is no SID that is known everywhere", cut(name))
	}
	for i, n := range numbers[2:] {
		bits := 32
		if i == 0 {
			bits = 48 // the authority
		}
		if v, err := strconv.ParseUint(n, 10, bits); err != nil || strconv.FormatUint(v, 10) != n {
			return "", fmt.Errorf("SDDL: %q is no SID", cut(name))
		}
	}
	return name, nil
}

func (d *Descriptor) parseList(text string) (rest string, err error) {
	begin := strings.IndexByte(text, '(')
	if begin < 0 {
		begin = len(text)
		if colon := strings.IndexByte(text, ':'); colon > 0 {
			begin = colon - 1
		}
	}
	control := text[:begin]
	for c := control; c != ""; {
		switch {
		case c[0] == 'P':
			c = c[1:]
		case strings.HasPrefix(c, "AI"), strings.HasPrefix(c, "AR"):
			c = c[2:]
		default:
			return "", fmt.Errorf("SDDL: flags %q of a list", cut(control))
		}
	}
	d.Control, text = control, text[begin:]
	for strings.HasPrefix(text, "(") {
		one, after, closed := strings.Cut(text[1:], ")")
		if !closed {
			return "", fmt.Errorf("SDDL: an entry has no end: %q", cut(text))
		}
		e, err := parseACE(one)
		if err != nil {
			return "", err
		}
		d.List = append(d.List, e)
		text = after
	}
	return text, nil
}

func parseACE(text string) (ACE, error) {
	f := strings.Split(text, ";")
	bad := func(what string) (ACE, error) { return ACE{}, fmt.Errorf("SDDL: %s of entry (%s)", what, cut(text)) }
	if len(f) != 6 || f[3] != "" || f[4] != "" || f[0] != "A" && f[0] != "D" {
		return bad("the kind")
	}
	e := ACE{Deny: f[0] == "D"}
	for rest := f[1]; rest != ""; rest = rest[2:] {
		i := slices.IndexFunc(flags, func(x struct {
			name string
			flag uint8
		}) bool {
			return strings.HasPrefix(rest, x.name)
		})
		if i < 0 {
			return bad("a flag")
		}
		e.Flags |= flags[i].flag
	}
	if hex, ok := strings.CutPrefix(f[2], "0x"); ok {
		mask, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			return bad("the rights")
		}
		e.Mask = uint32(mask)
	} else {
		for rest := f[2]; rest != ""; rest = rest[2:] {
			if len(rest) < 2 || rights[rest[:2]] == 0 {
				return bad("a right")
			}
			e.Mask |= rights[rest[:2]]
		}
	}
	var err error
	e.SID, err = sidOf(f[5])
	return e, err
}

// String returns the text for Parse, with SIDs in full and rights as numbers.
func (d Descriptor) String() string {
	var b strings.Builder
	if d.Owner != "" {
		b.WriteString("O:" + d.Owner)
	}
	if d.Group != "" {
		b.WriteString("G:" + d.Group)
	}
	if d.NoList {
		return b.String()
	}
	b.WriteString("D:" + d.Control)
	for _, e := range d.List {
		b.WriteString(e.String())
	}
	return b.String()
}

// String returns the entry's text.
func (e ACE) String() string {
	kind := "A"
	if e.Deny {
		kind = "D"
	}
	var set strings.Builder
	for _, f := range flags {
		if e.Flags&f.flag != 0 {
			set.WriteString(f.name)
		}
	}
	return fmt.Sprintf("(%s;%s;%#x;;;%s)", kind, set.String(), e.Mask, e.SID)
}
