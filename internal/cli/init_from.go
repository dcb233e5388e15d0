package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/imports"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/policy"
	"github.com/lockstile/lockstile/refusal"
)

// mostImport is how many bytes of another tool's settings are read at most.
const mostImport = 1 << 20

// importText turns the settings of another tool into a config.toml, and reports each line.
// A setting that doesn't load is left out.
func importText(tool, name string, try trial) (text, report string, err error) {
	data, err := readBounded(name)
	if err != nil {
		return "", "", unwritten(err)
	}
	r, err := imports.Read(tool, data)
	if err != nil {
		return "", "", &refusal.Error{Code: refusal.CodeConfig, Stage: refusal.StageConfig, Reason: name + ": " + err.Error(), Hint: "lockstile init --from " + tool + " reads the settings of " + tool}
	}
	kept := r.Settings[:0]
	providers := map[string]string{} // model_provider names one of them
	withProviders := func(text string, mode policy.Mode) error {
		if strings.HasPrefix(text, "model_provider ") {
			text = strings.Join(slices.Sorted(maps.Values(providers)), "") + text
		}
		return try(text, mode)
	}
	for _, s := range r.Settings {
		if value := loading(s, withProviders, &r); value != nil {
			if strings.HasPrefix(s.Key, "model_providers.") {
				providers[s.Key] = imports.Text(s.Key, value) + "\n"
			}
			s.Value = value
			kept = append(kept, s)
		}
	}
	return settingsText(tool, name, kept), reportText(tool, name, r.Report), nil
}

// readBounded reads a regular file that is no link.
func readBounded(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a link: name the file itself", name)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := os.OpenFile(name, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, fmt.Errorf("%s has changed meanwhile", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, mostImport+1))
	if err == nil && len(data) > mostImport {
		err = fmt.Errorf("%s is larger than %d bytes", name, mostImport)
	}
	return data, err
}

// loading returns the part of a setting that loads, nil for none, and corrects the report
// about the rest.
func loading(s imports.Setting, try trial, r *imports.Result) any {
	loads := func(v any) bool {
		line := imports.Text(s.Key, v)
		err := errors.Join(try(line+"\n", policy.ModeUnset), try(line+"\n", policy.ModeWorkspaceWrite))
		if err != nil {
			r.Dropped(s, v, reason(s.Key, err))
		}
		return err == nil
	}
	list, ok := s.Value.([]string)
	if !ok {
		if loads(s.Value) {
			return s.Value
		}
		return nil
	}
	list = slices.DeleteFunc(slices.Clone(list), func(item string) bool { return !loads([]string{item}) })
	if len(list) == 0 {
		return nil
	}
	return list
}

// reason is the reason of a refusal, without the place in a file that isn't written.
func reason(key string, err error) string {
	text := err.Error()
	var why *refusal.Error
	if errors.As(err, &why) {
		text = why.Reason
	}
	if _, rest, ok := strings.Cut(text, key+": "); ok {
		return rest
	}
	return text
}

// settingsText writes a config.toml: the top, then the profiles.
func settingsText(tool, name string, all []imports.Setting) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# From %s, %s, by lockstile init. docs/config.md has the keys.\n", tool, strings.Trim(imports.Quote(name), `"`))
	var profiles []string
	for _, s := range all {
		if s.Profile == "" {
			b.WriteString(imports.Text(s.Key, s.Value) + "\n")
		} else if !slices.Contains(profiles, s.Profile) {
			profiles = append(profiles, s.Profile)
		}
	}
	for _, profile := range profiles {
		b.WriteString("\n[profiles." + imports.Quote(profile) + "]\n")
		for _, s := range all {
			if s.Profile == profile {
				b.WriteString(imports.Text(s.Key, s.Value) + "\n")
			}
		}
	}
	return b.String()
}

// reportText is the report for people: first what is looser here, last what is the same.
func reportText(tool, name string, report []imports.Line) string {
	var b strings.Builder
	b.WriteString(plain.Sprintf("from %s, %s:\n", tool, name))
	for _, kind := range []string{imports.Looser, imports.Left, imports.Stricter, imports.Carried} {
		for _, l := range report {
			if l.Kind != kind {
				continue
			}
			text := plain.Sprintf("  %-12s %s", kind, l.Key)
			if l.To != "" {
				text += plain.Sprintf(" → %s", l.To)
			}
			if l.Why != "" {
				text += plain.Sprintf(": %s", l.Why)
			}
			b.WriteString(text + "\n")
			if l.ByHand != "" {
				b.WriteString(plain.Sprintf("               by hand: %s\n", l.ByHand))
			}
		}
	}
	return b.String()
}

// diff lists the lines of each text that the other text lacks.
func diff(old, fresh string) string {
	var b strings.Builder
	only := func(sign, text, other string) {
		has := map[string]bool{}
		for line := range strings.Lines(other) {
			has[strings.TrimSpace(line)] = true
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !has[line] {
				b.WriteString(sign + line + "\n")
			}
		}
	}
	only("-", old, fresh)
	only("+", fresh, old)
	return b.String()
}
