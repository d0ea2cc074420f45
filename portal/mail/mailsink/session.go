package mailsink

import (
	"io"
	"slices"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one SMTP connection.
type session struct {
	sink   *Sink
	conn   *smtp.Conn
	from   string
	to     []string
	authed bool
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Sink) session(c *smtp.Conn) (smtp.Session, error) {
	return &session{sink: s, conn: c, authed: s.config.Username == ""}, nil
}

// AuthMechanisms offers a login when the sink asks for one.
func (s *session) AuthMechanisms() []string {
	if s.sink.config.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth checks the login.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.sink.config.Username || password != s.sink.config.Password {
			return smtp.ErrAuthFailed
		}
		s.authed = true
		return nil
	}), nil
}

// Mail begins a message.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.authed {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if f, _ := s.sink.strike(AnswerRcpt); f.Mood == AnswerRcpt {
		return f.answer()
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	f, released := s.sink.strike(AnswerData, Hang, DropAfterData)
	switch f.Mood {
	case AnswerData:
		return f.answer()
	case Hang:
		<-released
		return s.conn.Close()
	}
	_, secure := s.conn.TLSConnectionState()
	s.sink.keep(parse(Message{ReceivedAt: time.Now(), From: s.from, To: slices.Clone(s.to), TLS: secure, Raw: raw}))
	if f.Mood == DropAfterData {
		return s.conn.Close()
	}
	return nil
}

// Reset forgets the message that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *session) Logout() error { return nil }

func (f Fault) answer() error {
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, f.Subject, f.Detail}, Message: "the sink was told to say so"}
}
