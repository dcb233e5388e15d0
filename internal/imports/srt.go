package imports

// srt reads the settings of Anthropic's sandbox-runtime. Without "." in allowWrite no
// command writes in the workspace, and the mode is read-only: lockstile has no writable
// root without the workspace.
func (im *importer) srt(data []byte) error {
	t, err := readJSON(data)
	if err != nil {
		return err
	}
	files, _ := t["filesystem"].(tree)
	im.srtMode(files)
	for _, key := range keysOf(t) {
		v := t[key]
		switch key {
		case "network":
			im.inside(key, v, func(name string, v any) { im.srtNetwork(key+"."+name, name, v) })
		case "filesystem":
			im.inside(key, v, func(name string, v any) { im.srtFiles(key+"."+name, name, v) })
			im.srtDenied(key, files)
		case "ignoreViolations":
			im.left(key, "lockstile records each denial, and hides none", "")
		case "enableWeakerNestedSandbox", "enableWeakerNetworkIsolation":
			im.line(key, Stricter, "", "lockstile has no weaker sandbox: a machine that can't enforce a mode refuses it", "")
		case "ripgrep", "mandatoryDenySearchDepth", "seccomp", "allowPty", "$schema":
			im.left(key, "lockstile has no need of it", "")
		default:
			im.left(key, unknown, "")
		}
	}
	im.ensureNetworkOff(t)
	return nil
}

// ensureNetworkOff says what an absent list of hosts means.
func (im *importer) ensureNetworkOff(t tree) {
	if network, _ := t["network"].(tree); network["allowedDomains"] == nil {
		im.network("network.allowedDomains (absent)", 0)
	}
}

func (im *importer) srtMode(files tree) {
	list, _ := files["allowWrite"].([]any)
	for _, item := range list {
		if s, ok := item.(string); ok && s != "" && placeOf(s).at == workspace {
			im.line("filesystem.allowWrite", Carried, im.set(modeKey, "workspace-write"), "", "")
			return
		}
	}
	im.line("filesystem.allowWrite", Carried, im.set(modeKey, "read-only"), "", "")
	if len(list) > 0 {
		im.line("filesystem.allowWrite", Stricter, "", `without "." lockstile has no writable folder: a root comes with the workspace`, Text(modeKey, "workspace-write"))
	}
}

func (im *importer) srtNetwork(key, name string, v any) {
	list, _ := v.([]any)
	switch name {
	case "allowedDomains":
		im.network(key, len(list))
	case "deniedDomains":
		im.line(key, Carried, "", "the network is off", "")
	case "allowUnixSockets", "allowAllUnixSockets", "allowMachLookup":
		im.line(key, Stricter, "", "no socket of the host can be reached", "")
	case "allowLocalBinding":
		im.line(key, Carried, "", "commands have a loopback of their own", "")
	default:
		im.left(key, "lockstile has no proxy", "")
	}
}

func (im *importer) srtFiles(key, name string, v any) {
	switch name {
	case "allowWrite":
		im.each(key, v, func(item string) { im.srtWrite(key, item) })
	case "denyRead":
		im.each(key, v, func(item string) { im.denyRead(key, item) })
	case "allowRead", "autoAllowSystemPaths":
		im.looser(key, "commands read your files, but for the credential stores and deny_read: lockstile has no list of all that may be read", "")
	case "denyWrite": // after allowWrite
	default:
		im.left(key, unknown, "")
	}
}

// srtWrite carries a folder that may be written.
func (im *importer) srtWrite(key, item string) {
	if im.mode() == "read-only" {
		im.line(key+" "+item, Stricter, "", "read-only has no writable folder", "")
		return
	}
	im.root(key, item)
}

// srtDenied carries denyWrite, after the roots.
func (im *importer) srtDenied(key string, files tree) {
	if v, ok := files["denyWrite"]; ok && im.mode() == "read-only" {
		im.line(key+".denyWrite", Carried, "", "no command writes", "")
	} else if ok {
		im.each(key+".denyWrite", v, func(item string) { im.denyWrite(key+".denyWrite", item, im.inRoots()) })
	}
}

// mode returns the mode so far.
func (im *importer) mode() string {
	for _, s := range im.Settings {
		if s.Key == modeKey && s.Profile == "" {
			mode, _ := s.Value.(string)
			return mode
		}
	}
	return ""
}
