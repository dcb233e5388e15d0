package model

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var errIdle = errors.New("nothing came")

// once makes a single try.
func (c *Client) once(ctx context.Context, target string, body []byte, say func(Delta)) (Answer, error) {
	idle := c.Idle
	if idle <= 0 {
		idle = DefaultIdle
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	clock := time.AfterFunc(idle, func() { cancel(errIdle) })
	defer clock.Stop()

	req, err := c.request(ctx, target, body)
	if err != nil {
		return Answer{}, err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return Answer{}, c.unanswered(ctx, idle, err)
	}
	defer res.Body.Close()
	in := &alive{in: res.Body, clock: clock, idle: idle, left: mostStream}
	if res.StatusCode != http.StatusOK {
		return Answer{}, refused(res, in)
	}
	if err := checkKind(res, in); err != nil {
		return Answer{}, err
	}
	events := newEventReader(in, mostEvent)
	collected := collector{say: say}
	for {
		data, err := events.next()
		if err != nil {
			return Answer{}, cut(ctx, idle, err)
		}
		done, err := collected.take(data)
		if err != nil {
			return Answer{}, err
		}
		if done {
			return collected.answer, nil
		}
	}
}

// request makes the request of a try.
func (c *Client) request(ctx context.Context, target string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range c.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	return req, nil
}

// alive reads a body, with the idle clock running as long as a read waits. The time in
// which the caller looks at an event doesn't count.
type alive struct {
	in    io.Reader
	clock *time.Timer
	idle  time.Duration
	left  int // bytes that may still come
}

var errEndless = errors.New("the answer is too long")

func (a *alive) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errEndless
	}
	a.clock.Reset(a.idle)
	n, err := a.in.Read(p[:min(len(p), a.left)])
	a.clock.Stop()
	a.left -= n
	return n, err
}

// cut is the error of a stream that ended without its last event.
func cut(ctx context.Context, idle time.Duration, err error) error {
	switch {
	case errors.Is(err, errLong), errors.Is(err, errEndless):
		return &Error{Message: "sent too much", Err: err}
	case errors.Is(context.Cause(ctx), errIdle):
		return broken(fmt.Sprintf("sent nothing for %v", idle), nil)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return broken("broke off its answer", nil)
	}
	return broken("broke off its answer", err)
}

// unanswered is the error of a request without an answer.
func (c *Client) unanswered(ctx context.Context, idle time.Duration, err error) error {
	// The text of an url.Error has the address with its query, which may be a secret.
	if outer := new(url.Error); errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(context.Cause(ctx), errIdle) {
		return &Error{Message: fmt.Sprintf("did not answer for %v", idle), again: true}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Message: "hung up without an answer", again: true}
	}
	if untrusted := new(tls.CertificateVerificationError); errors.As(err, &untrusted) {
		return &Error{Message: "has a certificate that this machine does not trust", Err: err}
	}
	return &Error{Message: "can't be reached at " + host(c.URL), Err: err, Hint: startHint(c.URL), again: true}
}

// refused is the error of an answer without a stream.
func refused(res *http.Response, in io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(in, 16*mostWords))
	e := &Error{Status: res.StatusCode, again: res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500}
	e.Code, e.Message = serverWords(text)
	if e.Message == "" {
		e.Message = http.StatusText(res.StatusCode)
	}
	switch {
	case e.Code == "insufficient_quota":
		e.again = false // waiting brings no money
	case res.StatusCode == http.StatusNotFound:
		e.Hint = "check base_url, which ends in /v1 for most providers, and the model's name"
	case res.StatusCode >= 300 && res.StatusCode < 400:
		e.Message = "points to another address, which is not followed: " + bounded(res.Header.Get("Location"))
		e.Hint = "write the other address as base_url, if you trust it with your key"
	}
	e.after = retryAfter(res.Header.Get("Retry-After"))
	return e
}

// retryAfter reads a Retry-After: seconds, or a date.
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, mostAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(time.Until(at), 0)
}

// checkKind refuses an answer that is no stream of events.
func checkKind(res *http.Response, in io.Reader) error {
	given := res.Header.Get("Content-Type")
	kind, _, _ := mime.ParseMediaType(given)
	if given == "" || kind == "text/event-stream" {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(in, mostWords))
	code, words := serverWords(text)
	if strings.HasPrefix(kind, "text/html") {
		words = "a page for people"
	}
	return &Error{Status: res.StatusCode, Code: code, Message: fmt.Sprintf("no stream of events, but %q: %s", bounded(given), words),
		Hint: "check base_url: the server must speak the Responses API at base_url/responses"}
}
