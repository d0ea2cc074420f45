package main

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"

	"tollhouse/certs"
	"tollhouse/certs/certsdb"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal/access"
	"tollhouse/portal/access/accessdb"
	"tollhouse/portal/agent"
	"tollhouse/portal/audit"
	"tollhouse/portal/audit/auditdb"
	"tollhouse/portal/mail"
	"tollhouse/portal/mail/maildb"
	"tollhouse/tenant"
	"tollhouse/tenant/tenantdb"
)

// enqueue lets accessdb mail a link without knowing the mail queue.
func enqueue(queue *maildb.Queue) accessdb.EnqueueMail {
	return func(ctx context.Context, tx pgx.Tx, t tenant.ID, m accessdb.Mail) error {
		_, err := queue.Enqueue(ctx, tx, t, mail.Request{Kind: mail.Kind(m.Kind), CompanyID: m.CompanyID, ContactID: m.ContactID, LinkID: m.LinkID,
			DocumentID: m.DocumentID, Address: m.Address, Device: mail.Device(agent.Of(m.UserAgent)), StepUpID: m.StepUpID, RequestID: m.RequestID})
		return err
	}
}

// noteChange writes the audit entry of a change to a tenant, its hosts or its keys; that of a domain's step says where from and why.
func noteChange(ctx context.Context, tx pgx.Tx, t tenant.ID, e tenantdb.Event) error {
	by := access.ActorFrom(ctx)
	if e.ByOther { // neither its key nor its address is for this tenant's eyes
		by = access.ActorFrom(context.Background())
	}
	return auditdb.Insert(ctx, tx, t, audit.Event{Kind: e.What, Actor: audit.Actor(by.Kind), ActorID: by.ID, DocumentID: e.Subject,
		IP: by.Visitor.IP, UserAgent: by.Visitor.UserAgent, Details: stepDetails(e)})
}

func stepDetails(e tenantdb.Event) map[string]string {
	details := map[string]string{}
	for key, value := range map[string]string{"from": e.From, "reason": e.Reason} {
		if value != "" {
			details[key] = value
		}
	}
	return details
}

// revokeLost has the certificates of a host revoked that its tenant gave up or lost.
func revokeLost(ctx context.Context, tx pgx.Tx, host tenant.Hostname) error {
	return certsdb.RequestRevocation(ctx, tx, host, certs.CessationOfOperation)
}

// billingHooks write what a change in billing causes elsewhere: links and mails for a sent invoice, an audit entry for everything.
func billingHooks(links *accessdb.Store, queue *maildb.Queue) paymentsdb.Hooks {
	return paymentsdb.Hooks{
		OnSent: func(ctx context.Context, tx pgx.Tx, t tenant.ID, inv ledger.Invoice, contactIDs []string) error {
			for _, contact := range contactIDs {
				if err := mailInvoice(ctx, tx, t, links, queue, inv, contact); err != nil {
					return err
				}
			}
			return nil
		},
		OnChange: func(ctx context.Context, tx pgx.Tx, t tenant.ID, e paymentsdb.Event) error {
			by := access.ActorFrom(ctx)
			document := cmp.Or(e.InvoiceID, e.PaymentID, e.ConnectionID, e.MethodID)
			return auditdb.Insert(ctx, tx, t, audit.Event{Kind: e.What, Actor: audit.Actor(by.Kind), ActorID: by.ID,
				IP: by.Visitor.IP, UserAgent: by.Visitor.UserAgent,
				CompanyID: e.CompanyID, ContactID: contactOf(by), DocumentID: document})
		},
	}
}

// contactOf is the contact who acts, "" when none does.
func contactOf(by access.Actor) string {
	if by.Kind != string(audit.Contact) {
		return ""
	}
	return by.ID
}

func mailInvoice(ctx context.Context, tx pgx.Tx, t tenant.ID, links *accessdb.Store, queue *maildb.Queue, inv ledger.Invoice, contact string) error {
	off, err := links.PortalOff(ctx, tx, t, inv.CompanyID)
	if err != nil {
		return err
	}
	var link access.Link
	if !off {
		link, err = links.AddDocumentLink(ctx, tx, t, access.Link{CompanyID: inv.CompanyID, ContactID: contact, DocumentKind: "invoice", DocumentID: inv.ID,
			CreatedBy: "system"})
		if err != nil {
			return err
		}
	}
	_, err = queue.Enqueue(ctx, tx, t, mail.Request{Kind: mail.Invoice, CompanyID: inv.CompanyID, ContactID: contact, LinkID: link.ID, DocumentID: inv.ID})
	return err
}
