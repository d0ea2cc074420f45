package mailsink

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	netmail "net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html.tmpl page.css
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"linked": linked}).ParseFS(files, "page.html.tmpl"))

// Policies: our own pages run nothing and load only their stylesheet; a mail's HTML may show the pictures it carries, inside a sandbox from
// which only a click on a link gets out.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
	mailPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"
)

// Handler is the web page: a list at /, each mail under /messages/<id>, all of it for programs at /messages.json. Mails hold magic links, so it
// must be served on loopback only.
func (s *Sink) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveList)
	mux.HandleFunc("GET /messages.json", s.serveJSON)
	mux.HandleFunc("GET /messages/{id}", s.one(s.serveMessage))
	mux.HandleFunc("GET /messages/{id}/html", s.one(s.serveHTML))
	mux.HandleFunc("GET /messages/{id}/raw", s.one(s.serveRaw))
	mux.HandleFunc("GET /messages/{id}/attached/{n}", s.serveAttached)
	mux.HandleFunc("GET /page.css", serveCSS)
	return headers(mux)
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the pages are full of magic links
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// listed is one line of the list, and one element of messages.json.
type listed struct {
	ID         int       `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	From       string    `json:"from"`
	To         []string  `json:"to"`
	Subject    string    `json:"subject"`
	MessageID  string    `json:"message_id"`
	Text       string    `json:"text"`
	HTML       string    `json:"html"`
	Links      []string  `json:"links"` // in the text, in order
	Problem    string    `json:"problem,omitempty"`
}

func (s *Sink) list() []listed {
	out := []listed{}
	for _, m := range slices.Backward(s.Messages()) {
		out = append(out, listed{ID: m.ID, ReceivedAt: m.ReceivedAt, From: sender(m), To: m.To, Subject: m.Subject,
			MessageID: strings.Trim(m.Header.Get("Message-ID"), "<>"), Text: m.Text, HTML: m.HTML, Links: address.FindAllString(m.Text, -1),
			Problem: m.Problem})
	}
	return out
}

// sender is what a mailbox shows: the name and address of From, or the envelope's.
func sender(m Message) string {
	from, err := netmail.ParseAddress(m.Header.Get("From"))
	if err != nil || from.Name == "" {
		return m.From
	}
	return from.Name + " <" + from.Address + ">"
}

func (s *Sink) serveList(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Refresh", "5") // a new mail appears without anybody's doing
	render(w, "list", s.list())
}

func (s *Sink) serveJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": s.list()}) // a client that went away needs no answer
}

// one looks a message up for a handler.
func (s *Sink) one(serve func(http.ResponseWriter, Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		m, ok := s.Message(id)
		if err != nil || !ok {
			w.WriteHeader(http.StatusNotFound)
			render(w, "absent", nil)
			return
		}
		serve(w, m)
	}
}

func (s *Sink) serveMessage(w http.ResponseWriter, m Message) {
	render(w, "message", struct {
		Message
		Sender string
		To     string
		Source string
	}{m, sender(m), strings.Join(m.To, ", "), string(m.Raw)})
}

func (s *Sink) serveHTML(w http.ResponseWriter, m Message) {
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(selfContained(m)))
}

func (s *Sink) serveRaw(w http.ResponseWriter, m Message) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(m.Raw)
}

// serveAttached hands a document out as a file: whatever its mail says that it is, no browser runs it.
func (s *Sink) serveAttached(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	n, err := strconv.Atoi(r.PathValue("n"))
	m, ok := s.Message(id)
	if err != nil || !ok || n < 0 || n >= len(m.Attached) {
		w.WriteHeader(http.StatusNotFound)
		render(w, "absent", nil)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.Attached[n].Name}))
	_, _ = w.Write(m.Attached[n].Bytes)
}

func serveCSS(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "page.css") }

func render(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages.ExecuteTemplate(w, name, data)
}

// selfContained puts the parts that a mail's HTML refers to into it, and lets its links open beside the sink.
func selfContained(m Message) string {
	html := m.HTML
	for _, part := range m.Inline {
		data := "data:" + part.ContentType + ";base64," + base64.StdEncoding.EncodeToString(part.Bytes)
		html = strings.ReplaceAll(html, `"cid:`+part.CID+`"`, `"`+data+`"`)
	}
	return strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)
}

// address finds the links of plain text.
var address = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

// linked escapes plain text and makes its addresses clickable.
func linked(text string) template.HTML {
	var b strings.Builder
	last := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		b.WriteString(template.HTMLEscapeString(text[last:at[0]]))
		url := template.HTMLEscapeString(text[at[0]:at[1]])
		b.WriteString(`<a href="` + url + `" target="_blank" rel="noreferrer">` + url + `</a>`)
		last = at[1]
	}
	b.WriteString(template.HTMLEscapeString(text[last:]))
	return template.HTML(b.String()) // every piece was escaped above
}
