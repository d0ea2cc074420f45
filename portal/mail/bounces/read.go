package bounces

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
)

// MostBytes bounds a notice: a server may send the whole mail back, and ours have 10 MB of documents at most, a third more as text.
const MostBytes = 16 << 20

const (
	mostParts  = 20
	mostStatus = 64 << 10 // of the part that programs read
	mostText   = 16 << 10 // of what is for people
)

// Read reads one message, as a mail server hands it to a program. to is the address it came to; "" takes that from the header. Errors:
// ErrTooLarge, ErrMalformed, ErrNoToken, or the reader's.
func Read(from io.Reader, returns *Returns, to string) (Report, error) {
	raw, err := io.ReadAll(io.LimitReader(from, MostBytes+1))
	if err != nil {
		return Report{}, fmt.Errorf("reading the message: %w", err)
	}
	if len(raw) > MostBytes {
		return Report{}, ErrTooLarge
	}
	msg, err := open(raw)
	if err != nil {
		return Report{}, err
	}
	token, known := addressed(msg.Header, returns, to)
	found, err := judge(msg)
	if err != nil {
		return Report{}, err
	}
	if !known {
		token, known = returns.Token(found.returnTo)
	}
	if !known {
		return Report{}, ErrNoToken
	}
	return Report{Token: token, Outcomes: found.outcomes}, nil
}

// open splits the header off. Some servers put a line before it, as in a mailbox file.
func open(raw []byte) (*netmail.Message, error) {
	if bytes.HasPrefix(raw, []byte("From ")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	header, _, _ := bytes.Cut(bytes.ReplaceAll(raw[:min(len(raw), mostStatus)], []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	if bytes.IndexByte(header, 0) >= 0 {
		return nil, fmt.Errorf("%w: NUL in the header", ErrMalformed)
	}
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: its header cannot be read", ErrMalformed)
	}
	return msg, nil
}

// addressed finds the token of the address that a message came to. Two different ones are none: then the header is not to be believed.
func addressed(h netmail.Header, returns *Returns, to string) (Token, bool) {
	if to != "" {
		return returns.Token(to)
	}
	var found Token
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "To"} {
		for _, line := range h[name] {
			for address := range strings.SplitSeq(line, ",") {
				if at := strings.LastIndexByte(address, '<'); at >= 0 {
					address = address[at:]
				}
				token, ok := returns.Token(address)
				if ok && found != (Token{}) && token != found {
					return Token{}, false
				}
				if ok {
					found = token
				}
			}
		}
	}
	return found, found != Token{}
}

// finding is what a message says.
type finding struct {
	outcomes []Outcome
	returnTo string // the envelope sender that a complaint repeats
}

// judge reads a message by its type.
func judge(msg *netmail.Message) (finding, error) {
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return plain(msg.Header, transfer(msg.Header, msg.Body))
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	report := kind == "multipart/report"
	for range mostParts {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && !report {
			return plain(msg.Header, strings.NewReader(""))
		}
		if err != nil {
			return finding{}, fmt.Errorf("%w: its parts cannot be read", ErrMalformed)
		}
		inner, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		switch {
		case report && (inner == "message/delivery-status" || inner == "message/global-delivery-status"):
			return delivery(transfer(p.Header, p))
		case report && inner == "message/feedback-report":
			return complaint(transfer(p.Header, p))
		case !report && (inner == "text/plain" || inner == ""):
			return plain(msg.Header, transfer(p.Header, p))
		}
	}
	return finding{}, fmt.Errorf("%w: it has no part that says what happened", ErrMalformed)
}

// transfer undoes the transfer encoding.
func transfer(h interface{ Get(string) string }, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

// start reads the beginning of a part; what comes after is not looked at.
func start(body io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, most))
	if err != nil {
		return nil, fmt.Errorf("%w: a part ends in the middle", ErrMalformed)
	}
	return text, nil
}
