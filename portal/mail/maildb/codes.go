package maildb

import (
	"context"
	"fmt"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// carriesCode reports whether the mail brings a code to somebody who is signed in.
func (m row) carriesCode() bool {
	return mail.Kind(m.Kind) == mail.StepUp || mail.Kind(m.Kind) == mail.EmailConfirm
}

// deadCode names why the code is of no use any more; "" when it is. One that waited too long is not made to last: its reader has asked again.
func (m row) deadCode() string {
	switch {
	case m.CodeExpires == nil:
		return "code_unknown"
	case m.CodeSpent:
		return "code_used"
	case m.CodeSuperseded:
		return "code_superseded"
	case !m.Now.Before(*m.CodeExpires):
		return "code_expired"
	}
	return ""
}

// code is what the mail's reader may type, "" for none.
func (w *Worker) code(ctx context.Context, t tenant.ID, m row) (code string, err error) {
	switch {
	case m.carriesCode():
		code, err = w.links.MailedCode(ctx, t, m.StepUpID)
	case m.LinkBound:
		code, err = w.links.Code(ctx, t, m.LinkID)
	}
	if err != nil {
		return "", fmt.Errorf("deriving the code of the mail %s: %w", m.ID, err)
	}
	return code, nil
}
