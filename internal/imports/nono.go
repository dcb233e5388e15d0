package imports

import (
	"bytes"
	"strings"
)

// nono reads a profile of nono: JSON, or TOML of older versions. nono lists what may be
// read, and lockstile what may not.
func (im *importer) nono(data []byte) error {
	read := readTOML
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{")) {
		read = readJSON
	}
	t, err := read(data)
	if err != nil {
		return err
	}
	workdir, _ := t["workdir"].(tree)
	if workdir["access"] == "readwrite" {
		im.carry("workdir.access", modeKey, "workspace-write")
	} else {
		im.line("workdir.access", Carried, im.set(modeKey, "read-only"), "", "")
	}
	im.looser("filesystem", "commands read your files, but for the credential stores and deny_read: lockstile has no list of all that may be read", "")
	for _, key := range keysOf(t) {
		im.nonoKey(key, t[key])
	}
	network, _ := t["network"].(tree)
	if network["block"] == true {
		im.carry("network.block", networkKey, false)
	} else {
		im.stricter("network.block", networkKey, false, "nono has the network on unless a profile says otherwise; here the network stays off", Text(networkKey, true))
	}
	return nil
}

func (im *importer) nonoKey(key string, v any) {
	switch key {
	case "filesystem":
		im.inside(key, v, func(name string, v any) { im.nonoFiles(key+"."+name, name, v) })
	case "network":
		im.inside(key, v, func(name string, v any) {
			if name != "block" {
				im.line(key+"."+name, Stricter, "", "lockstile has no list of hosts and ports, and no proxy: the network stays off", "")
			}
		})
	case "workdir":
	case "extends":
		im.looser(key, "the base profile is another file: its denials don't hold here; import it by itself", "")
	case "groups", "policy", "commands", "command_policies":
		im.looser(key, "lockstile has no groups and no rules about command lines; credential stores can't be read in any case", "")
	case "secrets", "env_credentials", "environment":
		im.left(key, "secrets are for the user to hand on", Text(setKey+".NAME", "…"))
	case "security":
		im.line(key, Stricter, "", "a command sees, signals and reaches only its own processes", "")
	default:
		im.left(key, notSandbox, "")
	}
}

func (im *importer) nonoFiles(key, name string, v any) {
	switch name {
	case "allow", "write":
		im.each(key, v, func(item string) { im.srtWrite(key, item) })
	case "read", "read_file":
		im.line(key, Carried, "", "commands read your files, but for the credential stores and deny_read", "")
	case "deny":
		im.each(key, v, func(item string) { im.denyRead(key, item) })
	case "allow_file", "write_file":
		im.line(key, Stricter, "", "lockstile has writable folders, and no writable files", "")
	case "bypass_protection":
		im.each(key, v, func(item string) {
			hand := ""
			if p := placeOf(item); p.at == outer && !strings.ContainsAny(p.path, "*?[") {
				hand = Text("filesystem.allow_read", []string{p.path})
			}
			im.line(key+" "+item, Stricter, "", "credential stores are for the user to open", hand)
		})
	default:
		im.left(key, unknown, "")
	}
}
