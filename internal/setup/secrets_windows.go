package setup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// secretFile keeps a password as the system encrypts it for this user (DPAPI): who
// sets up must be the user who will start commands.
func (m Machine) secretFile(account string) string {
	return filepath.Join(m.Home, "secrets", account+".dpapi")
}

// Secret decrypts an account's password.
func (m Machine) Secret(account string) (string, error) {
	sealed, err := os.ReadFile(m.secretFile(account))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrAbsent
	}
	if err != nil {
		return "", err
	}
	if len(sealed) == 0 {
		return "", errors.New("the secret's file is empty")
	}
	var out windows.DataBlob
	err = windows.CryptUnprotectData(&windows.DataBlob{Size: uint32(len(sealed)), Data: &sealed[0]}, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return "", os.NewSyscallError("CryptUnprotectData", err)
	}
	return takeBlob(out), nil
}

// takeBlob copies what the system allocated, and frees it.
func takeBlob(b windows.DataBlob) string {
	text := string(unsafe.Slice(b.Data, b.Size))
	_, _ = windows.LocalFree(windows.Handle(unsafe.Pointer(b.Data))) // ours alone
	return text
}

// KeepSecret encrypts it.
func (m Machine) KeepSecret(account, password string) error {
	plain := []byte(password)
	var out windows.DataBlob
	err := windows.CryptProtectData(&windows.DataBlob{Size: uint32(len(plain)), Data: &plain[0]}, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return os.NewSyscallError("CryptProtectData", err)
	}
	name := m.secretFile(account)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(takeBlob(out)), 0o600)
}

// RemoveSecret takes it away, and the folder with the last one.
func (m Machine) RemoveSecret(account string) error {
	name := m.secretFile(account)
	err := os.Remove(name)
	_ = os.Remove(filepath.Dir(name)) // it isn't empty before that
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	return err
}
