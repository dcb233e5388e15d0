package config

import (
	"slices"
	"strings"
)

// foreign is a key of codex's config.toml. A star stands for any name.
type foreign struct {
	name  string
	class class
	fine  any    // a refused key does no harm with this value
	why   string // a refused key: what lockstile doesn't do
	mend  string // a refused key: the line instead; empty: the line can only be removed
}

// class is what lockstile does with a key of codex.
type class uint8

const (
	obeyed  class = iota // in keys or sessionKeys; or a table with such keys
	ignored              // neither loosens nor tightens anything here; `lockstile config` lists it
	refused              // would loosen or tighten what lockstile doesn't loosen or tighten
)

// codexKeys lists the keys that codex 0.171.0 knows at the top, and below the tables that
// lockstile obeys. TestCodexKeys reads the list of the top from codex's own program.
// What lies below an ignored or a refused table is not looked at.
var codexKeys = [...]foreign{
	{name: "model"},
	{name: "model_provider"},
	{name: "model_providers"},
	{name: "model_context_window"},
	{name: "model_reasoning_effort"},
	{name: "openai_base_url"},
	{name: "mcp_servers"},
	{name: "tui"},
	{name: "approval_policy"},
	{name: "sandbox_mode"},
	{name: "sandbox_workspace_write"},
	{name: "shell_environment_policy"},
	{name: "features"},
	{name: "windows"},
	{name: "profiles"},

	{name: "profile", class: refused, why: "no profile is chosen by the file", mend: "choose it on the command line: --profile NAME, for [profiles.NAME] or NAME.config.toml"},
	{name: "permissions", class: refused, why: "there are no permission profiles", mend: "write sandbox_mode, [sandbox_workspace_write] and [filesystem] instead"},
	{name: "default_permissions", class: refused, why: "there are no permission profiles", mend: "write sandbox_mode, [sandbox_workspace_write] and [filesystem] instead"},
	{name: "approvals_reviewer", class: refused, fine: "user", why: "no model answers for you when a tool asks", mend: `remove the line, or write approvals_reviewer = "user"`},
	{name: "allow_login_shell", class: refused, fine: true, why: "a model may ask for a login shell", mend: "remove the line; commands in a login shell have the same sandbox"},
	{name: "allow_symlinked_codex_home", class: refused, fine: false, why: "the way to the configuration is always checked", mend: "remove the line"},
	{name: "hooks", class: refused, why: "no hook runs before or after a tool", mend: "remove the table"},
	{name: "experimental_use_unified_exec_tool", class: refused, why: "it has another name", mend: "write unified_exec = true or false below [features]"},

	{name: "agents", class: ignored},
	{name: "analytics", class: ignored},
	{name: "apps", class: ignored},
	{name: "apps_mcp_product_sku", class: ignored},
	{name: "audio", class: ignored},
	{name: "auto_review", class: ignored},
	{name: "background_terminal_max_timeout", class: ignored},
	{name: "browser_use", class: ignored},
	{name: "chatgpt_base_url", class: ignored},
	{name: "check_for_update_on_startup", class: ignored},
	{name: "cli_auth_credentials_store", class: ignored},
	{name: "cloud", class: ignored},
	{name: "code_mode", class: ignored},
	{name: "compact_prompt", class: ignored},
	{name: "computer_use", class: ignored},
	{name: "daybreak", class: ignored},
	{name: "desktop", class: ignored},
	{name: "developer_instructions", class: ignored},
	{name: "disable_paste_burst", class: ignored},
	{name: "experimental_compact_prompt_file", class: ignored},
	{name: "experimental_realtime_start_instructions", class: ignored},
	{name: "experimental_realtime_webrtc_call_base_url", class: ignored},
	{name: "experimental_realtime_ws_backend_prompt", class: ignored},
	{name: "experimental_realtime_ws_base_url", class: ignored},
	{name: "experimental_realtime_ws_model", class: ignored},
	{name: "experimental_realtime_ws_startup_context", class: ignored},
	{name: "experimental_thread_store", class: ignored},
	{name: "experimental_thread_store_endpoint", class: ignored},
	{name: "feedback", class: ignored},
	{name: "file_opener", class: ignored},
	{name: "forced_chatgpt_workspace_id", class: ignored},
	{name: "forced_login_method", class: ignored},
	{name: "ghost_snapshot", class: ignored},
	{name: "goals", class: ignored},
	{name: "hide_agent_reasoning", class: ignored},
	{name: "history", class: ignored},
	{name: "include_apps_instructions", class: ignored},
	{name: "include_collaboration_mode_instructions", class: ignored},
	{name: "include_environment_context", class: ignored},
	{name: "include_environment_context_time", class: ignored},
	{name: "include_permissions_instructions", class: ignored},
	{name: "instructions", class: ignored},
	{name: "js_repl_node_module_dirs", class: ignored},
	{name: "js_repl_node_path", class: ignored},
	{name: "log_dir", class: ignored},
	{name: "marketplaces", class: ignored},
	{name: "mcp_enterprise_managed_auth", class: ignored},
	{name: "mcp_oauth_callback_port", class: ignored},
	{name: "mcp_oauth_callback_url", class: ignored},
	{name: "mcp_oauth_credentials_store", class: ignored},
	{name: "mcp_optional_startup_grace_ms", class: ignored},
	{name: "memories", class: ignored},
	{name: "model_auto_compact_token_limit", class: ignored},
	{name: "model_auto_compact_token_limit_scope", class: ignored},
	{name: "model_catalog_json", class: ignored},
	{name: "model_instructions_file", class: ignored},
	{name: "model_post_turn_compact_threshold_percent", class: ignored},
	{name: "model_reasoning_summary", class: ignored},
	{name: "model_verbosity", class: ignored},
	{name: "notice", class: ignored},
	{name: "notify", class: ignored},
	{name: "orchestrator", class: ignored},
	{name: "oss_provider", class: ignored},
	{name: "otel", class: ignored},
	{name: "personality", class: ignored},
	{name: "plan_mode_reasoning_effort", class: ignored},
	{name: "plugins", class: ignored},
	{name: "project_doc_fallback_filenames", class: ignored},
	{name: "project_doc_max_bytes", class: ignored},
	{name: "project_root_markers", class: ignored},
	{name: "projects", class: ignored}, // a trusted project gets nothing more here
	{name: "realtime", class: ignored},
	{name: "responses", class: ignored},
	{name: "responses_api_metadata", class: ignored},
	{name: "review_model", class: ignored},
	{name: "rollout_trace", class: ignored},
	{name: "service_tier", class: ignored},
	{name: "show_raw_agent_reasoning", class: ignored},
	{name: "skills", class: ignored},
	{name: "sqlite_home", class: ignored},
	{name: "suppress_unstable_features_warning", class: ignored},
	{name: "thread_unload_delay_secs", class: ignored},
	{name: "tool_output_token_limit", class: ignored},
	{name: "tool_suggest", class: ignored},
	{name: "tools", class: ignored},
	{name: "web_search", class: ignored}, // no tool searches the web
}

