package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/nearest"
)

// profileFile is the name of the file of a profile below the product's folder; "" for a
// name that no file may have.
func profileFile(name string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if name == "" || strings.Trim(name, letters) != "" {
		return ""
	}
	return name + ".config.toml"
}

// addProfile lays the chosen profile over the rest: a table of config.toml, or a file of
// its own beside it. With both, nobody could tell which one is meant.
func (l *loaded) addProfile(in Input, file string, tables map[string]settings) error {
	if in.Profile == "" {
		return nil
	}
	table, inTable := tables[in.Profile]
	own := profileFile(in.Profile)
	var data []byte
	found := false
	if own != "" {
		own = filepath.Join(in.Home, own)
		var err error
		if data, found, err = readFile(own); err != nil {
			return err
		}
	}
	switch {
	case found && inTable:
		return refuse("keep one of them", "profile %s is defined twice: as a table of %s, and as %s", quote(in.Profile), file, own)
	case inTable:
		l.lay(table)
		return nil
	case found:
		return l.addProfileFile(in, own, data)
	}
	hint := "no profile is defined in " + file
	if own != "" {
		hint += ", and " + own + " is not there"
	}
	if len(tables) > 0 {
		hint = "the nearest is " + quote(nearest.Of(in.Profile, slices.Sorted(maps.Keys(tables))))
	}
	return refuse(hint, "profile %s is not defined", quote(in.Profile))
}

// addProfileFile lays the file of a profile over the rest.
func (l *loaded) addProfileFile(in Input, file string, data []byte) error {
	doc, err := parse(file, data)
	if err != nil {
		return err
	}
	doc.note = "profile " + in.Profile
	if _, ok := doc.tree["profiles"]; ok {
		return refuse("write its tables into config.toml", "%sthe file of a profile has no profiles", at(doc.origin([]string{"profiles"})))
	}
	top, _, err := doc.flatten()
	if err != nil {
		return err
	}
	top.named(l.variables)
	l.lay(top)
	return nil
}

// lay puts settings over the settings so far. A table with free names is added to.
func (l *loaded) lay(over settings) {
	for name, v := range over {
		fresh, ok := v.value.(entries)
		old, ok2 := l.settings[name].value.(entries)
		if ok && ok2 {
			both := maps.Clone(old)
			maps.Copy(both, fresh)
			v.value = both
		}
		l.settings[name] = v
	}
}
