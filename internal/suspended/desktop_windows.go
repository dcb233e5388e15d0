package suspended

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
	"github.com/lockstile/lockstile/internal/winerr"
	"github.com/lockstile/lockstile/refusal"
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

// Desktop is one that nobody sees, on a window station that isn't the user's: where a
// command can open windows, and send keys to nobody else's. It goes with its last
// handle, and with the last process there.
type Desktop struct {
	station, handle uintptr
	name            string
}

// stationSwitch is held while our process's own window station is another one, which
// is when a desktop is made there: a process that is made meanwhile would begin there.
var stationSwitch sync.RWMutex

// NewDesktop makes one, which those may use whom a list of access lets (SDDL).
func NewDesktop(sddl string) (*Desktop, error) {
	d := &Desktop{}
	if err := d.make(sddl); err != nil {
		d.Close()
		return nil, &StepError{refusal.Desktop, "make a desktop", err}
	}
	return d, nil
}

// Name is STATION\DESKTOP, as STARTUPINFO takes it.
func (d *Desktop) Name() string { return d.name }

// Close closes our handles.
func (d *Desktop) Close() {
	if d.handle != 0 {
		closeDesktop.Call(d.handle)
	}
	if d.station != 0 {
		closeWindowStation.Call(d.station)
	}
	d.handle, d.station = 0, 0
}

const (
	allDesktopRights = 0xF01FF // DESKTOP_* and STANDARD_RIGHTS_REQUIRED
	allStationRights = 0xF037F // WINSTA_ALL_ACCESS and the same
	// Of a station: to be there, and nothing to share with who else is.
	stationUse = 0x123 | windows.READ_CONTROL // WINSTA_ENUMDESKTOPS, _READATTRIBUTES, _ACCESSGLOBALATOMS, _ENUMERATE
)

func (d *Desktop) make(sddl string) (err error) {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return fmt.Errorf("read %s: %w", sddl, err)
	}
	stationSwitch.Lock()
	defer stationSwitch.Unlock()
	// Without a name it is that of our logon session, of which there is one: another
	// name is for administrators.
	d.station, err = made(createWindowStation.Call(0, 0, allStationRights, 0))
	if err != nil {
		return os.NewSyscallError("CreateWindowStation", err)
	}
	if err := openStation(windows.Handle(d.station)); err != nil {
		return err
	}
	before, err := made(getProcessWindowStation.Call())
	if err != nil {
		return os.NewSyscallError("GetProcessWindowStation", err)
	}
	if _, err := made(setProcessWindowStation.Call(d.station)); err != nil {
		return os.NewSyscallError("SetProcessWindowStation", err)
	}
	own := "lockstile-" + rand.Text()
	name, err := windows.UTF16PtrFromString(own)
	if err == nil {
		security := windows.SecurityAttributes{SecurityDescriptor: sd}
		security.Length = uint32(unsafe.Sizeof(security))
		d.handle, err = made(createDesktop.Call(uintptr(unsafe.Pointer(name)), 0, 0, 0, allDesktopRights, uintptr(unsafe.Pointer(&security))))
		runtime.KeepAlive(sd)
	}
	if _, back := made(setProcessWindowStation.Call(before)); back != nil {
		err = errors.Join(err, os.NewSyscallError("SetProcessWindowStation, back", back))
	}
	if err != nil {
		return os.NewSyscallError("CreateDesktop", err)
	}
	station, err := objectName(d.station)
	if err != nil {
		return err
	}
	d.name = station + `\` + own
	return nil
}

// made gives what a call that makes something returned, or its error.
func made(result, _ uintptr, errno error) (uintptr, error) {
	if result == 0 {
		return 0, winerr.Cause(errno)
	}
	return result, nil
}

// openStation lets every account at the station, which may be there already, made by
// another program of this logon session: its entries stay. What counts is who may use
// a desktop on it.
func openStation(station windows.Handle) error {
	sd, err := windows.GetSecurityInfo(station, windows.SE_WINDOW_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return os.NewSyscallError("GetSecurityInfo", err)
	}
	dacl, _, err := sd.DACL()
	if err == windows.ERROR_OBJECT_NOT_FOUND {
		return nil // without a list it is open already
	}
	if err != nil {
		return fmt.Errorf("read the station's list: %w", err)
	}
	everyone, err := windows.StringToSid(access.Everyone)
	if err != nil {
		return err
	}
	// Merging an entry that is there changes nothing (SetEntriesInAcl: GRANT_ACCESS).
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

// objectName is that of a station or desktop, as the system tells it.
func objectName(h uintptr) (string, error) {
	const uoiName = 2
	var text [256]uint16
	var size uint32
	_, err := made(getUserObjectInfo.Call(h, uoiName, uintptr(unsafe.Pointer(&text[0])), unsafe.Sizeof(text), uintptr(unsafe.Pointer(&size))))
	if err != nil {
		return "", os.NewSyscallError("GetUserObjectInformation", err)
	}
	return windows.UTF16ToString(text[:]), nil
}

// screenRights are those that lead somewhere on the window station that has the user's
// screen, keys and clipboard: WINSTA_READSCREEN, _ACCESSCLIPBOARD, _CREATEDESKTOP,
// _WRITEATTRIBUTES, _ENUMDESKTOPS.
var screenRights = []uintptr{0x200, 0x4, 0x8, 0x10, 0x1}

// openScreen opens the one window station that a user sees (its name is fixed: Window
// Stations), for any of these rights. Its desktops are opened through it.
func openScreen() (closer, error) {
	name, err := windows.UTF16PtrFromString("WinSta0")
	if err != nil {
		return nil, err
	}
	for _, right := range screenRights {
		var h uintptr
		h, err = made(openWindowStation.Call(uintptr(unsafe.Pointer(name)), 0, right))
		if err != windows.ERROR_ACCESS_DENIED {
			return func() { closeWindowStation.Call(h) }, err
		}
	}
	return nil, err
}
