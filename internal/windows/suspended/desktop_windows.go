package suspended

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/windows/winerr"
)

var (
	user32                  = windows.NewLazySystemDLL("user32.dll")
	createWindowStation     = user32.NewProc("CreateWindowStationW")
	openWindowStation       = user32.NewProc("OpenWindowStationW")
	closeWindowStation      = user32.NewProc("CloseWindowStation")
	getProcessWindowStation = user32.NewProc("GetProcessWindowStation")
	setProcessWindowStation = user32.NewProc("SetProcessWindowStation")
	createDesktop           = user32.NewProc("CreateDesktopW")
	closeDesktop            = user32.NewProc("CloseDesktop")
	getUserObjectInfo       = user32.NewProc("GetUserObjectInformationW")
)

const (
	allDesktopRights = 0xF01FF // DESKTOP_* and STANDARD_RIGHTS_REQUIRED
	allStationRights = 0xF037F // WINSTA_ALL_ACCESS and the same
	// The rights to be on a station, without anything to share with other programs there.
	stationUse = 0x123 | windows.READ_CONTROL // WINSTA_ENUMDESKTOPS, _READATTRIBUTES, _ACCESSGLOBALATOMS, _ENUMERATE
)

// createStation returns the station of our logon session. A logon session has a single
// station beside the user's: only administrators may choose a name.
func (platform) createStation() (Handle, error) {
	return named("CreateWindowStation")(got(createWindowStation.Call(0, 0, allStationRights, 0)))
}

func (platform) processStation() (Handle, error) {
	return named("GetProcessWindowStation")(got(getProcessWindowStation.Call()))
}

func (platform) setProcessStation(h Handle) error {
	_, err := named("SetProcessWindowStation")(got(setProcessWindowStation.Call(uintptr(h))))
	return err
}

func (platform) closeDesktop(h Handle) { closeDesktop.Call(uintptr(h)) }
func (platform) closeStation(h Handle) { closeWindowStation.Call(uintptr(h)) }

// createDesktop makes a desktop on our process's window station.
func (platform) createDesktop(name, sddl string) (Handle, error) {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", sddl, err)
	}
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	security := windows.SecurityAttributes{SecurityDescriptor: sd}
	security.Length = uint32(unsafe.Sizeof(security))
	h, err := named("CreateDesktop")(got(createDesktop.Call(uintptr(unsafe.Pointer(text)), 0, 0, 0, allDesktopRights, uintptr(unsafe.Pointer(&security)))))
	runtime.KeepAlive(sd)
	return h, err
}

// named adds the call's name to the error of a call that returns a handle.
func named(call string) func(uintptr, error) (Handle, error) {
	return func(h uintptr, err error) (Handle, error) { return Handle(h), os.NewSyscallError(call, err) }
}

// got returns the result of a call that returns a handle, or the error.
func got(result, _ uintptr, errno error) (uintptr, error) {
	if result == 0 {
		return 0, winerr.Cause(errno)
	}
	return result, nil
}

// openStation gives every account access to the station. Another program of this logon
// session may have made the station: the existing entries stay. Only the access to a
// desktop on the station matters.
func (platform) openStation(of Handle) error {
	station := windows.Handle(of)
	sd, err := windows.GetSecurityInfo(station, windows.SE_WINDOW_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return os.NewSyscallError("GetSecurityInfo", err)
	}
	dacl, _, err := sd.DACL()
	if err == windows.ERROR_OBJECT_NOT_FOUND {
		return nil // a station without a list is open already
	}
	if err != nil {
		return fmt.Errorf("read the station's list: %w", err)
	}
	everyone, err := windows.StringToSid(access.Everyone)
	if err != nil {
		return err
	}
	// Merging an existing entry changes nothing (SetEntriesInAcl: GRANT_ACCESS).
	merged, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: stationUse, AccessMode: windows.GRANT_ACCESS,
		Trustee: windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeType: windows.TRUSTEE_IS_WELL_KNOWN_GROUP, TrusteeValue: windows.TrusteeValueFromSID(everyone)},
	}}, dacl)
	runtime.KeepAlive(sd)
	if err != nil {
		return os.NewSyscallError("SetEntriesInAcl", err)
	}
	err = windows.SetSecurityInfo(station, windows.SE_WINDOW_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, merged, nil)
	return os.NewSyscallError("SetSecurityInfo", err)
}

// objectName returns the system's name of a station or desktop.
func (platform) objectName(h Handle) (string, error) {
	const uoiName = 2
	var text [256]uint16
	var size uint32
	_, err := got(getUserObjectInfo.Call(uintptr(h), uoiName, uintptr(unsafe.Pointer(&text[0])), unsafe.Sizeof(text), uintptr(unsafe.Pointer(&size))))
	if err != nil {
		return "", os.NewSyscallError("GetUserObjectInformation", err)
	}
	return windows.UTF16ToString(text[:]), nil
}

// screenRights are the rights that give access to something on the window station with
// the user's screen, keys and clipboard: WINSTA_READSCREEN, _ACCESSCLIPBOARD,
// _CREATEDESKTOP, _WRITEATTRIBUTES, _ENUMDESKTOPS.
var screenRights = []uintptr{0x200, 0x4, 0x8, 0x10, 0x1}

// openScreen opens the user's visible window station (with the fixed name of Microsoft's
// page Window Stations), for any of these rights. The station's desktops are opened
// through the station.
func openScreen() (closer, error) {
	name, err := windows.UTF16PtrFromString("WinSta0")
	if err != nil {
		return nil, err
	}
	for _, right := range screenRights {
		var h uintptr
		h, err = got(openWindowStation.Call(uintptr(unsafe.Pointer(name)), 0, right))
		if err != windows.ERROR_ACCESS_DENIED {
			return func() { closeWindowStation.Call(h) }, err
		}
	}
	return nil, err
}
