package setup

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/windows/winerr"
)

// Machine is the local machine. Home is the product's own folder, with the secrets.
type Machine struct{ Home string }

var (
	netapi32           = windows.NewLazySystemDLL("netapi32.dll")
	netUserAdd         = netapi32.NewProc("NetUserAdd")
	netUserDel         = netapi32.NewProc("NetUserDel")
	netLocalGroupAdd   = netapi32.NewProc("NetLocalGroupAdd")
	netLocalGroupDel   = netapi32.NewProc("NetLocalGroupDel")
	netLocalGroupJoin  = netapi32.NewProc("NetLocalGroupAddMembers")
	netLocalGroupAsk   = netapi32.NewProc("NetLocalGroupGetMembers")
	advapi32           = windows.NewLazySystemDLL("advapi32.dll")
	logonUser          = advapi32.NewProc("LogonUserW")
	lsaOpenPolicy      = advapi32.NewProc("LsaOpenPolicy")
	lsaClose           = advapi32.NewProc("LsaClose")
	lsaFreeMemory      = advapi32.NewProc("LsaFreeMemory")
	lsaAddRights       = advapi32.NewProc("LsaAddAccountRights")
	lsaRemoveRights    = advapi32.NewProc("LsaRemoveAccountRights")
	lsaEnumerateRights = advapi32.NewProc("LsaEnumerateAccountRights")
	lsaNtStatusToWin32 = advapi32.NewProc("LsaNtStatusToWinError")
)

// Errors of the network API for an absent group or user (lmerr.h).
const (
	nerrGroupNotFound = 2220
	nerrUserNotFound  = 2221
)

// call calls a function with numbers and unsafe.Pointers. args keeps the pointed-to
// memory in place until the function returns.
func call(p *windows.LazyProc, args ...any) (result uintptr, err error) {
	if err := p.Find(); err != nil {
		return 0, err
	}
	words := make([]uintptr, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case int:
			words[i] = uintptr(a)
		case unsafe.Pointer:
			words[i] = uintptr(a)
		}
	}
	result, _, errno := p.Call(words...)
	runtime.KeepAlive(args)
	return result, winerr.Cause(errno)
}

// net calls a function of the network API. The result of the function is an error code.
func net(name string, p *windows.LazyProc, args ...any) error {
	if err := p.Find(); err != nil {
		return err
	}
	status, _ := call(p, args...)
	switch status {
	case 0:
		return nil
	case nerrGroupNotFound, nerrUserNotFound, uintptr(windows.ERROR_NO_SUCH_ALIAS):
		return fmt.Errorf("%s: %w", name, ErrAbsent)
	}
	return os.NewSyscallError(name, syscall.Errno(status))
}

func utf16(s string) *uint16 {
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		panic("a name of ours holds a NUL")
	}
	return p
}

func at[T any](p *T) unsafe.Pointer { return unsafe.Pointer(p) }

// Elevated reports whether we have an administrator's rights.
func (Machine) Elevated() (bool, error) { return windows.GetCurrentProcessToken().IsElevated(), nil }

// GroupSID returns the SID of a local group.
func (Machine) GroupSID(name string) (string, error) {
	return lookUp(name, windows.SidTypeAlias)
}

// AccountSID returns the SID of a local account.
func (Machine) AccountSID(name string) (string, error) {
	return lookUp(name, windows.SidTypeUser)
}

func lookUp(name string, kind uint32) (string, error) {
	sid, err := host.LocalSID(name, kind)
	if errors.Is(err, windows.ERROR_NONE_MAPPED) {
		return "", fmt.Errorf("%s: %w", name, ErrAbsent)
	}
	return sid, err
}

// AddGroup makes a local group.
func (Machine) AddGroup(name, comment string) error {
	info := struct{ Name, Comment *uint16 }{utf16(name), utf16(comment)} // LOCALGROUP_INFO_1
	return net("NetLocalGroupAdd", netLocalGroupAdd, 0, 1, at(&info), 0)
}

