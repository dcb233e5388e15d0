package model

import "strings"

// Traits is what is known about a model beforehand.
type Traits struct {
	Window int  // tokens of request and answer together
	Patch  bool // knows the patch format, and takes apply_patch as a custom tool with a grammar
}

// Unknown is supposed of all other models.
var Unknown = Traits{Window: 128_000}

// traits lists models of which a user should not have to know the window. Sources: `codex
// debug models` of codex 0.171.0 (the first block), the catalogs of earlier versions, and
// the model pages of platform.openai.com and huggingface.co/openai (the last lines).
var traits = map[string]Traits{
	"gpt-6.2-sol":   {500_000, true},
	"gpt-6.2-astra": {272_000, true},
	"gpt-6.1-sol":   {500_000, true},
	"gpt-6.1-terra": {500_000, true},
	"gpt-6-astra":   {272_000, true},
	"gpt-6-sol":     {272_000, true},
	"gpt-6-luna":    {272_000, true},
	"gpt-5.6-sol":   {272_000, true},
	"gpt-5.6-terra": {272_000, true},
	"gpt-5.6-luna":  {272_000, true},
	"gpt-5.5":       {272_000, true},

	"gpt-5.4":       {272_000, true},
	"gpt-5.3-codex": {272_000, true},
	"gpt-5.2-codex": {272_000, true},
	"gpt-5.2":       {272_000, true},
	"gpt-5.1-codex": {272_000, true},
	"gpt-5.1":       {272_000, true},
	"gpt-5-codex":   {272_000, true},
	"gpt-5":         {272_000, false},

	"gpt-4.1": {1_047_576, false},
	"gpt-4o":  {128_000, false},
	"o4-mini": {200_000, false},
	"o3":      {200_000, false},

	"gpt-oss-120b": {131_072, false},
	"gpt-oss-20b":  {131_072, false},
	"gpt-oss:120b": {131_072, false},
	"gpt-oss:20b":  {131_072, false},
}

// Known returns what is known about a model. Routers put a maker in front of the name
// (openai/gpt-5.5), and the maker a date behind it (gpt-5.5-2026-01-31).
func Known(name string) Traits {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if n := len(name) - len("-2006-01-02"); n > 0 && dated(name[n:]) {
		name = name[:n]
	}
	if t, ok := traits[name]; ok {
		return t
	}
	return Unknown
}

// dated reports whether a text has the form -2006-01-02.
func dated(s string) bool {
	shape := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, s)
	return shape == "-0000-00-00"
}
