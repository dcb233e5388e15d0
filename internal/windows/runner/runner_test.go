package runner

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/lockstile/lockstile/internal/windows/suspended"
)

func TestMessages(t *testing.T) {
	order := Order{Owner: "S-1", Confined: &suspended.Confinement{Restricting: []string{"S-2"}, DefaultDACL: "D:", Limits: suspended.JobLimits{Processes: 3, Memory: 1 << 33}}, Spec: suspended.Spec{File: `C:\x`, Env: []string{"A=ü"}, Terminal: &suspended.Size{Rows: 1, Cols: 2}}, Stdio: [3]uint64{1, 2, 1 << 40}}
	var b bytes.Buffer
	for _, m := range []any{order, Word{Do: Go}, Over{Code: 1<<32 - 1}} {
		if err := Send(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	var gotOrder Order
	var gotWord Word
	var gotOver Over
	for _, m := range []any{&gotOrder, &gotWord, &gotOver} {
		if err := Receive(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(gotOrder, order) || gotWord.Do != Go || gotOver.Code != 1<<32-1 {
		t.Errorf("%+v %+v %+v", gotOrder, gotWord, gotOver)
	}
	if err := Receive(&b, &gotWord); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if err := Send(&b, Order{Owner: strings.Repeat("x", MostBytes)}); err == nil || b.Len() > 0 {
		t.Errorf("%d bytes of a message that is too long: %v", b.Len(), err)
	}
	for _, bad := range []string{"\x01\x00", "\xff\xff\xff\xff", "\x02\x00\x00\x00{", "\x05\x00\x00\x00{} {}", "\x0a\x00\x00\x00{\"else\":1}", "\x00\x00\x00\x00"} {
		if err := Receive(strings.NewReader(bad), &gotWord); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// FuzzReceive checks that any input is either refused, or read as a message that Send
// writes again.
func FuzzReceive(f *testing.F) {
	var b bytes.Buffer
	if err := Send(&b, Order{Owner: "S-1", Stdio: [3]uint64{4, 8, 12}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\x0b\x00\x00\x00{\"do\":\"go\"}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var order, again Order
		if Receive(bytes.NewReader(raw), &order) == nil {
			var b bytes.Buffer
			if err := Send(&b, order); err != nil {
				t.Fatal(err)
			}
			if err := Receive(&b, &again); err != nil || !reflect.DeepEqual(order, again) {
				t.Errorf("%+v, then %+v, %v", order, again, err)
			}
		}
		var made Made
		_ = Receive(bytes.NewReader(raw), &made)
	})
}
