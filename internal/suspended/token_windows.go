package suspended

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/winerr"
	"github.com/lockstile/lockstile/refusal"
)

// The flags of CreateRestrictedToken.
const (
	disableMaxPrivilege = 0x1 // all privileges go but the one to walk through folders
	luaToken            = 0x4 // administrators' rights go
	writeRestricted     = 0x8 // the restricting SIDs count for writing alone
)

var createRestrictedToken = windows.NewLazySystemDLL("advapi32.dll").NewProc("CreateRestrictedToken")

// restrict makes the token of a confined command from our own.
func restrict(t *Token) (windows.Token, error) {
	made, err := restrictOnce(t.Restricting)
	if err != nil {
		return 0, err
	}
	err = readBack(made)
	if err == nil {
		err = setDefaultDACL(made, t.DefaultDACL)
	}
	if err == nil {
		err = setIntegrity(made)
	}
	if err != nil {
		made.Close()
		return 0, err
	}
	return made, nil
}

// restrictOnce makes a token that may write where one of the restricting SIDs may too.
func restrictOnce(restricting []string) (made windows.Token, err error) {
	var own windows.Token
	err = windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_DUPLICATE|windows.TOKEN_QUERY|windows.TOKEN_ASSIGN_PRIMARY|windows.TOKEN_ADJUST_DEFAULT, &own)
	if err != nil {
		return 0, tokenFault("OpenProcessToken", err)
	}
	defer own.Close()
	sids := make([]windows.SIDAndAttributes, len(restricting))
	for i, text := range restricting {
		if sids[i].Sid, err = windows.StringToSid(text); err != nil {
			return 0, tokenFault("read the SID "+text, err)
		}
	}
	logon, err := logonSID(own)
	if err != nil {
		return 0, tokenFault("find the logon session", err)
	}
	denyOnly := windows.SIDAndAttributes{Sid: logon}
	ok, _, errno := createRestrictedToken.Call(uintptr(own), disableMaxPrivilege|luaToken|writeRestricted,
		1, uintptr(unsafe.Pointer(&denyOnly)), 0, 0,
		uintptr(len(sids)), uintptr(unsafe.Pointer(&sids[0])), uintptr(unsafe.Pointer(&made)))
	runtime.KeepAlive(sids)
	runtime.KeepAlive(logon)
	if ok == 0 {
		return 0, tokenFault("CreateRestrictedToken", errno)
	}
	return made, nil
}

// logonSID is that of the session which a token belongs to. It opens the user's screen,
// and everything else that the user's programs share, so a command has it for denials
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

// readBack is for systems that say yes and do nothing: no file is opened to the
// capabilities of a token that restricts nothing.
func readBack(token windows.Token) error {
	if yes, _, _ := isTokenRestricted.Call(uintptr(token)); yes == 0 {
		return tokenFault("CreateRestrictedToken", errors.New("it succeeded, and the token isn't restricted"))
	}
	return nil
}

// mediumIntegrity is that of a user's ordinary programs. An administrator's shell may
// have more, which no command needs.
const mediumIntegrity = "S-1-16-8192"

func setIntegrity(token windows.Token) error {
	sid, err := windows.StringToSid(mediumIntegrity)
	if err != nil {
		return tokenFault("read the SID "+mediumIntegrity, err)
	}
	label := windows.Tokenmandatorylabel{Label: windows.SIDAndAttributes{Sid: sid, Attributes: windows.SE_GROUP_INTEGRITY}}
	err = windows.SetTokenInformation(token, windows.TokenIntegrityLevel, (*byte)(unsafe.Pointer(&label)), label.Size())
	runtime.KeepAlive(sid)
	if err != nil {
		return tokenFault("SetTokenInformation", err)
	}
	return nil
}

// setDefaultDACL sets who may open what a process with the token makes.
func setDefaultDACL(token windows.Token, sddl string) error {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return tokenFault("read "+sddl, err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return tokenFault("read "+sddl, err)
	}
	info := struct{ DACL *windows.ACL }{dacl} // TOKEN_DEFAULT_DACL
	err = windows.SetTokenInformation(token, windows.TokenDefaultDacl, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	runtime.KeepAlive(sd)
	if err != nil {
		return tokenFault("SetTokenInformation", err)
	}
	return nil
}

func tokenFault(call string, err error) error {
	return &StepError{refusal.RestrictedToken, call, winerr.Cause(err)}
}
