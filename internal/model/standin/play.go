package standin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// errCut says that the script wants the connection to end now.
var errCut = errors.New("the connection ends here")

// play sends the answer.
func (a Answer) play(ctx context.Context, w http.ResponseWriter, number, first int) error {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
		_, err := io.WriteString(w, a.Body)
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := &stream{to: w, left: a.cut - 1, cuts: a.cut > 0}
	if a.Mark {
		if err := out.send("\ufeff"); err != nil {
			return err
		}
	}
	for _, e := range a.events(number, first) {
		if err := wait(ctx, e.pause); err != nil {
			return err
		}
		if err := out.send(e.text(a.LineEnd)); err != nil {
			return err
		}
	}
	return nil
}

// stream sends at once, up to where it is cut.
type stream struct {
	to   http.ResponseWriter
	left int
	cuts bool
}

func (s *stream) send(text string) error {
	cut := s.cuts && len(text) > s.left
	if cut {
		text = text[:s.left]
	}
	s.left -= len(text)
	if _, err := io.WriteString(s.to, text); err != nil {
		return err
	}
	if err := http.NewResponseController(s.to).Flush(); err != nil {
		return err
	}
	if cut {
		return errCut
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