// below lists the keys of codex below the tables that lockstile obeys.
var below = [...]foreign{
	{name: "features.shell_tool", class: refused, fine: true, why: "a model without commands is no use here", mend: "remove the line"},
	{name: "features.network_proxy", class: refused, fine: false, why: "there is no list of hosts", mend: "write network_access = true or false below [sandbox_workspace_write]"},
	{name: "features.hooks", class: refused, fine: false, why: "no hook runs before or after a tool", mend: "write hooks = false"},
	{name: "features.write_stdin_approval", class: refused, fine: false, why: "input to a running command is never asked about", mend: "remove the line"},
	{name: "windows.allow_mxc", class: ignored},
	{name: "windows.sandbox_private_desktop", class: refused, fine: true, why: "commands always have a desktop of their own", mend: "remove the line"},
	{name: "shell_environment_policy.filters", class: refused, why: "variables are filtered by exclude and include_only alone", mend: "write exclude or include_only"},
	{name: "shell_environment_policy.experimental_use_profile", class: refused, fine: false, why: "no profile of the shell is read before a command", mend: "remove the line"},

	{name: "tui.alternate_screen", class: ignored},
	{name: "tui.animations", class: ignored},
	{name: "tui.keymap", class: ignored},
	{name: "tui.model_availability_nux", class: ignored},
	{name: "tui.notification_condition", class: ignored},
	{name: "tui.notification_method", class: ignored},
	{name: "tui.pet", class: ignored},
	{name: "tui.raw_output_mode", class: ignored},
	{name: "tui.session_picker_view", class: ignored},
	{name: "tui.show_tooltips", class: ignored},
	{name: "tui.status_line", class: ignored},
	{name: "tui.status_line_use_colors", class: ignored},
	{name: "tui.terminal_resize_reflow_max_rows", class: ignored},
	{name: "tui.terminal_title", class: ignored},
	{name: "tui.theme", class: ignored},
	{name: "tui.vim_mode_default", class: ignored},

	{name: "model_providers.*.auth", class: refused, why: "no program is started for a key", mend: `put the key into a variable, and name the variable: env_key = "NAME"`},
	{name: "model_providers.*.aws", class: refused, why: "requests are not signed for AWS", mend: "use a provider with a key"},
	{name: "model_providers.*.capabilities", class: ignored},
	{name: "model_providers.*.credential_file", class: refused, why: "no file with credentials is read", mend: `put the key into a variable, and name the variable: env_key = "NAME"`},
	{name: "model_providers.*.env_key_instructions", class: ignored},
	{name: "model_providers.*.experimental_bearer_token", class: refused, why: "no key is read from the file", mend: `put the key into a variable, and name the variable: env_key = "NAME"`},
	{name: "model_providers.*.gateway_oauth", class: refused, why: "there is no login", mend: `put a key into a variable, and name the variable: env_key = "NAME"`},
	{name: "model_providers.*.location", class: ignored},
	{name: "model_providers.*.model_catalog_url", class: ignored},
	{name: "model_providers.*.project_id", class: ignored},
	{name: "model_providers.*.requires_openai_auth", class: refused, fine: false, why: "there is no login", mend: `put a key into a variable, and name the variable: env_key = "NAME"`},
	{name: "model_providers.*.supports_standalone_web_search", class: ignored},
	{name: "model_providers.*.supports_websockets", class: ignored},
	{name: "model_providers.*.websocket_connect_timeout_ms", class: ignored},

	{name: "mcp_servers.*.auth", class: refused, why: "there is no login to a server", mend: `put a token into a variable, and name the variable: bearer_token_env_var = "NAME"`},
	{name: "mcp_servers.*.bearer_token", class: refused, why: "no token is read from the file", mend: `put the token into a variable, and name the variable: bearer_token_env_var = "NAME"`},
	{name: "mcp_servers.*.default_tools_approval_mode", class: refused, fine: "auto", why: "tools ask as approval_policy says", mend: "remove the line"},
	{name: "mcp_servers.*.env_http_headers", class: refused, why: "the only header for a server is its token", mend: `put the token into a variable, and name the variable: bearer_token_env_var = "NAME"`},
	{name: "mcp_servers.*.env_vars", class: refused, why: "a server gets the variables that commands get", mend: "write the variables below [mcp_servers.NAME.env]"},
	{name: "mcp_servers.*.environment_id", class: refused, why: "servers start on this machine", mend: "remove the line"},
	{name: "mcp_servers.*.http_headers", class: refused, why: "the only header for a server is its token", mend: `put the token into a variable, and name the variable: bearer_token_env_var = "NAME"`},
	{name: "mcp_servers.*.http_headers_helper", class: refused, why: "no program is started for a header", mend: `put the token into a variable, and name the variable: bearer_token_env_var = "NAME"`},
	{name: "mcp_servers.*.name", class: ignored},
	{name: "mcp_servers.*.oauth", class: ignored},
	{name: "mcp_servers.*.oauth_resource", class: ignored},
	{name: "mcp_servers.*.omit_tools_from", class: ignored},
	{name: "mcp_servers.*.required", class: ignored},
	{name: "mcp_servers.*.scopes", class: ignored},
	{name: "mcp_servers.*.startup_readiness", class: ignored},
	{name: "mcp_servers.*.startup_timeout_ms", class: refused, why: "it has another unit", mend: "write startup_timeout_sec"},
	{name: "mcp_servers.*.supports_parallel_tool_calls", class: ignored},
	{name: "mcp_servers.*.tool_input_schema_max_bytes", class: ignored},
	{name: "mcp_servers.*.tools", class: refused, why: "tools ask as approval_policy says", mend: "write enabled_tools and disabled_tools, or remove the table"},
}

