package agent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstile/lockstile/internal/model"
	"github.com/lockstile/lockstile/internal/patch"
	"github.com/lockstile/lockstile/refusal"
)

// The words behind our own program's name, for the halves that run inside the sandbox.
const (
	PatchInside = "patch" // patch.Inside
	ReadInside  = "read"  // tool.CopyFile, with a file's name behind
)

func (t *Thread) program(word string) []string {
	return append(t.Program[:len(t.Program):len(t.Program)], word)
}

// patch carries a call of apply_patch out.
func (t *Thread) patch(ctx context.Context, c call) output {
	text := c.Input
	if c.Type == "function_call" {
		var a struct{ Input string }
		if err := json.Unmarshal([]byte(c.Arguments), &a); err != nil {
			return "failed to parse function arguments: " + err.Error()
		}
		text = a.Input
	}
	item := t.newItem(FileChange)
	item.Status, item.CallID = InProgress, c.CallID
	files, err := patch.Parse(text)
	if err == nil {
		for _, f := range files {
			item.Changes = append(item.Changes, patch.Change{Kind: f.Kind, Path: f.Path, To: f.To})
		}
	}
	t.tell(Event{Type: ItemStarted, Item: item})
	p, err := t.Tools.ApplyPatch(ctx, t.program(PatchInside), text, t.caller(c))
	if err != nil {
		return t.notPatched(ctx, item, err)
	}
	item.Status, item.Text = Completed, p.Failure
	if p.Failure != "" {
		item.Status = Failed
	} else {
		item.Changes = p.Changes
	}
	if p.Record.Seq != 0 {
		item.Sandbox = t.recorded(p.Record)
	}
	item.Obstacles = obstacleLines(p.Sandbox)
	t.tell(Event{Type: ItemCompleted, Item: item})
	return p.String()
}

// notPatched completes the item of a patch that was not started.
func (t *Thread) notPatched(ctx context.Context, item *Item, err error) output {
	item.Status, item.Text = Failed, err.Error()
	var why *refusal.Error
	if errors.As(err, &why) {
		item.Status, item.Text, item.Sandbox = Declined, refused(why), t.refusedBy(why)
	}
	if ctx.Err() != nil {
		item.Text = ErrInterrupted.Error() + "\n" + item.Text
	}
	t.tell(Event{Type: ItemCompleted, Item: item})
	return "apply_patch failed, and nothing has changed: " + item.Text
}

// imageArguments are the arguments of view_image.
type imageArguments struct {
	Path string `json:"path"`
}

// mostImage bounds an image, in bytes.
const mostImage = 10 << 20

// image carries a call of view_image out: the file is read inside the sandbox, so that the
// model sees what commands may read and no more.
func (t *Thread) image(ctx context.Context, c call, a imageArguments) output {
	item := t.newItem(Notice)
	item.CallID = c.CallID
	item.Text = "The model looks at the image " + a.Path
	file, err := t.Tools.ReadFile(ctx, t.program(ReadInside), a.Path, mostImage, t.caller(c))
	if file.Record.Seq != 0 {
		item.Sandbox = t.recorded(file.Record)
	}
	kind := model.ImageType(file.Bytes)
	if err == nil && kind == "" {
		err = fmt.Errorf("%s is no image of a known format (%s)", a.Path, strings.Join(model.ImageTypes[:], ", "))
	}
	if err != nil {
		text := err.Error()
		var why *refusal.Error
		if errors.As(err, &why) {
			text, item.Sandbox = refused(why), t.refusedBy(why)
		}
		item.Text += ": " + text
		t.tell(Event{Type: ItemCompleted, Item: item})
		return "view_image failed: " + text
	}
	t.tell(Event{Type: ItemCompleted, Item: item})
	return []map[string]string{imagePart(kind, file.Bytes)}
}

// imagePart is an image as a part of an output.
func imagePart(kind string, image []byte) map[string]string {
	return map[string]string{"type": "input_image", "image_url": "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(image)}
}
