package authorizenet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Search looks for what a lost answer left behind.
type Search struct {
	Code      string    // of the attempt
	Since     time.Time // when it was first sent, or earlier
	ProfileID string    // the customer's kept profile; "" for none
}

// Find returns every transaction that carries the code, as it is now. None at all is not an error and not a proof either: it means "not seen in
// the lists", and a request that is still under way may appear later. A list that cannot be read is an error, never an empty answer.
//
// The order matters: what settles while we look moves from the first list into a batch, never back.
func (c *Client) Find(ctx context.Context, s Search) ([]Transaction, error) {
	if !isCode(s.Code) || s.Since.IsZero() {
		return nil, fmt.Errorf("looking for %.30q: %w", s.Code, ErrInput)
	}
	ids, err := c.sightings(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", s.Code, err)
	}
	var found []Transaction
	for _, id := range ids {
		t, err := c.Transaction(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", s.Code, err)
		}
		if t.Code == s.Code {
			found = append(found, t)
		}
	}
	return found, nil
}

// sightings are the ids of the transactions that a list shows with the code.
func (c *Client) sightings(ctx context.Context, s Search) ([]string, error) {
	var ids []string
	note := func(rows []Summary) {
		for _, row := range rows {
			if row.Code == s.Code && !slices.Contains(ids, row.ID) {
				ids = append(ids, row.ID)
			}
		}
	}
	rows, err := c.Unsettled(ctx)
	if err != nil {
		return nil, err
	}
	note(rows)
	batches, err := c.Batches(ctx, s.Since.Add(-clockSlack), c.cfg.Now().Add(clockSlack))
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		if rows, err = c.InBatch(ctx, b.ID); err != nil {
			return nil, err
		}
		note(rows)
	}
	if s.ProfileID == "" {
		return ids, nil
	}
	if rows, err = c.OfCustomer(ctx, s.ProfileID); err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	note(rows)
	return ids, nil
}
