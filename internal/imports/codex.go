package imports

import "fmt"

// codex reads codex's config.toml. An absent sandbox_mode is read-only: codex decides by
// the trust of a project.
func (im *importer) codex(data []byte) error {
	t, err := readTOML(data)
	if err != nil {
		return err
	}
	im.codexTable(t)
	if _, said := t["sandbox_mode"]; !said {
		im.stricter("sandbox_mode (absent)", modeKey, "read-only", "codex decides by the trust of a project, and is read-only elsewhere", Text(modeKey, "workspace-write"))
	}
	im.line(".git (always read-only there)", Carried, im.set(gitKey, false), "", Text(gitKey, "auto"))
	profiles, _ := t["profiles"].(tree)
	for _, name := range keysOf(profiles) {
		table, ok := profiles[name].(tree)
		if !ok || name == "" || hasControl(name) {
			im.wrong("profiles." + name)
			continue
		}
		im.profile = name
		im.codexTable(table)
		im.profile = ""
	}
	if chosen, ok := t["profile"].(string); ok {
		im.chosen(chosen)
	}
	return nil
}

// chosen lays the profile that codex uses by itself over the rest.
func (im *importer) chosen(name string) {
	found := false
	for _, s := range im.Settings {
		if s.Profile == name && name != "" {
			im.set(s.Key, s.Value)
			found = true
		}
	}
	if found {
		im.line("profile", Carried, "", "the settings of profile "+name+" stand at the top too", "")
		return
	}
	im.left("profile", "the profile has no setting of the sandbox", "")
}

// codexTable reads the top, or a profile.
func (im *importer) codexTable(t tree) {
	im.codexModels(t)
	for _, key := range keysOf(t) {
		v := t[key]
		switch key {
		case "sandbox_mode":
			im.codexMode(v)
		case "approval_policy":
			im.codexApproval(v)
		case "sandbox_workspace_write":
			im.inside(key, v, func(name string, v any) { im.codexWrite(key+"."+name, name, v) })
		case "shell_environment_policy":
			im.inside(key, v, func(name string, v any) { im.codexEnv(key+"."+name, name, v) })
		case "features":
			im.inside(key, v, im.codexFeature)
		case "windows":
			im.inside(key, v, func(name string, v any) { im.choice(key+"."+name, v, "windows.sandbox", "elevated", "unelevated") })
		case "projects":
			im.left(key, "lockstile reads nothing in a repository as configuration, and has no trusted projects", "")
		case "permissions", "default_permissions", "network", "requirements": // after the rest
		case "profile", "profiles":
		case "model", "model_context_window", "model_provider", "model_reasoning_effort", "openai_base_url", providersKey, serversKey: // before the rest
		case "tui":
			im.inside(key, v, func(name string, _ any) {
				if name != "notifications" {
					im.left(key+"."+name, notSandbox, "")
				}
			})
		default:
			im.left(key, notSandbox, "")
		}
	}
	for _, key := range []string{"default_permissions", "network", "permissions", "requirements"} {
		if _, said := t[key]; said {
			im.stricter(key, modeKey, "read-only", "lockstile doesn't read codex's permission profiles", Text(modeKey, "workspace-write"))
			im.set(networkKey, false)
		}
	}
}

func (im *importer) codexMode(v any) {
	switch v {
	case "read-only", "workspace-write":
		im.carry("sandbox_mode", modeKey, v)
	case "danger-full-access":
		im.stricter("sandbox_mode", modeKey, "workspace-write", "no sandbox is nothing to take over in silence", Text(modeKey, "danger-full-access"))
	default:
		im.stricter("sandbox_mode", modeKey, "read-only", "lockstile doesn't know the mode", "")
	}
}

func (im *importer) codexApproval(v any) {
	switch v {
	case "untrusted", "on-request", "never":
		im.carry("approval_policy", approvalKey, v)
	case "on-failure":
		im.stricter("approval_policy", approvalKey, "on-request", "no failed command is tried again outside of the sandbox by itself", "")
	default:
		im.stricter("approval_policy", approvalKey, "untrusted", "lockstile doesn't know the value", "")
	}
}

func (im *importer) codexWrite(key, name string, v any) {
	switch name {
	case "writable_roots":
		im.each(key, v, func(item string) { im.root(key, item) })
	case "network_access", "exclude_tmpdir_env_var", "exclude_slash_tmp":
		im.flag(key, v, key)
	default:
		im.left(key, unknown, "")
	}
}

func (im *importer) codexEnv(key, name string, v any) {
	switch name {
	case "inherit":
		im.choice(key, v, key, "all", "core", "none")
	case "ignore_default_excludes":
		im.codexExcludes(key, v)
	case "exclude", "include_only":
		im.each(key, v, func(item string) { im.line(key+" "+item, Carried, im.add(key, item), "", "") })
	case "set":
		im.inside(key, v, func(name string, v any) { im.variable(key, name, v) })
	default:
		im.left(key, unknown, "")
	}
}

// codexExcludes reports on variables that look like secrets: lockstile keeps more of them,
// and hands all on or none.
func (im *importer) codexExcludes(key string, v any) {
	switch v {
	case false:
		im.carry(key, key, false)
	case true:
		im.stricter(key, key, false, "variables that look like secrets are for the user to hand on", Text(key, true))
	default:
		im.wrong(key)
	}
}

func (im *importer) codexFeature(name string, v any) {
	if name == "unified_exec" {
		im.flag("features.unified_exec", v, "features.unified_exec")
		return
	}
	im.left("features."+name, notSandbox, "")
}

// flag carries true or false.
func (im *importer) flag(key string, v any, ours string) {
	if b, ok := v.(bool); ok {
		im.carry(key, ours, b)
		return
	}
	im.wrong(key)
}

// choice carries one of some words.
func (im *importer) choice(key string, v any, ours string, words ...string) {
	for _, w := range words {
		if v == w {
			im.carry(key, ours, w)
			return
		}
	}
	im.left(key, fmt.Sprintf("the value is none of %q", words), "")
}
