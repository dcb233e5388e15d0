package setup

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Access rights of a policy handle (ntsecapi.h).
const (
	policyLookupNames   = 0x800
	policyCreateAccount = 0x10
	policyView          = 0x1
)

// lsa calls a function of the local security authority. The result of the function is an
// NTSTATUS.
func lsa(name string, p *windows.LazyProc, args ...any) error {
	if err := p.Find(); err != nil {
		return err
	}
	status, _ := call(p, args...)
	if status == 0 {
		return nil
	}
	errno, _ := call(lsaNtStatusToWin32, int(status))
	if syscall.Errno(errno) == windows.ERROR_FILE_NOT_FOUND { // the account has no rights
		return ErrAbsent
	}
	return os.NewSyscallError(name, syscall.Errno(errno))
}

// withPolicy opens the local machine's security policy.
func withPolicy(sid string, do func(policy windows.Handle, sid *windows.SID) error) error {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return err
	}
	attributes := windows.OBJECT_ATTRIBUTES{}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var policy windows.Handle
	err = lsa("LsaOpenPolicy", lsaOpenPolicy, 0, at(&attributes), policyLookupNames|policyCreateAccount|policyView, at(&policy))
	if err != nil {
		return err
	}
	defer call(lsaClose, int(policy))
	return do(policy, s)
}

// Rights lists the account rights of a SID.
func (Machine) Rights(sid string) (out []string, err error) {
	err = withPolicy(sid, func(policy windows.Handle, s *windows.SID) error {
		var list *[1 << 10]windows.NTUnicodeString
		var count uint32
		if err := lsa("LsaEnumerateAccountRights", lsaEnumerateRights, int(policy), at(s), at(&list), at(&count)); err != nil {
			return err
		}
		defer call(lsaFreeMemory, at(list))
		for i := range min(int(count), len(list)) {
			out = append(out, list[i].String())
		}
		return nil
	})
	return out, err
}

// AddRights adds account rights to a SID.
func (Machine) AddRights(sid string, rights []string) error {
	return withPolicy(sid, func(policy windows.Handle, s *windows.SID) error {
		list := make([]windows.NTUnicodeString, len(rights))
		for i, r := range rights {
			one, err := windows.NewNTUnicodeString(r)
			if err != nil {
				return err
			}
			list[i] = *one
		}
		return lsa("LsaAddAccountRights", lsaAddRights, int(policy), at(s), at(&list[0]), len(list))
	})
}

// RemoveRights removes all account rights from a SID.
func (Machine) RemoveRights(sid string) error {
	return withPolicy(sid, func(policy windows.Handle, s *windows.SID) error {
		return lsa("LsaRemoveAccountRights", lsaRemoveRights, int(policy), at(s), 1, 0, 0)
	})
}
