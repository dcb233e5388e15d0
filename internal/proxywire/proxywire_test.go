package proxywire

import (
	"strings"
	"testing"
)

func TestParseDecision(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"via":"connect","host":"a.example","port":443,"allowed":true,"rule":"a.example","address":"93.184.216.34"}`:     true,
		`{"via":"socks","host":"?","port":1,"allowed":false,"reason":"no host"}`:                                          true,
		`{"via":"dns","host":"a.example","port":0,"allowed":false,"reason":"no rule allows it"}`:                          true,
		`{"via":"http","host":"a.example","port":80,"allowed":true,"address":"93.184.216.34","others":["93.184.216.35"]}`: true,
		`{"again":7}`:                    true,
		`{"again":7,"host":"a.example"}`: false,
		`{"again":-1}`:                   false,
		`{"via":"dns","host":"a.example","port":0,"allowed":true,"address":"93.184.216.34"}`:                                                     false,
		`{"via":"ftp","host":"a.example","port":1,"allowed":false,"reason":"x"}`:                                                                 false,
		`{"via":"http","host":"A.example","port":1,"allowed":false,"reason":"x"}`:                                                                false,
		`{"via":"http","host":"a.example","port":1,"allowed":false}`:                                                                             false,
		`{"via":"http","host":"a.example","port":1,"allowed":true,"reason":"x","address":"93.184.216.34"}`:                                       false,
		`{"via":"http","host":"a.example","port":1,"allowed":true}`:                                                                              false,
		`{"via":"http","host":"a.example","port":1,"allowed":true,"address":"x"}`:                                                                false,
		`{"via":"http","host":"a.example","port":1,"allowed":false,"reason":"\u001b[2J"}`:                                                        false,
		`{"via":"http","host":"a.example","port":1,"allowed":false,"reason":"` + strings.Repeat("x", 300) + `"}`:                                 false,
		`{"via":"http","host":"a.example","port":1,"allowed":false,"reason":"x","rule":"a b"}`:                                                   false,
		`{"via":"http","host":"a.example","port":65536,"allowed":false,"reason":"x"}`:                                                            false,
		`{"via":"http","host":"a.example","port":1,"allowed":true,"address":"93.184.216.34","others":["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]}`: false,
		``:                                      false,
		`null`:                                  false,
		strings.Repeat(" ", MostMessage) + `{}`: false,
	} {
		if _, err := ParseDecision([]byte(text)); (err == nil) != ok {
			t.Errorf("%.120s: %v", text, err)
		}
	}
}

// FuzzParseDecision checks that what is taken has nothing that a log or a terminal would act on.
func FuzzParseDecision(f *testing.F) {
	f.Add(`{"via":"connect","host":"a.example","port":443,"allowed":true,"rule":"a.example","address":"93.184.216.34"}`)
	f.Add(`{"via":"dns","host":"a.example","reason":"no rule allows it"}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDecision([]byte(text))
		if err != nil {
			return
		}
		for _, s := range append(d.Others, d.Via, d.Host, d.Rule, d.Reason, d.Address) {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q is taken: %q", text, s)
			}
		}
	})
}
