package mailsink

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"
)

// Message is one mail that came in. A mail that cannot be read has Raw and the envelope only, and says why in Problem.
type Message struct {
	ID         int // counts from 1
	ReceivedAt time.Time
	From       string         // of the envelope
	To         []string       // of the envelope
	TLS        bool           // the connection was encrypted
	Header     netmail.Header // as sent; see Subject for decoded text
	Subject    string         // decoded
	Text       string         // the text/plain part
	HTML       string         // the text/html part
	Inline     []Inline       // parts that the HTML shows
	Attached   []Attached     // documents
	Raw        []byte
	Problem    string
}

// Inline is a part with a Content-ID.
type Inline struct {
	CID         string
	ContentType string
	Bytes       []byte
}

// Attached is a document that travels with the mail.
type Attached struct {
	Name        string
	ContentType string
	Bytes       []byte
}

// parse fills in what the raw message says.
func parse(m Message) Message {
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	m.Header = msg.Header
	m.Subject = decoded(msg.Header.Get("Subject"))
	if err := m.readPart(part{header: msg.Header, body: msg.Body}, 0); err != nil {
		m.Problem = err.Error()
	}
	return m
}

// part is a header with its body: of the message itself, or of something in it.
type part struct {
	header interface{ Get(string) string }
	body   io.Reader
}

func (m *Message) readPart(p part, depth int) error {
	kind, params, err := mime.ParseMediaType(p.header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 10 {
		return m.readParts(multipart.NewReader(p.body, params["boundary"]), depth)
	}
	body, err := io.ReadAll(transfer(p))
	if err != nil {
		return err
	}
	if disposition, params, err := mime.ParseMediaType(p.header.Get("Content-Disposition")); err == nil && disposition == "attachment" {
		m.Attached = append(m.Attached, Attached{Name: decoded(params["filename"]), ContentType: kind, Bytes: body})
		return nil
	}
	cid := strings.Trim(p.header.Get("Content-ID"), "<>")
	switch {
	case kind == "text/plain" && m.Text == "":
		m.Text = strings.ReplaceAll(string(body), "\r\n", "\n")
	case kind == "text/html" && m.HTML == "":
		m.HTML = strings.ReplaceAll(string(body), "\r\n", "\n")
	case cid != "":
		m.Inline = append(m.Inline, Inline{CID: cid, ContentType: kind, Bytes: body})
	}
	return nil
}

func (m *Message) readParts(r *multipart.Reader, depth int) error {
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.readPart(part{header: p.Header, body: p}, depth+1); err != nil {
			return err
		}
	}
}

// transfer undoes the transfer encoding.
func transfer(p part) io.Reader {
	switch strings.ToLower(p.header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		return quotedprintable.NewReader(p.body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, p.body)
	}
	return p.body
}

// decoded reads the encoded words of a header, and leaves it alone when they make no sense.
func decoded(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}
