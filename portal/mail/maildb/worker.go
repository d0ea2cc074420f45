package maildb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/bounces"
	"tollhouse/tenant"
)

// GiveUpAfter is how long a mail may wait for an SMTP server to take it.
const GiveUpAfter = 24 * time.Hour

// loginLinkMustLast is what must remain of a login link when its mail leaves: its reader has to find the mail first.
const loginLinkMustLast = 8 * time.Minute

// Links gives the addresses of magic links. Implemented by access.Service.
type Links interface {
	// URL returns the whole address of a stored link, the same each time.
	URL(ctx context.Context, t tenant.ID, linkID string) (string, error)
	// Code returns what its reader may type instead, "XXXX-XXXX", the same each time.
	Code(ctx context.Context, t tenant.ID, linkID string) (string, error)
	// MailedCode returns the code of a row of step_ups in the same form.
	MailedCode(ctx context.Context, t tenant.ID, id string) (string, error)
	// Freshen gives an unused login link, expired or not, at least 8 minutes from now.
	Freshen(ctx context.Context, t tenant.ID, linkID string) error
}

// Sender hands a mail to an SMTP server. Implemented by *mail.Sender; its errors are *mail.SendError.
type Sender interface {
	From() string
	Send(ctx context.Context, m mail.Message) error
}

// WorkerConfig is what a Worker needs; Pool, Links and Sender are required.
type WorkerConfig struct {
	Pool       *pgxpool.Pool // as the server's role
	Links      Links
	Sender     Sender
	Identities Identities                       // nil: every mail goes out in the platform's name
	Returns    *bounces.Returns                 // nil: mails come back to the sender's own address, and nobody hears of it
	Documents  Documents                        // nil: no document travels with a mail
	Backoff    func(attempts int) time.Duration // until the next try after so many; nil means Backoff of this package
}

// Worker sends the mails of Jobs. It is safe for concurrent use, and any number of nodes may each have one.
type Worker struct {
	river.WorkerDefaults[Job]
	pool       *pgxpool.Pool
	links      Links
	sender     Sender
	identities Identities
	returns    *bounces.Returns
	documents  Documents
	backoff    func(attempts int) time.Duration
	logos      logos
}

// NewWorker checks c and returns a Worker, to be registered with river.AddWorkerSafely.
func NewWorker(c WorkerConfig) (*Worker, error) {
	if c.Pool == nil || c.Links == nil || c.Sender == nil {
		return nil, errors.New("maildb: Pool, Links and Sender are required")
	}
	if c.Backoff == nil {
		c.Backoff = Backoff
	}
	return &Worker{pool: c.Pool, links: c.Links, sender: c.Sender, identities: c.Identities, returns: c.Returns, documents: c.Documents, backoff: c.Backoff}, nil
}

// Backoff waits 10 s, 30 s, then a minute for a server that may be back any moment, and longer for a mail that it keeps putting off.
func Backoff(attempts int) time.Duration {
	steps := [...]time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	return steps[min(max(attempts, 1), len(steps))-1]
}

// Work sends one mail, or drops it, or asks to be called again later. A mail that was sent or dropped already is left alone. No transaction is
// open while the SMTP server is spoken to.
func (w *Worker) Work(ctx context.Context, job *river.Job[Job]) error {
	t := tenant.ID(job.Args.TenantID)
	m, err := w.ready(ctx, t, job.Args.MailID)
	if errors.Is(err, errSettled) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the mail %s: %w", job.Args.MailID, err)
	}
	if why := m.obstacle(); why != "" {
		return w.drop(ctx, t, m, ending{event: "mail.dropped", why: why})
	}
	msg, err := w.render(ctx, t, m)
	if errors.Is(err, mail.ErrAddress) {
		return w.drop(ctx, t, m, ending{event: "mail.refused", why: "address"})
	}
	if errors.Is(err, errDocument) && m.Now.Sub(m.CreatedAt) > GiveUpAfter {
		return w.drop(ctx, t, m, ending{event: "mail.dropped", why: "document_failed", err: excerpt(err)})
	}
	if errors.Is(err, mail.ErrAttached) {
		return w.drop(ctx, t, m, ending{event: "mail.dropped", why: "document_too_large"})
	}
	if err != nil {
		return err
	}
	id, err := w.identity(ctx, t)
	if err != nil {
		return err
	}
	return w.settle(ctx, t, m, w.send(ctx, msg, id))
}

// ready reads a mail with all that decides about it. A login link that would be old on arrival is made to last first.
func (w *Worker) ready(ctx context.Context, t tenant.ID, id string) (row, error) {
	m, err := w.load(ctx, t, id)
	if err != nil || m.obstacle() != "" || !m.mustFreshen() {
		return m, err
	}
	if err := w.links.Freshen(ctx, t, m.LinkID); err != nil {
		return m, fmt.Errorf("freshening the link %s: %w", m.LinkID, err)
	}
	return w.load(ctx, t, id)
}

// url is the address that the mail leads to, "" for a mail without a link.
func (w *Worker) url(ctx context.Context, t tenant.ID, m row) (string, error) {
	if m.linkless() {
		return "", nil
	}
	url, err := w.links.URL(ctx, t, m.LinkID)
	if err != nil {
		return "", fmt.Errorf("deriving the link %s: %w", m.LinkID, err)
	}
	return url, nil
}

func (w *Worker) render(ctx context.Context, t tenant.ID, m row) (mail.Message, error) {
	url, err := w.url(ctx, t, m)
	if err != nil {
		return mail.Message{}, err
	}
	logo, err := w.logo(ctx, t, m.LogoHash)
	if err != nil {
		return mail.Message{}, err
	}
	letter := m.letter(t, url, logo)
	if letter.Code, err = w.code(ctx, t, m); err != nil {
		return mail.Message{}, err
	}
	if letter.Attachments, err = w.attachments(ctx, t, m); err != nil {
		return mail.Message{}, err
	}
	msg, err := mail.Render(letter, w.sender.From())
	if w.returns != nil {
		msg.Return = w.returns.Address(t, m.ID)
	}
	return msg, err
}
