package access

import "slices"

// Rights to files and folders, and the standard and generic rights (winnt.h).
const (
	ReadData        = 0x1 // and list a folder
	WriteData       = 0x2 // and make a file in a folder
	AppendData      = 0x4 // and make a folder in a folder
	ReadEA          = 0x8
	WriteEA         = 0x10
	Execute         = 0x20 // and walk through a folder
	DeleteChild     = 0x40
	ReadAttributes  = 0x80
	WriteAttributes = 0x100
	Delete          = 0x10000
	ReadControl     = 0x20000
	WriteDAC        = 0x40000
	WriteOwner      = 0x80000
	Synchronize     = 0x100000

	GenericAll     = 0x10000000
	genericExecute = 0x20000000
	genericWrite   = 0x40000000
	genericRead    = 0x80000000

	FileRead    = ReadControl | Synchronize | ReadData | ReadEA | ReadAttributes
	FileWrite   = ReadControl | Synchronize | WriteData | AppendData | WriteEA | WriteAttributes
	FileExecute = ReadControl | Synchronize | Execute | ReadAttributes
	FileAll     = 0x1F01FF

	// Modify holds the rights that a command needs below a root, without the right to
	// change an access list. DeleteChild is left out: a command with DeleteChild could
	// delete a file against the file's own denial.
	Modify = FileRead | FileWrite | FileExecute | Delete
	// Changes are the rights to change something. A protected name denies them.
	Changes = WriteData | AppendData | WriteEA | WriteAttributes | DeleteChild | Delete | WriteDAC | WriteOwner
)

// mapped replaces generic rights by the rights of a file.
func mapped(mask uint32) uint32 {
	for _, g := range []struct{ generic, rights uint32 }{{genericRead, FileRead}, {genericWrite, FileWrite}, {genericExecute, FileExecute}, {GenericAll, FileAll}} {
		if mask&g.generic != 0 {
			mask = mask&^g.generic | g.rights
		}
	}
	return mask
}

// The flags of an entry.
const (
	ObjectInherit    = 0x1  // files below inherit the entry
	ContainerInherit = 0x2  // folders below inherit the entry
	NoPropagate      = 0x4  // heirs do not pass the entry on
	InheritOnly      = 0x8  // the entry does not count here
	Inherited        = 0x10 // the entry came from above
)

// ACE is one entry of an access list.
type ACE struct {
	Deny  bool
	Flags uint8
	Mask  uint32
	SID   string // in full, "S-1-..."
	Other string `json:",omitempty"` // an entry of an unknown kind, as the system keeps it; besides, only Flags is set
}

// Entry is one entry of the access list of one file or folder.
type Entry struct {
	Path string `json:"path"`
	ACE  ACE    `json:"ace"`
}

// Descriptor says who may do what with one file. Without a list everybody may do
// everything; with an empty list nobody may do anything.
type Descriptor struct {
	Owner, Group string
	NoList       bool   // the file has no access list
	Control      string // the list's own flags: "P" (nothing is inherited), "AI", "AR"
	List         []ACE
}

// Has reports whether the list has an entry.
func (d Descriptor) Has(e ACE) bool { return slices.Contains(d.List, e) }

// With adds an entry at the place that Windows prescribes: denials before grants, and
// inherited entries last.
func (d Descriptor) With(e ACE) Descriptor {
	if d.Has(e) {
		return d
	}
	at := slices.IndexFunc(d.List, func(x ACE) bool { return rank(x) > rank(e) })
	if at < 0 {
		at = len(d.List)
	}
	d.List = slices.Insert(slices.Clone(d.List), at, e)
	return d
}

// Without removes an entry.
func (d Descriptor) Without(e ACE) Descriptor {
	d.List = slices.DeleteFunc(slices.Clone(d.List), func(x ACE) bool { return x == e })
	return d
}

func rank(e ACE) int {
	switch {
	case e.Flags&Inherited != 0:
		return 2
	case e.Deny:
		return 0
	}
	return 1
}
