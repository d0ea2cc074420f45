package maildb

import (
	"context"
	"errors"
	"fmt"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
)

// Identities says in whose name a tenant's mails go out. Implemented by senders.Service.
type Identities interface {
	Identity(ctx context.Context, t tenant.ID) (mail.Identity, error)
}

// identity is the platform's where nobody says otherwise.
func (w *Worker) identity(ctx context.Context, t tenant.ID) (mail.Identity, error) {
	if w.identities == nil {
		return mail.Identity{}, nil
	}
	id, err := w.identities.Identity(ctx, t)
	if err != nil {
		return mail.Identity{}, fmt.Errorf("finding in whose name to write: %w", err)
	}
	return id, nil
}

// send hands a mail over in the tenant's own name. A server that refuses it then may mean the name, as relays do that know only some senders:
// before such a mail is given up, it goes out in the platform's.
func (w *Worker) send(ctx context.Context, msg mail.Message, id mail.Identity) error {
	err := w.sender.Send(ctx, msg.As(id))
	var failed *mail.SendError
	if !id.Own() || !errors.As(err, &failed) || failed.Outcome != mail.Refused {
		return err
	}
	return w.sender.Send(ctx, msg.As(mail.Identity{ReplyTo: id.Address}))
}
