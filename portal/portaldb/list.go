package portaldb

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/portal"
	"tollhouse/portal/access"
	"tollhouse/tenant"
)

// Page sizes of the invoice list.
const (
	pageSize    = 25
	maxPageSize = 100
)

// Invoices returns one page of a tab. What is due comes with the oldest due date first, what is done with the newest. The cursor is a place in
// that order, so rows that appear or leave meanwhile make no other row appear twice or not at all. A cursor that is not this tab's is taken
// for the first page: a stale bookmark should still show invoices. An unknown tab is TabAll.
func (p *Pages) Invoices(ctx context.Context, s access.Session, q portal.InvoiceQuery) (portal.InvoicesData, error) {
	const counts = `
		SELECT i.standing, count(*)
		  FROM invoices i
		 WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.sent_at IS NOT NULL
		 GROUP BY i.standing`
	data := portal.InvoicesData{Counts: noCounts()}
	b := &pgx.Batch{}
	args := begin(b, s, &data.Member)
	limit := pageLimit(q.Limit)
	args["limit"] = limit + 1 // one more shows whether there is a next page
	collect(b, &data.Invoices, paymentsdb.ScanListed, tabQuery(q, args), args)
	b.Queue(counts, args).Query(func(rows pgx.Rows) error { return addCounts(rows, data.Counts) })
	if err := p.read(ctx, s, b, "the invoices"); err != nil {
		return portal.InvoicesData{}, err
	}
	if data.Member.Contact.Role == access.Signer {
		return portal.InvoicesData{Member: data.Member, Counts: noCounts()}, nil
	}
	if len(data.Invoices) > limit {
		data.Invoices = data.Invoices[:limit]
		data.Next = cursor(q.Tab, data.Invoices[limit-1])
	}
	return data, nil
}

func pageLimit(asked int) int {
	if asked <= 0 {
		return pageSize
	}
	return min(asked, maxPageSize)
}

// tabQuery is the list of a tab from its cursor on; it adds the cursor's place to args.
func tabQuery(q portal.InvoiceQuery, args pgx.NamedArgs) string {
	const from = `SELECT ` + paymentsdb.ListedColumns + `
		FROM invoices i WHERE i.tenant_id = @tenant AND i.company_id = @company AND i.sent_at IS NOT NULL`
	query, after, order := from, ` AND (i.due_date, i.id) < (@date, @id)`, ` ORDER BY i.due_date DESC, i.id DESC LIMIT @limit`
	switch q.Tab {
	case portal.TabDue, portal.TabProcessing:
		after, order = ` AND (i.due_date, i.id) > (@date, @id)`, ` ORDER BY i.due_date, i.id LIMIT @limit`
		fallthrough
	case portal.TabPaid:
		query += ` AND i.standing = @tab`
		args["tab"] = string(q.Tab) // the tabs are named like the standings
	}
	if date, id, ok := place(q.Tab, q.After); ok {
		args["date"], args["id"] = date.String(), id
		query += after
	}
	return query + order
}

func noCounts() map[portal.InvoiceTab]int {
	return map[portal.InvoiceTab]int{portal.TabDue: 0, portal.TabProcessing: 0, portal.TabPaid: 0, portal.TabAll: 0}
}

// addCounts counts every standing under All, and under its own tab if it has one.
func addCounts(rows pgx.Rows, counts map[portal.InvoiceTab]int) error {
	var tab portal.InvoiceTab
	var n int
	_, err := pgx.ForEachRow(rows, []any{&tab, &n}, func() error {
		if _, shown := counts[tab]; shown {
			counts[tab] += n
		}
		counts[portal.TabAll] += n
		return nil
	})
	return err
}

// cursor names the place behind an invoice in a tab's order.
func cursor(tab portal.InvoiceTab, inv ledger.Invoice) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(tab) + " " + inv.DueDate.String() + " " + inv.ID))
}

// place reads what cursor wrote for the same tab.
func place(tab portal.InvoiceTab, after string) (due ledger.Date, id string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return due, "", false
	}
	parts := strings.Split(string(raw), " ")
	if len(parts) != 3 || parts[0] != string(tab) || !tenant.ValidID("inv", parts[2]) {
		return due, "", false
	}
	due, err = ledger.ParseDate(parts[1])
	return due, parts[2], err == nil
}
