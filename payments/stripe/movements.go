package stripe

import (
	"context"
	"fmt"
	"strings"
	"time"

	api "github.com/stripe/stripe-go/v76"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// pageSize is how many objects Stripe gives at once, at most.
const pageSize = 100

// Movements lists charges, then refunds, then disputes, a page at a time; the cursor says of which kind and after which id.
func (a *Account) Movements(ctx context.Context, from, to time.Time, cursor string) ([]payments.Movement, string, error) {
	kind, after, _ := strings.Cut(cursor, ":")
	if kind == "" {
		kind = "charge"
	}
	between := &api.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}
	page := api.ListParams{Limit: api.Int64(pageSize), Single: true}
	if after != "" {
		page.StartingAfter = api.String(after)
	}
	list, following := a.charges, "refund:"
	switch kind {
	case "refund":
		list, following = a.refunds, "dispute:"
	case "dispute":
		list, following = a.disputes, ""
	}
	found, err := call(ctx, func(ctx context.Context) (movements, error) {
		page.Context = ctx
		return list(page, between)
	})
	if err != nil {
		return nil, "", fmt.Errorf("listing each %s: %w", kind, err)
	}
	if found.more {
		following = kind + ":" + found.last
	}
	return found.moves, following, nil
}

// movements is one page of one kind.
type movements struct {
	moves []payments.Movement
	last  string // the id that the next page begins after
	more  bool
}

func (m *movements) add(kind, id, parent, code string, amount int64, currency api.Currency, at int64) error {
	cur := ledger.Currency(strings.ToUpper(string(currency)))
	ours, exact := fromStripe(amount, cur)
	if !exact {
		return fmt.Errorf("%s: %w", id, errAmount)
	}
	m.moves = append(m.moves, payments.Movement{Kind: kind, ObjectID: id, ParentID: parent, Code: code, Amount: ours, Currency: cur, At: moment(at)})
	return nil
}

func (a *Account) charges(page api.ListParams, between *api.RangeQueryParams) (m movements, err error) {
	list := a.api.Charges.List(&api.ChargeListParams{ListParams: page, CreatedRange: between})
	for list.Next() {
		c := list.Charge()
		m.last = c.ID
		if c.AmountCaptured == 0 || c.Status != api.ChargeStatusSucceeded {
			continue
		}
		if err := m.add("charge", c.ID, intentID(c.PaymentIntent), c.Metadata[codeKey], c.AmountCaptured, c.Currency, c.Created); err != nil {
			return m, err
		}
	}
	m.more = list.Meta().HasMore
	return m, list.Err()
}

func (a *Account) refunds(page api.ListParams, between *api.RangeQueryParams) (m movements, err error) {
	list := a.api.Refunds.List(&api.RefundListParams{ListParams: page, CreatedRange: between})
	for list.Next() {
		r := list.Refund()
		m.last = r.ID
		if r.Status != api.RefundStatusSucceeded {
			continue
		}
		if err := m.add("refund", r.ID, intentID(r.PaymentIntent), "", r.Amount, r.Currency, r.Created); err != nil {
			return m, err
		}
	}
	m.more = list.Meta().HasMore
	return m, list.Err()
}

func (a *Account) disputes(page api.ListParams, between *api.RangeQueryParams) (m movements, err error) {
	list := a.api.Disputes.List(&api.DisputeListParams{ListParams: page, CreatedRange: between})
	for list.Next() {
		d := list.Dispute()
		m.last = d.ID
		if strings.HasPrefix(string(d.Status), "warning") {
			continue
		}
		if err := m.add("dispute", d.ID, intentID(d.PaymentIntent), "", d.Amount, d.Currency, d.Created); err != nil {
			return m, err
		}
	}
	m.more = list.Meta().HasMore
	return m, list.Err()
}

func intentID(in *api.PaymentIntent) string {
	if in == nil {
		return ""
	}
	return in.ID
}
