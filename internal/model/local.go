package model

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// local is a model server that people run on their own machine.
type local struct {
	port, start string
}

// locals lists the servers in the order in which FindLocal tries them.
var locals = []local{
	{"11434", "ollama serve"},
	{"1234", "lms server start"},
	{"8080", "llama-server -m MODEL.gguf --port 8080"},
}

// FindLocal looks for a model server on this machine, and returns the address for a
// Client and the first model that the server has. No key is sent, no proxy is asked.
func FindLocal(ctx context.Context) (address, model string, err error) {
	ports := make([]string, len(locals))
	for i, l := range locals {
		ports[i] = l.port
	}
	return findLocal(ctx, ports)
}

func findLocal(ctx context.Context, ports []string) (address, model string, err error) {
	client := http.Client{
		Timeout:       time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var tried []string
	for _, port := range ports {
		address := "http://" + net.JoinHostPort("127.0.0.1", port) + "/v1"
		model, err := firstModel(ctx, &client, address)
		if err == nil {
			return address, model, nil
		}
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		tried = append(tried, host(address)+" ("+err.Error()+")")
	}
	return "", "", &Error{Provider: "no model server on this machine", Message: "answers: tried " + strings.Join(tried, ", "),
		Hint: "start one: " + locals[0].start + ", and in another terminal: ollama pull gpt-oss:20b"}
}

// firstModel asks a server for its models.
func firstModel(ctx context.Context, client *http.Client, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/models", nil)
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", errors.New("nobody answers")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return "", errors.New("the answer breaks off")
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(text, &list) != nil {
		return "", errors.New("no list of models")
	}
	for _, m := range list.Data {
		if m.ID != "" {
			return m.ID, nil
		}
	}
	return "", errors.New("a server without a model")
}
