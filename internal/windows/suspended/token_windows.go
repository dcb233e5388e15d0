package suspended

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/windows/winerr"
)

// The flags of CreateRestrictedToken.
const (
	luaToken        = 0x4 // administrators' rights go
	writeRestricted = 0x8 // the restricting SIDs count for writing alone
)

var createRestrictedToken = windows.NewLazySystemDLL("advapi32.dll").NewProc("CreateRestrictedToken")

// restrictToken makes a token that may write only where a restricting SID may write too.
func (platform) restrictToken(restricting []string) (Handle, error) {
	var own, made windows.Token
	err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_DUPLICATE|windows.TOKEN_QUERY|windows.TOKEN_ASSIGN_PRIMARY|windows.TOKEN_ADJUST_DEFAULT, &own)
	if err != nil {
		return 0, os.NewSyscallError("OpenProcessToken", err)
	}
	defer own.Close()
	sids := make([]windows.SIDAndAttributes, len(restricting))
	for i, text := range restricting {
		if sids[i].Sid, err = windows.StringToSid(text); err != nil {
			return 0, fmt.Errorf("read the SID %s: %w", text, err)
		}
	}
	logon, err := logonSID(own)
	if err != nil {
		return 0, fmt.Errorf("find the logon session: %w", err)
	}
	privileges, err := allBut(own, changeNotify)
	if err != nil {
		return 0, fmt.Errorf("list the privileges: %w", err)
	}
	denyOnly := windows.SIDAndAttributes{Sid: logon}
	ok, _, errno := createRestrictedToken.Call(uintptr(own), luaToken|writeRestricted,
		1, uintptr(unsafe.Pointer(&denyOnly)),
		uintptr(len(privileges)), uintptr(unsafe.Pointer(unsafe.SliceData(privileges))),
		uintptr(len(sids)), uintptr(unsafe.Pointer(&sids[0])), uintptr(unsafe.Pointer(&made)))
	runtime.KeepAlive(sids)
	runtime.KeepAlive(logon)
	if ok == 0 {
		return 0, winerr.Cause(errno)
	}
	return Handle(made), nil
}

// changeNotify is the number of the privilege to walk through folders: without the
// privilege no program reaches its files (SE_CHANGE_NOTIFY_PRIVILEGE).
const changeNotify = 23

// allBut lists the privileges of a token except keep, for removal by number.
func allBut(t windows.Token, keep uint32) ([]windows.LUIDAndAttributes, error) {
	var size uint32
	if err := windows.GetTokenInformation(t, windows.TokenPrivileges, nil, 0, &size); err != windows.ERROR_INSUFFICIENT_BUFFER {
		return nil, winerr.Cause(err)
	}
	buf := make([]byte, max(size, uint32(unsafe.Sizeof(windows.Tokenprivileges{}))))
	if err := windows.GetTokenInformation(t, windows.TokenPrivileges, &buf[0], uint32(len(buf)), &size); err != nil {
		return nil, err
	}
	var out []windows.LUIDAndAttributes
	for _, p := range (*windows.Tokenprivileges)(unsafe.Pointer(&buf[0])).AllPrivileges() {
		if p.Luid.HighPart != 0 || p.Luid.LowPart != keep {
			out = append(out, windows.LUIDAndAttributes{Luid: p.Luid})
		}
	}
	return out, nil
}

// logonSID is the SID of a token's logon session. The SID opens the user's screen and
// everything shared by the user's programs: a command's token has the SID for denials
// alone.
func logonSID(t windows.Token) (*windows.SID, error) {
	groups, err := t.GetTokenGroups()
	if err != nil {
		return nil, err
	}
	for _, g := range groups.AllGroups() {
		if g.Attributes&windows.SE_GROUP_LOGON_ID == windows.SE_GROUP_LOGON_ID {
			return g.Sid.Copy()
		}
	}
	return nil, errors.New("the token belongs to none")
}

var isTokenRestricted = windows.NewLazySystemDLL("advapi32.dll").NewProc("IsTokenRestricted")

func (platform) isRestricted(token Handle) bool {
	yes, _, _ := isTokenRestricted.Call(uintptr(token))
	return yes != 0
}

func (platform) setIntegrity(token Handle, level string) error {
	sid, err := windows.StringToSid(level)
	if err != nil {
		return fmt.Errorf("read the SID %s: %w", level, err)
	}
	label := windows.Tokenmandatorylabel{Label: windows.SIDAndAttributes{Sid: sid, Attributes: windows.SE_GROUP_INTEGRITY}}
	err = windows.SetTokenInformation(windows.Token(token), windows.TokenIntegrityLevel, (*byte)(unsafe.Pointer(&label)), label.Size())
	runtime.KeepAlive(sid)
	return os.NewSyscallError("SetTokenInformation", err)
}

// setDefaultDACL sets who may open the objects made by a process with the token.
func (platform) setDefaultDACL(token Handle, sddl string) error {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return fmt.Errorf("read %s: %w", sddl, err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("read %s: %w", sddl, err)
	}
	info := struct{ DACL *windows.ACL }{dacl} // TOKEN_DEFAULT_DACL
	err = windows.SetTokenInformation(windows.Token(token), windows.TokenDefaultDacl, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	runtime.KeepAlive(sd)
	return os.NewSyscallError("SetTokenInformation", err)
}
