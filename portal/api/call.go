package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/portal/route"
	"tollhouse/tenant"
	"tollhouse/tenant/request"
)

// maxBody bounds what is read of a JSON body and of a logo.
const maxBody = 1 << 20

// formSlack is what a form upload may add around the image it carries.
const formSlack = 16 << 10

// call is one authenticated request.
type call struct {
	*http.Request
	key    tenant.APIKey
	tenant *tenant.Tenant
	body   []byte
}

// id is the path's only parameter. What no id can be becomes one that nothing has, so that it is "not found" like any other unknown id.
func (c *call) id() string {
	id := route.Param(c.Request, "id")
	prefix, _, _ := strings.Cut(id, "_")
	if !tenant.ValidID(prefix, id) {
		return "none"
	}
	return id
}

// by says who acts, for the audit log.
func (c *call) by() access.Actor {
	by := access.Actor{Kind: string(audit.Key), ID: c.key.ID}
	if c.tenant.Policy.LogVisitors {
		by.Visitor = access.Visitor{IP: request.From(c.Context()).Client, UserAgent: c.UserAgent()}
	}
	return by
}

// read takes the body as the endpoint wants it.
func (c *call) read(w http.ResponseWriter, kind bodyKind) error {
	if kind == noBody {
		return nil
	}
	if kind != rawBody && c.Header.Get("Content-Encoding") != "" {
		return errEncoding
	}
	limit := int64(maxBody)
	if kind == imageBody {
		limit += formSlack
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.Body, limit))
	if err != nil {
		return unreadable(err)
	}
	c.body = body
	if kind == imageBody || kind == rawBody || kind == optionalJSON && len(body) == 0 {
		return nil // an image's type is looked at where it is unpacked
	}
	return c.wantJSON()
}

func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	return problem(400, "body_unreadable", "The body could not be read", "The body ended early or was not framed as HTTP asks; send it again.")
}

func (c *call) wantJSON() error {
	types := c.Header.Values("Content-Type")
	if len(types) != 1 {
		return errMediaType
	}
	media, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || media != jsonType {
		return errMediaType
	}
	if charset, given := parameters["charset"]; given && !isUTF8(charset) {
		return errMediaType.saying("JSON is UTF-8; send the header Content-Type: application/json without a charset.")
	}
	return nil
}
