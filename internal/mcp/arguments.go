package mcp

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// withoutNulls removes arguments that are null from each call of a tool. Clients in strict
// mode send null for an argument that isn't set.
func withoutNulls(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
		if call, ok := r.(*mcp.CallToolRequest); ok && call.Params != nil {
			call.Params.Arguments = dropNulls(call.Params.Arguments)
		}
		return next(ctx, method, r)
	}
}

// dropNulls removes the members of objects that are null, at any depth. Numbers stay as
// they are written. Anything but an object stays whole.
func dropNulls(arguments json.RawMessage) json.RawMessage {
	if !bytes.Contains(arguments, []byte("null")) {
		return arguments
	}
	d := json.NewDecoder(bytes.NewReader(arguments))
	d.UseNumber()
	var object map[string]any
	if d.Decode(&object) != nil || object == nil {
		return arguments
	}
	removeNulls(object)
	out, err := json.Marshal(object)
	if err != nil {
		return arguments
	}
	return out
}

func removeNulls(object map[string]any) {
	for name, value := range object {
		switch value := value.(type) {
		case nil:
			delete(object, name)
		case map[string]any:
			removeNulls(value)
		}
	}
}
