package agent

import (
	"encoding/json"

	"github.com/lockstile/lockstile/internal/model"
)

// schema is a JSON schema in part.
type schema map[string]any

func text(description string) schema   { return schema{"type": "string", "description": description} }
func number(description string) schema { return schema{"type": "number", "description": description} }
func flag(description string) schema   { return schema{"type": "boolean", "description": description} }

func list(of schema, description string) schema {
	return schema{"type": "array", "items": of, "description": description}
}

func object(required []string, properties schema) schema {
	return schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// function declares a tool with arguments.
func function(name, description string, parameters schema) json.RawMessage {
	raw, _ := json.Marshal(schema{"type": "function", "name": name, "description": description, "strict": false, "parameters": parameters})
	return raw
}

// declare lists the tools for the model. The feature unified_exec chooses tools, and
// never a sandbox.
func (t *Thread) declare() []json.RawMessage {
	tools := []json.RawMessage{declareShell()}
	if t.Policy.UnifiedExec {
		tools = []json.RawMessage{declareExec(), declareWrite()}
	}
	tools = append(tools, declarePatch(model.Known(t.Model()).Patch), declarePlan(), declareImage())
	if t.Servers != nil {
		tools = append(tools, t.Servers.Declare()...)
	}
	return tools
}

// withEscalation adds the arguments by which a model asks for a start without the sandbox.
func withEscalation(properties schema) schema {
	properties["sandbox_permissions"] = schema{"type": "string", "enum": []string{"use_default", "require_escalated"}, "description": "require_escalated asks the user for a start without the sandbox; default: use_default"}
	properties["justification"] = text("with require_escalated: the question to the user, in one sentence")
	return properties
}

func declareExec() json.RawMessage {
	return function(execName, "Runs a shell command in the sandbox. Answers when the command has ended, or when yield_time_ms is over: then the command runs on in a session for write_stdin. A server that you start in the foreground becomes a session, and later commands reach the server on localhost.",
		object([]string{"cmd"}, withEscalation(schema{
			"cmd": text("the shell command"), "workdir": text("the folder to run in; default: the cwd"), "shell": text("the shell's program; default: the user's"),
			"login": flag("whether the shell is a login shell; default: true"), "tty": flag("true gives the command a terminal; default: pipes"),
			"yield_time_ms":     number("how long to wait for the end, in milliseconds, 250 to 30000; default: 10000"),
			"max_output_tokens": number("how much output to answer with; default: 10000"),
		})))
}

func declareWrite() json.RawMessage {
	return function(writeName, "Types into a running session, or only looks at the session if chars is empty.",
		object([]string{"session_id"}, schema{
			"session_id": number("the session of exec_command's answer"), "chars": text("what to type; the character \\u0003 interrupts"),
			"yield_time_ms":     number("how long to wait before answering, in milliseconds"),
			"max_output_tokens": number("how much output to answer with; default: 10000"),
		}))
}

func declareShell() json.RawMessage {
	return function(shellName, "Runs a program with arguments in the sandbox to its end.",
		object([]string{"command"}, withEscalation(schema{
			"command": list(schema{"type": "string"}, "the program and its arguments, such as bash -lc SCRIPT"), "workdir": text("the folder to run in; default: the cwd"),
			"timeout_ms": number("when to end the command, in milliseconds; default: 10000"),
		})))
}

const patchDescription = `Changes files: all of a patch, or nothing. Paths are relative to the cwd. A patch has this form:
*** Begin Patch
*** Add File: NAME
+each line of the new file
*** Delete File: NAME
*** Update File: NAME
*** Move to: NEW NAME (if the file moves)
@@ a line above the place, such as a function's first line (if needed)
 a line that stays
-a line that goes
+a line that comes
*** End Patch`

// patchGrammar is the patch format in Lark's notation.
const patchGrammar = `start: "*** Begin Patch" LF file+ "*** End Patch" LF?
file: add | delete | update
add: "*** Add File: " NAME LF ("+" TEXT? LF)*
delete: "*** Delete File: " NAME LF
update: "*** Update File: " NAME LF ("*** Move to: " NAME LF)? chunk*
chunk: ("@@" (" " TEXT)? LF)+ line* ("*** End of File" LF)? | line+ ("*** End of File" LF)?
line: (" " | "-" | "+") TEXT? LF
NAME: /[^\r\n]+/
TEXT: /[^\r\n]+/
LF: /\r?\n/
`

// declarePatch declares apply_patch: with the grammar for models that know the format,
// otherwise as a function with one text.
func declarePatch(known bool) json.RawMessage {
	if !known {
		return function(patchName, patchDescription, object([]string{"input"}, schema{"input": text("the patch")}))
	}
	raw, _ := json.Marshal(schema{"type": "custom", "name": patchName, "description": patchDescription,
		"format": schema{"type": "grammar", "syntax": "lark", "definition": patchGrammar}})
	return raw
}

func declarePlan() json.RawMessage {
	step := object([]string{"step", "status"}, schema{"step": text("what is to be done"), "status": schema{"type": "string", "enum": []string{"pending", "in_progress", "completed"}}})
	return function(planName, "Shows the user the steps of a longer task, each time as a whole.", object([]string{"plan"}, schema{"plan": list(step, "all steps, in order")}))
}

func declareImage() json.RawMessage {
	return function(imageName, "Shows you an image file that commands may read.", object([]string{"path"}, schema{"path": text("the file, relative to the cwd")}))
}
