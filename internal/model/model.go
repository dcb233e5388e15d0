// Package model asks a provider, a server of the Responses API: one request, its stream of
// events, and the answer. Package model must never know a tool, a file or a screen, give
// out a part of an answer as whole that the server did not complete, or send a key to
// another server than the one that the user named.
package model

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Client asks a single provider. Only URL is needed; the zero values of the rest send no
// key and try nothing again. A Client may be used by several goroutines at once.
type Client struct {
	Provider string      // the provider's name, for messages; empty: the host of URL
	URL      string      // the address up to and with /v1; https, or http to this machine; http elsewhere only without Key, Header and Query
	Key      string      // a bearer token; empty sends none
	KeyName  string      // the variable that held the key, for messages; empty without one
	Header   http.Header // sent with each request; may hold a secret
	Query    url.Values  // added to the address of each request; may hold a secret

	RequestRetries int           // how many times an answer that didn't begin is asked for again
	StreamRetries  int           // how many times an answer that broke off is asked for again
	Idle           time.Duration // how long nothing may come from the server; 0: DefaultIdle
	Pause          time.Duration // the wait before the second try, doubled before each further one; 0: 200 ms

	// HTTP makes the requests; nil: a client of the package. It follows no redirects,
	// whatever its CheckRedirect says.
	HTTP *http.Client

	// Retrying hears of a try that failed, before the wait; nil: nobody hears.
	Retrying func(why error, wait time.Duration)
}

// The defaults of the configuration: five tries in all.
const (
	DefaultRetries = 4
	DefaultIdle    = 300 * time.Second
)

// Request is what a model is asked.
type Request struct {
	Model    string
	Input    []json.RawMessage // the items of the conversation, in order
	Tools    []json.RawMessage // the declared tools
	Effort   string            // of the reasoning; empty: as the server likes
	CacheKey string            // the same for all requests of a thread; empty for none
	Schema   json.RawMessage   // a JSON schema for the text of the answer; nil: free text
}

// Answer is what the server completed.
type Answer struct {
	Items []json.RawMessage // each one a JSON object on a single line, as the server gave it
	Usage Usage
}

// Usage is the cost of an answer, in tokens as the server counts.
type Usage struct {
	Input  int // with the cached ones
	Cached int
	Output int
}

// Delta is a piece of an answer's text on its way. Nothing may be done because of a piece:
// the answer may never be completed.
type Delta struct {
	Text      string
	Reasoning bool // the text is a part of the reasoning
	Reset     bool // the text so far is void, since the answer is asked for anew
}

// The bounds of an answer. A server that exceeds one is not asked again.
const (
	mostEvent  = 32 << 20  // bytes of an event
	mostStream = 256 << 20 // bytes of a stream: a piece of four letters takes two hundred bytes
	mostItems  = 64 << 20  // bytes of all items together
	mostCount  = 4096      // items
	mostWords  = 4 << 10   // bytes of a server's own words in an error
)
