package grant

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
)

// Machine stands for the access lists of the local machine.
type Machine struct{}

// Gone reports whether an error means an absent file.
func Gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Read reads a file's descriptor.
func (Machine) Read(path string) (access.Descriptor, error) {
	h, err := open(path, windows.READ_CONTROL)
	if err != nil {
		return access.Descriptor{}, err
	}
	defer windows.CloseHandle(h)
	sd, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return access.Descriptor{}, os.NewSyscallError("GetSecurityInfo", err)
	}
	defer runtime.KeepAlive(sd)
	var d access.Descriptor
	if owner, _, err := sd.Owner(); err == nil && owner != nil {
		d.Owner = owner.String()
	}
	acl, _, err := sd.DACL()
	if errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) || err == nil && acl == nil {
		return access.Descriptor{Owner: d.Owner, NoList: true}, nil
	}
	if err != nil {
		return access.Descriptor{}, err
	}
	size := binary.LittleEndian.Uint16(unsafe.Slice((*byte)(unsafe.Pointer(acl)), 8)[2:]) // ACL.AclSize
	d.List, err = access.ParseList(unsafe.Slice((*byte)(unsafe.Pointer(acl)), max(int(size), 8)))
	return d, err
}

// Write replaces the list. The system passes inherited entries on.
func (Machine) Write(path string, d access.Descriptor) error {
	list, err := access.AppendList(nil, d.List)
	if err != nil {
		return err
	}
	h, err := open(path, windows.READ_CONTROL|windows.WRITE_DAC)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	err = windows.SetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, (*windows.ACL)(unsafe.Pointer(&list[0])), nil)
	runtime.KeepAlive(list)
	return os.NewSyscallError("SetSecurityInfo", err)
}

// open opens a file or folder itself, never the target of a link.
func open(path string, rights uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, rights, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return h, nil
}
