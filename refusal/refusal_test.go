package refusal

import (
	"errors"
	"io/fs"
	"testing"
)

func TestErrorReadsAsOneLine(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{}, "refused"},
		{Error{Reason: "no mode is set"}, "refused: no mode is set"},
		{Error{Stage: StageAttest, Restriction: "seccomp", Reason: "no filter is in place", Hint: "h"},
			"refused at attest (seccomp): no filter is in place"},
		{Error{Stage: StageRecord, Reason: "the log can't be opened", Err: fs.ErrPermission},
			"refused at record: the log can't be opened: permission denied"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestErrorUnwraps(t *testing.T) {
	var err error = &Error{Err: fs.ErrPermission}
	var refused *Error
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &refused) {
		t.Error("the cause or the type is lost")
	}
}
