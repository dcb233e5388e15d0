package gitdir

import (
	"path"
	"strings"
)

// CheckModules returns why the file .gitmodules may not have the content, or nil: git on
// the host obeys the file at "git submodule update" (gitmodules(5)). old is the content of
// before.
func CheckModules(content, old []byte) error {
	return compareConfig(content, old, isModulesKey)
}

// isModulesKey allows the keys that "git submodule add" writes, and harmless ones.
func isModulesKey(name, key, value string) bool {
	switch name + "." + key {
	case "submodule.*.path":
		return value != "" && !strings.HasPrefix(value, "-") && path.Clean(value) == value && isTreeName(value) && !isProtected(value, true, nil)
	case "submodule.*.branch":
		return value == "." || isRefName("refs/heads/"+value)
	case "submodule.*.shallow", "submodule.*.fetchrecursesubmodules":
		return isBoolean(value)
	case "submodule.*.ignore":
		return value == "all" || value == "dirty" || value == "untracked" || value == "none"
	case "submodule.*.url", "submodule.*.update":
		return isHarmlessKey(name, key, value)
	}
	return false
}
