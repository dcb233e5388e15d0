package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/imports"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/settings"
	"github.com/lockstile/lockstile/internal/usage"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// initConfig writes config.toml.
func initConfig(args []string) int {
	var from string
	var show, force bool
	set := settings.NewFlagSet("init")
	set.StringVar(&from, "from", "", "")
	set.BoolVar(&show, "print", false, "")
	set.BoolVar(&force, "force", false, "")
	name, err := parseInit(set, &from, args)
	if err != nil {
		return usage.Say(set, err, args)
	}
	home, err := lockstile.Home()
	if err != nil {
		return refused(err, false)
	}
	text, report, err := initText(home, from, name)
	if err != nil {
		return refused(err, false)
	}
	if show {
		plain.ErrText(report)
		plain.OutText(text)
		return exitOK
	}
	plain.OutText(report)
	return writeConfig(home, text, force)
}

// parseInit reads the flags; the path may stand before or behind other flags.
func parseInit(set *flag.FlagSet, from *string, args []string) (path string, err error) {
	if err := set.Parse(args); err != nil {
		return "", err
	}
	if words := set.Args(); len(words) > 0 {
		if path = words[0]; *from == "" {
			return "", fmt.Errorf("%q is one word too many: say --from TOOL PATH", path)
		}
		if err := onlyFlags(set, words[1:]); err != nil {
			return "", err
		}
	}
	switch {
	case *from != "" && !slices.Contains(imports.Tools(), *from):
		return "", fmt.Errorf("there is no tool %q: %s", *from, strings.Join(imports.Tools(), ", "))
	case *from != "" && path == "":
		return "", errors.New("say the path of the settings behind --from TOOL")
	}
	return path, nil
}

// initText returns the text of config.toml, and a report for people.
func initText(home, from, name string) (text, report string, err error) {
	try, done, err := trials(home)
	if err != nil {
		return "", "", err
	}
	defer done()
	if err := try("", policy.ModeUnset); err != nil {
		return "", "", err
	}
	if from == "" {
		text, err = defaultsText(home)
	} else {
		text, report, err = importText(from, name, try)
	}
	if err != nil {
		return "", "", err
	}
	return text, report, try(text, policy.ModeUnset)
}

// trial loads a text as config.toml, with a mode unless mode is ModeUnset.
type trial func(text string, mode policy.Mode) error

// trials returns a trial with a throw-away folder as workspace.
func trials(home string) (try trial, done func(), err error) {
	dir, err := os.MkdirTemp("", "lockstile-init-")
	if err != nil {
		return nil, nil, unwritten(err)
	}
	return func(text string, mode policy.Mode) error {
		_, err := lockstile.LoadPolicyText(lockstile.Settings{Home: home, Dir: dir, Mode: mode}, []byte(text))
		return err
	}, func() { os.Remove(dir) }, nil
}

// writeConfig writes config.toml, or shows how the text differs from the file that is
// there.
func writeConfig(home, text string, force bool) int {
	file := filepath.Join(home, "config.toml")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return refused(unwritten(err), false)
	}
	err := writeNew(file, text)
	switch {
	case err == nil:
		plain.Out("wrote %s\n", file)
		return exitOK
	case !errors.Is(err, os.ErrExist):
		return refused(unwritten(err), false)
	}
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return refused(unwritten(fmt.Errorf("%s is no regular file: print the text with --print", file)), false)
	}
	if !force {
		old, err := readBounded(file)
		if err != nil {
			return refused(unwritten(err), false)
		}
		plain.OutText(diff(string(old), text))
		plain.Err("lockstile: %s is there, and stays as it is\nhint: lockstile init --force replaces the file\n", file)
		return exitFail
	}
	if err := replace(file, text); err != nil {
		return refused(unwritten(err), false)
	}
	plain.Out("wrote %s\n", file)
	return exitOK
}

// writeNew writes an absent file, for the user alone.
func writeNew(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file)
	}
	return err
}

// replace puts a new file in the place of a file, at once.
func replace(file, text string) error {
	fresh := file + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeNew(fresh, text); err != nil {
		return err
	}
	return os.Rename(fresh, file)
}

func unwritten(err error) error {
	return &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: "no config.toml was written", Err: err}
}
