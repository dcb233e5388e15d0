package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/policy"
)

// build turns checked settings into a policy and checks the paths in it.
func build(in Input, s settings) (policy.Policy, error) {
	mode, err := policy.ParseMode(s.text("sandbox_mode"))
	if err != nil { // the key's choices are checked before
		return policy.Policy{}, refuse("", "%v", err)
	}
	p := policy.Policy{
		Mode:                mode,
		Approval:            parseApproval(s.text("approval_policy")),
		Home:                in.Home,
		ExcludeTmpdirEnvVar: s.flag("sandbox_workspace_write.exclude_tmpdir_env_var"),
		ExcludeSlashTmp:     s.flag("sandbox_workspace_write.exclude_slash_tmp"),
		Env:                 s.env(),
		WithoutNamespaces:   s.text(namespacesKey) == policy.ContainerIsTheBoundary,
		WindowsSandbox:      s.text("windows.sandbox"),
		UnifiedExec:         s.flag("features.unified_exec"),
		TerminalEscapes:     s.flag("terminal.dangerous_escapes"),
		Git:                 parseGit(s.get(gitKey).value),
		Caches:              parseCaches(s.text(cachesKey)),
		MostCacheMB:         int64(s.count("caches.max_mb")),
		MaxSessions:         s.count("sessions.max"),
		Limits: policy.Limits{
			Processes: int64(s.count("limits.processes")), MemoryMB: int64(s.count("limits.memory_mb")), FileSizeMB: int64(s.count("limits.file_size_mb")),
			OpenFiles: int64(s.count("limits.open_files")), CPUSeconds: int64(s.count("limits.cpu_seconds")), WallSeconds: int64(s.count("limits.wall_seconds")),
		},
	}
	p.NetworkAccess = p.Mode == policy.ModeDangerFullAccess ||
		p.Mode == policy.ModeWorkspaceWrite && s.flag("sandbox_workspace_write.network_access")
	if p.Network, err = network(in, s); err != nil {
		return policy.Policy{}, err
	}
	p.Values = s.values()
	if p.TrustWritable, err = givenUp(s); err != nil {
		return policy.Policy{}, err
	}
	accepted, err := acceptedFolders(in, s)
	if err != nil {
		return policy.Policy{}, err
	}
	if p.Workspace, err = workspace(in, p, accepted); err != nil {
		return policy.Policy{}, err
	}
	if p.WritableRoots, p.LeftOut, err = writableRoots(in, p, s, accepted); err != nil {
		return policy.Policy{}, err
	}
	if p.Read, err = reading(in, p, s); err != nil {
		return policy.Policy{}, err
	}
	return p, nil
}

// get returns the value of a key, or its default.
func (s settings) get(name string) setting {
	if v, ok := s[name]; ok {
		return v
	}
	return setting{lookup(name).def, policy.Origin{Note: "default"}}
}

func (s settings) text(name string) string   { v, _ := s.get(name).value.(string); return v }
func (s settings) count(name string) int     { v, _ := s.get(name).value.(int64); return int(v) }
func (s settings) flag(name string) bool     { v, _ := s.get(name).value.(bool); return v }
func (s settings) list(name string) []string { v, _ := s.get(name).value.([]string); return v }

func parseApproval(name string) policy.ApprovalPolicy {
	for _, a := range [...]policy.ApprovalPolicy{policy.ApprovalUntrusted, policy.ApprovalOnRequest, policy.ApprovalNever} {
		if a.String() == name {
			return a
		}
	}
	return policy.ApprovalUnset
}

func parseGit(value any) policy.Git {
	switch value {
	case true:
		return policy.GitOn
	case false:
		return policy.GitOff
	}
	return policy.GitAuto
}

func parseCaches(name string) policy.Caches {
	if name == policy.CachesOff.String() {
		return policy.CachesOff
	}
	return policy.CachesPrivate
}

func (s settings) env() policy.Env {
	e := policy.Env{
		HandOnSecrets: s.flag("shell_environment_policy.ignore_default_excludes"),
		Exclude:       s.list("shell_environment_policy.exclude"),
		IncludeOnly:   s.list("shell_environment_policy.include_only"),
		From:          s.get("shell_environment_policy.inherit").from,
	}
	switch s.text("shell_environment_policy.inherit") {
	case "all":
		e.Inherit = policy.InheritAll
	case "core":
		e.Inherit = policy.InheritCore
	case "none":
		e.Inherit = policy.InheritNone
	}
	for _, name := range s.setNames() {
		if e.Set == nil {
			e.Set = map[string]string{}
		}
		e.Set[name] = s.text(setKey + "." + name)
	}
	return e
}

// setNames returns the sorted variables of the set table.
func (s settings) setNames() []string {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(s)) {
		if name, ok := strings.CutPrefix(k, setKey+"."); ok {
			names = append(names, name)
		}
	}
	return names
}

// values lists every key with its effective value and origin. For the set table values
// returns only the names, as the values may be secrets.
func (s settings) values() []policy.Value {
	all := make([]policy.Value, 0, len(keys))
	for i := range keys {
		name := keys[i].name
		v := s.get(name)
		if name == setKey {
			names := s.setNames()
			v.value = names
			if len(names) > 0 {
				v.from = s[setKey+"."+names[0]].from
			}
		}
		if list, ok := v.value.([]string); ok && list == nil {
			v.value = []string{}
		}
		all = append(all, policy.Value{Key: name, Value: v.value, From: v.from})
	}
	return all
}
