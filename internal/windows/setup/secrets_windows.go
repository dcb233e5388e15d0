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

// within does something with an account's file: with an administrator's rights, in a
// folder that others with the user's rights may have put links into.
func (m Machine) within(account string, do func(home *os.Root, name string) error) error {
	home, err := os.OpenRoot(m.Home)
	if err != nil {
		return err
	}
	return errors.Join(do(home, secretName(account)), home.Close())
}

// RemoveSecret takes it away, and the folder with the last one.
func (m Machine) RemoveSecret(account string) error {
	err := m.within(account, func(home *os.Root, name string) error {
		err := home.Remove(name)
		_ = home.Remove(filepath.Dir(name)) // it isn't empty before that
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAbsent
	}
	return err
}
