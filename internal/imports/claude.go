package imports

import (
	"path"
	"strings"
)

// claude reads Claude Code's settings.json. Commands may write the workspace there, and in
// workspace-write too.
func (im *importer) claude(data []byte) error {
	t, err := readJSON(data)
	if err != nil {
		return err
	}
	sandbox, _ := t["sandbox"].(tree)
	on := sandbox["enabled"] == true
	im.claudeMode(t, on, sandbox["autoAllowBashIfSandboxed"] != false)
	for _, key := range keysOf(t) {
		v := t[key]
		switch key {
		case "permissions":
			im.inside(key, v, func(name string, v any) { im.claudePermissions(key+"."+name, name, v, on) })
		case "sandbox":
			im.inside(key, v, func(name string, v any) { im.claudeSandbox(key+"."+name, name, v) })
			if files, ok := sandbox["filesystem"].(tree); ok {
				im.srtDenied(key+".filesystem", files)
			}
		case "env":
			im.inside(key, v, func(name string, v any) { im.variable(key, name, v) })
		case "hooks":
			im.left(key, "lockstile starts nothing but the commands", "")
		default:
			im.left(key, notSandbox, "")
		}
	}
	im.claudeDenied(t)
	if network, _ := sandbox["network"].(tree); network["allowedDomains"] == nil {
		im.stricter("sandbox.network.allowedDomains (absent)", networkKey, false, "the network stays off", Text(networkKey, true))
	}
	return nil
}

// claudeMode chooses the mode and who is asked, by permissions.defaultMode.
func (im *importer) claudeMode(t tree, on, auto bool) {
	permissions, _ := t["permissions"].(tree)
	const key = "permissions.defaultMode"
	mode, said := permissions["defaultMode"]
	approval := "untrusted"
	if on && auto {
		approval = "on-request"
	}
	switch mode {
	case "plan":
		im.carry(key, modeKey, "read-only")
		im.carry(key, approvalKey, "untrusted")
		return
	case "bypassPermissions":
		im.stricter(key, modeKey, "workspace-write", "no question and no sandbox is nothing to take over in silence", Text(modeKey, "danger-full-access"))
		im.stricter(key, approvalKey, "on-request", "an agent asks before a command leaves the sandbox", "")
		return
	case "dontAsk":
		im.carry(key, modeKey, "workspace-write")
		im.carry(key, approvalKey, "never")
		return
	}
	name := key
	if !said {
		name += " (absent)"
	}
	im.carry(name, modeKey, "workspace-write")
	im.carry(name, approvalKey, approval)
}

func (im *importer) claudePermissions(key, name string, v any, on bool) {
	switch name {
	case "allow":
		im.each(key, v, func(rule string) { im.claudeAllowed(key, rule, on) })
	case "ask":
		im.each(key, v, func(rule string) {
			im.left(key+" "+rule, "lockstile asks by approval_policy, and has no rules about command lines", Text(approvalKey, "untrusted"))
		})
	case "additionalDirectories":
		im.each(key, v, func(item string) { im.claudeFolder(key, item, on) })
	case "deny", "defaultMode":
	default:
		im.left(key, notSandbox, "")
	}
}

// claudeFolder carries a folder that commands write in Claude Code's sandbox. Without the
// sandbox, a person is asked about each edit there.
func (im *importer) claudeFolder(key, item string, on bool) {
	if dir, why := placeOf(item).folder(); !on && why == "" && placeOf(item).at == outer {
		im.line(key+" "+item, Stricter, "", "there a person is asked about edits", Text(rootsKey, []string{dir}))
		return
	}
	im.srtWrite(key, item)
}

// claudeRule splits a rule like Edit(~/x/**). A path that begins with // is absolute, and
// one with / begins at the settings file.
func claudeRule(rule string) (tool, target string) {
	tool, rest, ok := strings.Cut(rule, "(")
	if !ok {
		return rule, ""
	}
	target = strings.TrimSuffix(rest, ")")
	switch {
	case strings.HasPrefix(target, "//"):
		target = target[1:]
	case strings.HasPrefix(target, "/"):
		target = "." + target
	}
	return tool, target
}

func (im *importer) claudeAllowed(key, rule string, on bool) {
	tool, target := claudeRule(rule)
	switch {
	case (tool == "Edit" || tool == "Write" || tool == "MultiEdit") && target != "":
		if p := placeOf(target); p.at == inner || p.at == workspace {
			im.line(key+" "+rule, Carried, "", "a part of the workspace", "")
			return
		}
		im.claudeFolder(key, target, on)
	case tool == "Read":
		im.line(key+" "+rule, Carried, "", "commands read your files, but for the credential stores and deny_read", "")
	default:
		im.left(key+" "+rule, "lockstile has no rules about command lines and tools", "")
	}
}

// claudeDenied carries permissions.deny, after the roots.
func (im *importer) claudeDenied(t tree) {
	permissions, _ := t["permissions"].(tree)
	v, ok := permissions["deny"]
	if !ok {
		return
	}
	const key = "permissions.deny"
	im.each(key, v, func(rule string) {
		tool, target := claudeRule(rule)
		switch {
		case target != "" && tool == "Read":
			im.denyRead(key+" Read", strings.TrimSuffix(target, "/**"))
		case target != "" && (tool == "Edit" || tool == "Write"):
			im.denyWrite(key+" "+tool, strings.TrimSuffix(target, "/**"), im.inRoots())
		case tool == "Bash":
			im.looser(key+" "+rule, "lockstile has no rules about command lines: a command may start, and stays confined", Text(approvalKey, "untrusted"))
		default:
			im.left(key+" "+rule, "about a tool of Claude Code", "")
		}
	})
}

func (im *importer) claudeSandbox(key, name string, v any) {
	switch name {
	case "enabled":
		if v == true {
			im.line(key, Carried, "", "every command is confined", "")
		} else {
			im.line(key, Stricter, "", "every command is confined", "")
		}
	case "network":
		im.inside(key, v, func(name string, v any) { im.srtNetwork(key+"."+name, name, v) })
	case "filesystem":
		im.inside(key, v, func(name string, v any) { im.claudeFiles(key+"."+name, name, v) })
	case "excludedCommands":
		im.line(key, Stricter, "", "no command runs outside of the sandbox but by your yes", "")
	case "allowUnsandboxedCommands":
		if v == false {
			im.looser(key, "an agent may ask you for a start without the sandbox", Text(approvalKey, "never"))
		} else {
			im.line(key, Carried, "", "an agent may ask you for a start without the sandbox", "")
		}
	case "ignoreViolations":
		im.left(key, "lockstile records each denial, and hides none", "")
	case "autoAllowBashIfSandboxed":
		im.line(key, Carried, "", "see approval_policy", "")
	case "enableWeakerNestedSandbox", "enableWeakerNetworkIsolation":
		im.line(key, Stricter, "", "lockstile has no weaker sandbox: a machine that can't enforce a mode refuses it", "")
	case "failIfUnavailable":
		im.line(key, Carried, "", "a start that can't be confined is refused", "")
	default:
		im.left(key, unknown, "")
	}
}

// claudeFiles is srtFiles; older versions write // before a full path.
func (im *importer) claudeFiles(key, name string, v any) {
	if list, ok := v.([]any); ok {
		for i, item := range list {
			if s, ok := item.(string); ok && strings.HasPrefix(s, "//") {
				list[i] = path.Clean(s)
			}
		}
	}
	im.srtFiles(key, name, v)
}
