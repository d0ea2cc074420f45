package api

import _ "embed"

// document describes this API in OpenAPI 3.1. It is written by hand; a test holds it and the program together.
//
//go:embed openapi.json
var document []byte

func (s *Server) showDocument(*call) (reply, error) {
	return reply{status: 200, contentType: jsonType, body: document}, nil
}
