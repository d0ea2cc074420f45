package authorizenet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
)

// settlesWithin is how long after it was made a transaction is in a batch at the latest.
const settlesWithin = 15 * 24 * time.Hour

// Movements lists what was made from one moment to another: first what is in no batch yet, then a batch at a time, whose id is the cursor. A bank
// debit counts once it is settled.
func (a *Account) Movements(ctx context.Context, from, to time.Time, cursor string) ([]payments.Movement, string, error) {
	ctx, cancel := deadline(ctx)
	defer cancel()
	currency, err := a.currency(ctx)
	if err != nil {
		return nil, "", translate(err)
	}
	client := a.in(currency)
	batches, err := client.Batches(ctx, from, earlier(to.Add(settlesWithin), a.now().Add(clockSlack)))
	if err != nil {
		return nil, "", translate(err)
	}
	rows, next, err := client.page(ctx, batches, cursor)
	if err != nil {
		return nil, "", translate(err)
	}
	var moves []payments.Movement
	for _, row := range rows {
		if row.SubmittedAt.Before(from) || !row.SubmittedAt.Before(to) {
			continue
		}
		of, err := client.movements(ctx, row)
		if err != nil {
			return nil, "", translate(err)
		}
		moves = append(moves, of...)
	}
	return moves, next, nil
}

// page reads the list that a cursor stands for, and gives the cursor after it.
func (c *Client) page(ctx context.Context, batches []Batch, cursor string) (rows []Summary, next string, err error) {
	at := -1 // what is in no batch
	if cursor == "" {
		rows, err = c.Unsettled(ctx)
	} else {
		if at = slices.IndexFunc(batches, func(b Batch) bool { return b.ID == cursor }); at < 0 {
			return nil, "", fmt.Errorf("batch %.30q: %w", cursor, ErrNotFound)
		}
		rows, err = c.InBatch(ctx, cursor)
	}
	if at+1 < len(batches) {
		next = batches[at+1].ID
	}
	return rows, next, err
}

// movements are those of one transaction. Which one a refund gives back from is not in a list.
func (c *Client) movements(ctx context.Context, row Summary) ([]payments.Movement, error) {
	m := MeaningOf(row.Status, row.Bank)
	move := payments.Movement{Kind: "charge", ObjectID: row.ID, Code: row.Code, Amount: row.Amount.Amount, Currency: row.Amount.Currency, At: row.SubmittedAt}
	if m.Effect == RefundDone {
		t, err := c.Transaction(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		move.Kind, move.ParentID, move.Code = "refund", t.OriginalID, ""
		return []payments.Movement{move}, nil
	}
	if m.Status != payments.Succeeded {
		return nil, nil
	}
	all := []payments.Movement{move}
	for _, d := range takenBack(Transaction{ID: row.ID, Status: row.Status, Settled: row.Amount}, m) {
		if d.Status != "won" {
			all = append(all, payments.Movement{Kind: "dispute", ObjectID: d.ObjectID, ParentID: row.ID, Amount: d.Amount, Currency: d.Currency, At: row.SubmittedAt})
		}
	}
	return all, nil
}

// currency is the account's one currency.
func (a *Account) currency(ctx context.Context) (ledger.Currency, error) {
	if c := a.client.cfg.Currency; c != "" {
		return c, nil
	}
	all, err := a.client.currencies(ctx)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", fmt.Errorf("the account has %d currencies, and its lists do not say which: %w", len(all), ErrInput)
	}
	return all[0], nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
