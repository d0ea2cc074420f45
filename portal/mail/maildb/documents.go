package maildb

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// Documents makes the files that travel with mails.
type Documents interface {
	// Invoice returns a sent invoice as a file, in the language of whoever reads it: the contact's, else the tenant's.
	Invoice(ctx context.Context, t tenant.ID, invoiceID, contactLocale string) (mail.Attachment, error)
}

// errDocument says that a document could not be made. It is tried again for a day, as a server that is away is.
var errDocument = errors.New("the document cannot be made")

// attachments are the documents of a mail whose reader has no portal to fetch them from.
func (w *Worker) attachments(ctx context.Context, t tenant.ID, m row) ([]mail.Attachment, error) {
	if w.documents == nil || mail.Kind(m.Kind) != mail.Invoice || !m.linkless() {
		return nil, nil
	}
	file, err := w.documents.Invoice(ctx, t, m.DocumentID, m.ContactLocale)
	if err != nil {
		return nil, fmt.Errorf("%w: %s for the mail %s: %w", errDocument, m.DocumentID, m.ID, err)
	}
	return []mail.Attachment{file}, nil
}