// RemoveGroup removes a local group.
func (Machine) RemoveGroup(name string) error {
	return net("NetLocalGroupDel", netLocalGroupDel, 0, at(utf16(name)))
}

// userInfo is USER_INFO_1.
type userInfo struct {
	Name, Password   *uint16
	PasswordAge      uint32
	Privilege        uint32
	HomeDir, Comment *uint16
	Flags            uint32
	ScriptPath       *uint16
}

const (
	userPrivilege = 1
	// UF_SCRIPT must be set for historical reasons; the password never expires, and the
	// account can't change the password (USER_INFO_1).
	userFlags = 0x1 | 0x40 | 0x10000
)

// AddAccount makes a local account without any rights of its own.
func (Machine) AddAccount(name, comment, password string) error {
	info := userInfo{Name: utf16(name), Password: utf16(password), Privilege: userPrivilege, Comment: utf16(comment), Flags: userFlags}
	return net("NetUserAdd", netUserAdd, 0, 1, at(&info), 0)
}

// RemoveAccount removes a local account.
func (Machine) RemoveAccount(name string) error {
	return net("NetUserDel", netUserDel, 0, at(utf16(name)))
}

// Members lists a local group's members.
func (Machine) Members(group string) ([]string, error) {
	var list *[1 << 16]*windows.SID // LOCALGROUP_MEMBERS_INFO_0
	var count, total uint32
	const all = 1<<32 - 1 // MAX_PREFERRED_LENGTH
	err := net("NetLocalGroupGetMembers", netLocalGroupAsk, 0, at(utf16(group)), 0, at(&list), all, at(&count), at(&total), 0)
	if err != nil || list == nil {
		return nil, err
	}
	defer windows.NetApiBufferFree((*byte)(unsafe.Pointer(list)))
	if int(count) > len(list) {
		return nil, fmt.Errorf("%s has %d members", group, count)
	}
	var out []string
	for _, sid := range list[:count] {
		out = append(out, sid.String())
	}
	return out, nil
}

// AddMember puts an account into a local group.
func (m Machine) AddMember(group, account string) error {
	text, err := m.AccountSID(account)
	if err != nil {
		return err
	}
	sid, err := windows.StringToSid(text)
	if err != nil {
		return err
	}
	info := struct{ SID *windows.SID }{sid}
	return net("NetLocalGroupAddMembers", netLocalGroupJoin, 0, at(utf16(group)), 0, at(&info), 1)
}

// LogOn tries a password, as the start of the runner will do.
func (Machine) LogOn(account, password string) error {
	const interactive = 2
	var token windows.Token
	ok, errno := call(logonUser, at(utf16(account)), at(utf16(".")), at(utf16(password)), interactive, 0, at(&token))
	if ok == 0 {
		return os.NewSyscallError("LogonUser", errno)
	}
	return token.Close()
}

const userList = `SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts\UserList`

// Hidden reports whether the sign-in screen leaves an account out.
func (Machine) Hidden(account string) (bool, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, userList, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer key.Close()
	value, _, err := key.GetIntegerValue(account)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	return err == nil && value == 0, err
}

// Hide leaves an account out of the sign-in screen.
func (Machine) Hide(account string) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, userList, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	return key.SetDWordValue(account, 0)
}

// Unhide removes our value, and keeps the key: others may use the key.
func (Machine) Unhide(account string) error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, userList, registry.SET_VALUE)
	if err == nil {
		defer key.Close()
		err = key.DeleteValue(account)
	}
	if errors.Is(err, registry.ErrNotExist) {
		return ErrAbsent
	}
	return err
}

// NewPassword makes 128 random bits, with a character of each kind that a machine's rules
// may require.
func (Machine) NewPassword() (string, error) { return "aA1!" + rand.Text(), nil }
