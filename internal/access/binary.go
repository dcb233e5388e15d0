package access

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The known kinds of entries ([MS-DTYP] 2.4.4.1); other kinds are kept unchanged.
const (
	kindAllow = 0
	kindDeny  = 1
)

// The revisions of a list: the later revision has entries for parts of objects.
const (
	revision   = 2
	revisionDS = 4
)

// ParseList reads an access list as the system keeps it (ACL, [MS-DTYP] 2.4.5).
func ParseList(b []byte) ([]ACE, error) {
	if len(b) < 8 || b[0] != revision && b[0] != revisionDS {
		return nil, errors.New("this is no access list")
	}
	size, count := int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[4:]))
	if size < 8 || size > len(b) {
		return nil, errors.New("the access list is shorter than it says")
	}
	b = b[8:size]
	out := make([]ACE, 0, min(count, len(b)/4))
	for range count {
		if len(b) < 4 {
			return nil, errors.New("the access list has fewer entries than it says")
		}
		n := int(binary.LittleEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) || n%4 != 0 {
			return nil, errors.New("an entry of the access list is shorter than it says")
		}
		e, err := parseEntry(b[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		b = b[n:]
	}
	return out, nil
}

func parseEntry(b []byte) (ACE, error) {
	kind, flags := b[0], b[1]
	if kind != kindAllow && kind != kindDeny {
		return ACE{Other: string(b), Flags: flags}, nil
	}
	if len(b) < 8 {
		return ACE{}, errors.New("an entry of the access list has no rights")
	}
	sid, size, err := parseBinarySID(b[8:])
	if err != nil {
		return ACE{}, err
	}
	if 8+size != len(b) {
		return ACE{Other: string(b), Flags: flags}, nil // the entry goes on after the SID
	}
	return ACE{Deny: kind == kindDeny, Flags: flags, Mask: binary.LittleEndian.Uint32(b[4:]), SID: sid}, nil
}

// mostNumbers is the most numbers that a SID has after its authority.
const mostNumbers = 15

func parseBinarySID(b []byte) (sid string, size int, err error) {
	if len(b) < 8 || b[0] != 1 || b[1] > mostNumbers || len(b) < 8+4*int(b[1]) {
		return "", 0, errors.New("an entry of the access list has no SID")
	}
	var authority [8]byte
	copy(authority[2:], b[2:8])
	text := fmt.Sprintf("S-1-%d", binary.BigEndian.Uint64(authority[:]))
	for i := range int(b[1]) {
		text += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(b[8+4*i:]))
	}
	return text, 8 + 4*int(b[1]), nil
}

// AppendList writes an access list in the binary form of Windows.
func AppendList(b []byte, list []ACE) ([]byte, error) {
	begin := len(b)
	b = append(b, revision, 0, 0, 0, 0, 0, 0, 0)
	for _, e := range list {
		if e.Other != "" {
			if e.Other[0] >= 5 { // entries for parts of objects, and later kinds
				b[begin] = revisionDS
			}
			b = append(b, e.Other...)
			continue
		}
		at := len(b)
		kind := byte(kindAllow)
		if e.Deny {
			kind = kindDeny
		}
		b = append(b, kind, e.Flags, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, e.Mask)
		var err error
		if b, err = appendSID(b, e.SID); err != nil {
			return nil, err
		}
		binary.LittleEndian.PutUint16(b[at+2:], uint16(len(b)-at))
	}
	if len(b)-begin > 1<<16-4 {
		return nil, errors.New("the access list has no room for more")
	}
	binary.LittleEndian.PutUint16(b[begin+2:], uint16(len(b)-begin))
	binary.LittleEndian.PutUint16(b[begin+4:], uint16(len(list)))
	return b, nil
}

func appendSID(b []byte, sid string) ([]byte, error) {
	if _, err := sidOf(sid); err != nil {
		return nil, err
	}
	numbers := strings.Split(sid, "-")[2:]
	if len(numbers) > mostNumbers+1 {
		return nil, fmt.Errorf("%q has too many numbers", sid)
	}
	authority, err := strconv.ParseUint(numbers[0], 10, 48)
	if err != nil {
		return nil, err
	}
	var a [8]byte
	binary.BigEndian.PutUint64(a[:], authority)
	b = append(append(b, 1, byte(len(numbers)-1)), a[2:]...)
	for _, n := range numbers[1:] {
		v, err := strconv.ParseUint(n, 10, 32)
		if err != nil {
			return nil, err
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b, nil
}
