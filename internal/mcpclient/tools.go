package mcpclient

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockstile/lockstile/internal/model"
)

// Tool is a tool of a server.
type Tool struct {
	Call        string // the name for the model: mcp__SERVER__TOOL
	Name        string // the server's name of the tool
	Description string // the server's words
	Schema      json.RawMessage
}

// The bounds of a server's offer.
const (
	mostTools       = 200
	mostDescription = 4 << 10  // bytes
	mostSchema      = 64 << 10 // bytes
	mostName        = 64       // of the name for the model, as the Responses API takes it
)

var goodName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// takeTools reads the list of tools. A tool that no model could call is left out, with a
// note.
func (s *Server) takeTools(ctx context.Context, session *mcp.ClientSession) error {
	var tools []Tool
	var notes []string
	seen := 0
	for t, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		if seen++; seen > mostTools {
			notes = append(notes, fmt.Sprintf("only the first %d tools are offered", mostTools))
			break
		}
		tool, why := s.tool(t, tools)
		switch {
		case why != "":
			notes = append(notes, fmt.Sprintf("tool %.80q is left out: %s", t.Name, why))
		case tool.Call != "":
			tools = append(tools, tool)
		}
	}
	for _, name := range s.config.Only {
		if !slices.ContainsFunc(tools, func(t Tool) bool { return t.Name == name }) {
			notes = append(notes, fmt.Sprintf("enabled_tools names %q, which the server doesn't offer", name))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tools, s.notes = tools, notes
	return nil
}

// tool checks a tool of the offer. A zero Tool without a reason is one that the user
// doesn't want.
func (s *Server) tool(t *mcp.Tool, before []Tool) (Tool, string) {
	if s.config.Only != nil && !slices.Contains(s.config.Only, t.Name) || slices.Contains(s.config.Without, t.Name) {
		return Tool{}, ""
	}
	out := Tool{Call: prefix + s.config.Name + "__" + t.Name, Name: t.Name, Description: t.Description[:min(len(t.Description), mostDescription)]}
	schema, err := json.Marshal(t.InputSchema)
	out.Schema = schema
	var object struct{ Type string }
	switch {
	case !goodName.MatchString(out.Call):
		return Tool{}, "its name has other letters than A to Z, digits, _ and -"
	case len(out.Call) > mostName:
		return Tool{}, fmt.Sprintf("its name %s is longer than %d letters", out.Call, mostName)
	case err != nil || len(schema) > mostSchema || json.Unmarshal(schema, &object) != nil || object.Type != "object":
		return Tool{}, fmt.Sprintf("its arguments are no JSON schema of an object, or longer than %d KiB", mostSchema>>10)
	case slices.ContainsFunc(before, func(b Tool) bool { return b.Call == out.Call }):
		return Tool{}, "another tool has the same name"
	}
	for _, name := range s.names {
		if len(name) > len(s.config.Name) && strings.HasPrefix(out.Call, prefix+name+"__") {
			return Tool{}, "its name " + out.Call + " belongs to the server " + name
		}
	}
	return out, ""
}

// Answer is what a tool answered.
type Answer struct {
	Text   string
	Images []Image
	Failed bool // the server says that the tool failed
}

// Image is an image in an answer.
type Image struct {
	Type  string // a media type
	Bytes []byte
}

const (
	mostText   = 40_000   // bytes: 10,000 tokens
	mostImages = 10 << 20 // bytes of all images
)

// Call calls a tool. arguments is a JSON object.
func (s *Server) Call(ctx context.Context, tool Tool, arguments json.RawMessage) (Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Call, fmt.Errorf("no answer within %v (tool_timeout_sec)", s.config.Call))
	defer cancel()
	if len(arguments) == 0 {
		arguments = json.RawMessage("{}")
	}
	type done struct {
		result *mcp.CallToolResult
		err    error
	}
	ended := make(chan done, 1)
	go func() { // the SDK writes to a program that doesn't read until the program's end
		result, err := s.conn.session.CallTool(ctx, &mcp.CallToolParams{Name: tool.Name, Arguments: arguments})
		ended <- done{result, err}
	}()
	var d done
	select {
	case d = <-ended:
	case <-ctx.Done():
		d.err = ctx.Err()
	}
	if d.err != nil {
		if ctx.Err() != nil {
			d.err = context.Cause(ctx)
		}
		return Answer{}, s.lastWords(d.err)
	}
	return answerOf(d.result), nil
}

// answerOf reads a result. The text counts; structured content counts if there is no text.
func answerOf(r *mcp.CallToolResult) Answer {
	a := Answer{Failed: r.IsError}
	room := mostImages
	for _, part := range r.Content {
		switch p := part.(type) {
		case *mcp.TextContent:
			a.add(p.Text)
		case *mcp.ImageContent:
			kind := model.ImageType(p.Data) // what the server says may be anything
			switch room -= len(p.Data); {
			case room < 0:
				a.add("[an image that is too big]")
			case kind == "":
				a.add("[an image that no model takes]")
			default:
				a.Images = append(a.Images, Image{kind, p.Data})
			}
		case *mcp.EmbeddedResource:
			if p.Resource != nil {
				a.add(p.Resource.Text)
			}
		case *mcp.ResourceLink:
			a.add("[resource " + p.URI + "]")
		default:
			a.add("[content that is no text]")
		}
	}
	if a.Text == "" && r.StructuredContent != nil {
		if raw, err := json.Marshal(r.StructuredContent); err == nil {
			a.add(string(raw))
		}
	}
	if over := len(a.Text) - mostText; over > 0 {
		a.Text = a.Text[:mostText/2] + fmt.Sprintf("\n… %d bytes left out …\n", over) + a.Text[len(a.Text)-mostText/2:]
	}
	return a
}

func (a *Answer) add(text string) {
	if a.Text != "" && text != "" {
		a.Text += "\n"
	}
	a.Text += text
}
