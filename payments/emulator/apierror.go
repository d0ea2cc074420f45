package emulator

import (
	"fmt"
	"net/http"
)

// The types of API errors.
const (
	invalidRequest = "invalid_request_error"
	cardError      = "card_error"
	apiTrouble     = "api_error"
	keyReused      = "idempotency_error"
)

// apiError is an error as the processor answers it.
type apiError struct {
	Status                                      int // default 400
	Type, Code, Decline, Param, Message, Charge string
	intent                                      *intent // shown inside
	method                                      *method // shown inside
	started                                     bool    // the endpoint began to work, so the answer is kept for the key
}

func (e *apiError) Error() string { return e.Type + " " + e.Code + ": " + e.Message }

func (e *apiError) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// render is the error as an object; inside an intent it does not show that intent again.
func (e *apiError) render(inside bool) obj {
	o := obj{"type": e.Type, "message": e.Message}
	for name, value := range map[string]string{"code": e.Code, "decline_code": e.Decline, "param": e.Param, "charge": e.Charge} {
		if value != "" {
			o[name] = value
		}
	}
	if e.Code != "" {
		o["doc_url"] = "https://stripe.com/docs/error-codes/" + e.Code
	}
	if e.method != nil {
		o["payment_method"] = e.method.render()
	}
	if e.intent != nil && !inside {
		o[e.intent.object()] = e.intent.render()
	}
	return o
}

func invalid(param, code, message string) *apiError {
	return &apiError{Type: invalidRequest, Code: code, Param: param, Message: message}
}

func required(param string) *apiError {
	return invalid(param, "parameter_missing", "Missing required param: "+param+".")
}

func missing(kind, id, param string) *apiError {
	return &apiError{
		Status: http.StatusNotFound, Type: invalidRequest, Code: "resource_missing", Param: param, Message: fmt.Sprintf("No such %s: '%s'", kind, id),
	}
}
