package authorizenet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tollhouse/payments/ledger"
)

const (
	pageSize    = 1000                // the most that the processor gives
	maxPages    = 100                 // a hundred thousand transactions: more is not one merchant's open day
	batchWindow = 30 * 24 * time.Hour // the processor takes ranges of up to 31 days
	// clockSlack is asked for beyond our own now: a batch that settled in the last seconds by the processor's clock must not fall between the lists.
	clockSlack = time.Hour
)

// Summary is a row of a list.
type Summary struct {
	ID          string
	Status      string // the processor's word
	Code        string // the invoice number
	SubmittedAt time.Time
	Amount      ledger.Money // settled, or to be settled
	Bank        bool
}

// Batch is a settled batch.
type Batch struct {
	ID        string
	State     string // "settledSuccessfully", "settlementError"
	SettledAt time.Time
}

// Unsettled lists every transaction that is in no batch yet, the newest first.
func (c *Client) Unsettled(ctx context.Context) ([]Summary, error) {
	return c.pages(ctx, "getUnsettledTransactionListRequest", func(p paging) any {
		return listUnsettled{c.header(""), newestFirst, p}
	})
}

// InBatch lists a batch's transactions.
func (c *Client) InBatch(ctx context.Context, batchID string) ([]Summary, error) {
	if !isNumeric(batchID) {
		return nil, fmt.Errorf("listing batch %.30q: %w", batchID, ErrInput)
	}
	return c.pages(ctx, "getTransactionListRequest", func(p paging) any {
		return listBatch{c.header(""), batchID, newestFirst, p}
	})
}

// OfCustomer lists the transactions made with a kept profile, settled and not, or ErrNotFound when the profile is gone.
func (c *Client) OfCustomer(ctx context.Context, profileID string) ([]Summary, error) {
	if !isNumeric(profileID) {
		return nil, fmt.Errorf("listing profile %.30q: %w", profileID, ErrInput)
	}
	return c.pages(ctx, "getTransactionListForCustomerRequest", func(p paging) any {
		return listCustomer{c.header(""), profileID, newestFirst, p}
	})
}

// Batches lists the batches that were settled from one moment to another, oldest first.
func (c *Client) Batches(ctx context.Context, from, to time.Time) ([]Batch, error) {
	var all []Batch
	for start := from; start.Before(to); start = start.Add(batchWindow) {
		end := start.Add(batchWindow)
		if end.After(to) {
			end = to
		}
		var got batchesAnswer
		if err := c.ask(ctx, "getSettledBatchListRequest", listBatches{c.header(""), formatTime(start), formatTime(end)}, &got); err != nil {
			return nil, err
		}
		for _, b := range got.Batches {
			at, err := parseTime(b.Settled)
			if err != nil {
				return nil, fmt.Errorf("listing batches: %w: %w", ErrUnknown, err)
			}
			batch := Batch{string(b.ID), string(b.State), at}
			if !slices.Contains(all, batch) { // on the border of two ranges
				all = append(all, batch)
			}
		}
	}
	slices.SortFunc(all, func(a, b Batch) int { return a.SettledAt.Compare(b.SettledAt) })
	return all, nil
}

var newestFirst = sorting{OrderBy: "submitTimeUTC", Descending: true}

// errMoved says that rows left the list while it was read, so that some may have slipped from a page that was not read to one that was.
var errMoved = errors.New("the list changed while it was read")

// pages reads a list to its end. A list that shrinks meanwhile, because a batch settles, is read again.
func (c *Client) pages(ctx context.Context, name string, request func(paging) any) ([]Summary, error) {
	var all []Summary
	var err error
	for range 3 {
		all, err = c.pagesOnce(ctx, name, request)
		if !errors.Is(err, errMoved) {
			return all, err
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
}

func (c *Client) pagesOnce(ctx context.Context, name string, request func(paging) any) ([]Summary, error) {
	var all []Summary
	total := 0
	for page := 1; page <= maxPages; page++ {
		var got summariesAnswer
		if err := c.ask(ctx, name, request(paging{pageSize, page}), &got); err != nil {
			return nil, err
		}
		now, err := strconv.Atoi(string(got.Total))
		if err != nil {
			now = 0
		}
		if now < total {
			return nil, errMoved
		}
		total = now
		for _, w := range got.Transactions {
			s, err := c.summary(w)
			if err != nil {
				return nil, fmt.Errorf("calling %s: %w: %w", name, ErrUnknown, err)
			}
			all = append(all, s)
		}
		if len(got.Transactions) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("calling %s: %w: more than %d transactions", name, ErrUnknown, maxPages*pageSize)
}

func (c *Client) summary(w wireSummary) (Summary, error) {
	at, err := parseTime(w.Submitted)
	if err == nil && !isNumeric(string(w.ID)) {
		err = fmt.Errorf("%.30q is no transaction", w.ID)
	}
	s := Summary{ID: string(w.ID), Status: string(w.Status), Code: string(w.InvoiceNumber), SubmittedAt: at, Bank: w.AccountType == "eCheck"}
	if err == nil {
		s.Amount, err = c.parseAmount(string(w.Amount))
	}
	return s, err
}
