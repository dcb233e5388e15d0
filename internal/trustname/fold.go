package trustname

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold brings a file name to the form under which folding and normalising file systems
// (HFS+, APFS, NTFS, ext4 with casefold, vfat) may equate the name with a name in ASCII:
// default-ignorable code points are removed and case is folded, with full foldings of
// ligatures. Fold is not a collation: only names that can end up as ASCII matter to the
// callers. Bytes that are not UTF-8 stay.
func Fold(name string) string {
	if isASCII(name) {
		return strings.ToLower(name) // returns name itself when nothing changes
	}
	var b strings.Builder
	b.Grow(len(name))
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteByte(name[i])
		case ignorable(r):
		default:
			writeFolded(&b, r)
		}
		i += size
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// writeFolded appends the folding of r. The ligatures are the F entries of Unicode's
// CaseFolding.txt that Fold to ASCII; ext4's casefold applies them. Dotless i is folded
// too, as some upper-case tables map it to I: refusing an innocent name costs less than
// reaching a protected name.
func writeFolded(b *strings.Builder, r rune) {
	switch r {
	case 0xDF, 0x1E9E:
		b.WriteString("ss")
	case 0xFB00:
		b.WriteString("ff")
	case 0xFB01:
		b.WriteString("fi")
	case 0xFB02:
		b.WriteString("fl")
	case 0xFB03:
		b.WriteString("ffi")
	case 0xFB04:
		b.WriteString("ffl")
	case 0xFB05, 0xFB06:
		b.WriteString("st")
	case 0x131:
		b.WriteByte('i')
	default:
		b.WriteRune(simpleFold(r))
	}
}

// simpleFold returns the lower-case ASCII letter to which r folds, such as k for the
// Kelvin sign and s for the long s, or r in lower case.
func simpleFold(r rune) rune {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < utf8.RuneSelf {
			return unicode.ToLower(f)
		}
	}
	return unicode.ToLower(r)
}

// ignorable reports whether r has Unicode's Default_Ignorable_Code_Point property
// (DerivedCoreProperties.txt). The set contains every code point that HFS+ leaves out of
// comparisons.
func ignorable(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x3164, r == 0xFEFF, r == 0xFFA0:
		return true
	case in(r, 0x115F, 0x1160), in(r, 0x17B4, 0x17B5), in(r, 0x180B, 0x180F),
		in(r, 0x200B, 0x200F), in(r, 0x202A, 0x202E), in(r, 0x2060, 0x206F),
		in(r, 0xFE00, 0xFE0F), in(r, 0xFFF0, 0xFFF8),
		in(r, 0x1BCA0, 0x1BCA3), in(r, 0x1D173, 0x1D17A), in(r, 0xE0000, 0xE0FFF):
		return true
	}
	return false
}

func in(r, lo, hi rune) bool { return lo <= r && r <= hi }