// foreignKey returns what is known about a key of codex, or nil for any other key.
func foreignKey(path []string) *foreign {
	if len(path) == 1 {
		for i := range codexKeys {
			if codexKeys[i].name == path[0] {
				return &codexKeys[i]
			}
		}
		return nil
	}
	for i := range below {
		if matches(below[i].name, path) {
			return &below[i]
		}
	}
	if len(path) == 2 && path[0] == "features" && slices.Contains(strings.Fields(codexFeatures), path[1]) {
		return &foreign{name: "features." + path[1], class: ignored}
	}
	return nil
}

// matches reports whether a path has the name's parts; a star stands for any part.
func matches(name string, path []string) bool {
	for i, part := range path {
		want, rest, more := strings.Cut(name, ".")
		if want != "*" && want != part || more != (i < len(path)-1) {
			return false
		}
		name = rest
	}
	return true
}

// refuse says why the key can't be obeyed. A value that does no harm is passed over.
func (f *foreign) refuse(name, where string, value any) error {
	if f.class != refused || f.fine != nil && simple(value) && value == f.fine {
		return nil
	}
	mend := f.mend
	if mend == "" {
		mend = "remove the line"
	}
	return refuse(mend, "%s%s is a key of codex that can't be obeyed: %s", where, quote(name), f.why)
}

// simple reports whether a decoded value can be compared.
func simple(value any) bool {
	switch value.(type) {
	case []any, map[string]any:
		return false
	}
	return true
}
