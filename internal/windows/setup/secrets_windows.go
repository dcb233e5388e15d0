package setup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// secretFile returns the file of a password. Windows encrypts the password for the user
// (DPAPI): the user who sets up must be the user who will start commands.
func (m Machine) secretFile(account string) string {
	return filepath.Join(m.Home, secretName(account))
}

func secretName(account string) string { return filepath.Join("secrets", account+".dpapi") }

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

// takeBlob copies a blob of Windows, and frees the blob.
func takeBlob(b windows.DataBlob) string {
	text := string(unsafe.Slice(b.Data, b.Size))
	_, _ = windows.LocalFree(windows.Handle(unsafe.Pointer(b.Data))) // the memory is ours
	return text
}

// KeepSecret encrypts a password and writes the file.
func (m Machine) KeepSecret(account, password string) error {
	plain := []byte(password)
	var out windows.DataBlob
	err := windows.CryptProtectData(&windows.DataBlob{Size: uint32(len(plain)), Data: &plain[0]}, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return os.NewSyscallError("CryptProtectData", err)
	}
	sealed := []byte(takeBlob(out))
	if err := os.MkdirAll(m.Home, 0o700); err != nil {
		return err
	}
	return m.within(account, func(home *os.Root, name string) error {
		if err := home.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		return home.WriteFile(name, sealed, 0o600)
	})
}

// within calls do with an account's file. setup has an administrator's rights, and a
// program with the user's rights may have put links into the folder: os.Root follows no
// link out.
func (m Machine) within(account string, do func(home *os.Root, name string) error) error {
	home, err := os.OpenRoot(m.Home)
	if err != nil {
		return err
	}
	return errors.Join(do(home, secretName(account)), home.Close())
}

// RemoveSecret removes a password's file, and the folder after the last file.
func (m Machine) RemoveSecret(account string) error {
	err := m.within(account, func(home *os.Root, name string) error {
		err := home.Remove(name)
		_ = home.Remove(filepath.Dir(name)) // fails until the folder is empty
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	return err
}
