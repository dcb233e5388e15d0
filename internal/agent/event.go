// Package agent carries turns out: what a model is told, what the model calls, and what
// comes back. Package agent gives events out, and puts questions through tool.Ask.
// Package agent must never draw, start anything but at the gate, act on an answer that
// the server didn't complete, or leave a call in the history without an output.
package agent

import "github.com/lockstile/lockstile/internal/patch"

// Event is something that happened in a thread. The JSON form has the names of codex's
// `exec --json`, and the facts of the sandbox besides. An ItemDelta is for the screen
// alone.
type Event struct {
	Type     EventType `json:"type"`
	ThreadID string    `json:"thread_id,omitempty"` // ThreadStarted
	Item     *Item     `json:"item,omitempty"`      // a copy; the listener may keep it
	Usage    *Usage    `json:"usage,omitempty"`     // TurnCompleted
	Error    *Failure  `json:"error,omitempty"`     // TurnFailed
	Message  string    `json:"message,omitempty"`   // ErrorEvent
	Delta    string    `json:"-"`                   // ItemDelta: text to append to the item
}

// EventType names a kind of events.
type EventType string

// The kinds of events.
const (
	ThreadStarted EventType = "thread.started"
	TurnStarted   EventType = "turn.started"
	TurnCompleted EventType = "turn.completed"
	TurnFailed    EventType = "turn.failed"
	ItemStarted   EventType = "item.started"
	ItemUpdated   EventType = "item.updated" // the item replaces the earlier form
	ItemCompleted EventType = "item.completed"
	ItemDelta     EventType = "item.delta"
	ErrorEvent    EventType = "error" // a problem that doesn't end the turn, like a retry
)

// Failure is the reason for which a turn failed.
type Failure struct {
	Message string `json:"message"`
}

// Usage is the cost of a turn, in tokens as the server counts.
type Usage struct {
	Input  int `json:"input_tokens"`
	Cached int `json:"cached_input_tokens"`
	Output int `json:"output_tokens"`
}

// Item is a part of the transcript. The fields behind Type depend on the type.
type Item struct {
	ID   string   `json:"id"`
	Type ItemType `json:"type"`

	// UserMessage, AgentMessage, Reasoning, ErrorItem, Notice, and the reason of a
	// FileChange that failed.
	Text string `json:"text,omitempty"`

	// CommandExecution, FileChange and MCPToolCall
	Status  Status   `json:"status,omitempty"`
	Sandbox *Sandbox `json:"sandbox,omitempty"` // nil until the gate has answered
	CallID  string   `json:"call_id,omitempty"` // of the model's call, as in the call of sandbox.log
	Millis  int64    `json:"duration_ms,omitempty"`

	// CommandExecution
	Command   string   `json:"command,omitempty"`
	Dir       string   `json:"cwd,omitempty"`
	Output    string   `json:"aggregated_output,omitempty"` // of a running command the newest part
	Exit      *int     `json:"exit_code,omitempty"`
	Session   int      `json:"session_id,omitempty"` // the command runs on in a session
	Reason    string   `json:"reason,omitempty"`     // of a Declined command: what refused it, with the mend
	Obstacles []string `json:"obstacles,omitempty"`  // where the sandbox stood in the way, one line each
	ByUser    bool     `json:"by_user,omitempty"`    // the user typed the command

	Changes []patch.Change `json:"changes,omitempty"` // FileChange

	// MCPToolCall; Output has the answer
	Server    string `json:"server,omitempty"`
	Tool      string `json:"tool,omitempty"`
	Arguments string `json:"arguments,omitempty"` // JSON

	Items []Todo `json:"items,omitempty"` // TodoList
}

// ItemType names a kind of items.
type ItemType string

// The kinds of items.
const (
	UserMessage      ItemType = "user_message"
	AgentMessage     ItemType = "agent_message"
	Reasoning        ItemType = "reasoning"
	CommandExecution ItemType = "command_execution"
	FileChange       ItemType = "file_change"
	MCPToolCall      ItemType = "mcp_tool_call"
	TodoList         ItemType = "todo_list"
	ErrorItem        ItemType = "error"
	Notice           ItemType = "notice" // words of lockstile's own, like "the conversation was summed up"
)

// Status is how far a command, a patch or a call has come.
type Status string

// The statuses of items.
const (
	InProgress Status = "in_progress"
	Completed  Status = "completed"
	Failed     Status = "failed"   // began, and ended with an error
	Declined   Status = "declined" // never began: refused by the gate, or not approved
)

// Sandbox tells what the log says about a start. A nil Sandbox means that there is no
// record yet: nothing may be shown as proven.
type Sandbox struct {
	Mode    string `json:"mode"`
	Network string `json:"network"`            // "on" or "off"
	Seq     uint64 `json:"seq,omitempty"`      // the line of the start, or of the refusal, in sandbox.log
	Proven  int    `json:"proven,omitempty"`   // how many restrictions were shown to hold
	NotHeld string `json:"not_held,omitempty"` // what the start does not hold although the policy asks for it
	Refused string `json:"refused,omitempty"`  // the restriction, or else the stage, for which the start was refused
}

// Todo is a step of the model's plan.
type Todo struct {
	Text      string `json:"text"`
	Completed bool   `json:"completed"`
}
