package portal

import (
	"net/http"
	"net/url"
	"strconv"

	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
)

// pageSize is how many invoices a page of the list holds.
const pageSize = 25

// longestCursor bounds what is handed on to be decoded.
const longestCursor = 512

// invoicesPage is one page of one tab of the list.
type invoicesPage struct {
	view
	tab  InvoiceTab
	data InvoicesData
	from int // the number of the first row in its tab, from 1
}

// pageOf says where in a list a page is.
type pageOf struct {
	from, to, of int
	first, next  string // addresses; "" for none
}

// columns is what a table of invoices shows beside number, due date and amount.
type columns uint8

const (
	dueColumns  columns = iota // on the home page, where all are due
	listColumns                // issued and status too
)

// invoiceRow is one line of a table of invoices.
type invoiceRow struct {
	ledger.Invoice
	state  ledger.State
	figure ledger.Money // what is to pay, or the total when nothing is
	locale string
	words  *words
}

func (s *Server) showInvoices(w http.ResponseWriter, r *http.Request, session access.Session) error {
	query := r.URL.Query()
	page := invoicesPage{view: s.view(r), tab: tabNamed(query.Get("tab")), from: 1}
	after := query.Get("after")
	if len(after) > longestCursor {
		return access.ErrNotFound
	}
	data, err := s.pages.Invoices(r.Context(), session, InvoiceQuery{Tab: page.tab, After: after, Limit: pageSize, Today: page.today})
	if err != nil {
		return err
	}
	page.signedIn(atInvoices, data.Member)
	page.title, page.data = page.words.Invoices, data
	if from, err := strconv.Atoi(query.Get("from")); after != "" && err == nil && from > 1 {
		page.from = min(from, max(1, data.Counts[page.tab]-len(data.Invoices)+1))
	}
	return s.write(w, r, http.StatusOK, invoicesView(page))
}

// tabNamed returns the tab of a query; what is no tab is the first one.
func tabNamed(name string) InvoiceTab {
	switch tab := InvoiceTab(name); tab {
	case TabProcessing, TabPaid, TabAll:
		return tab
	}
	return TabDue
}

// tabs are the entries above the list, in order.
func (p invoicesPage) tabs() []tabEntry {
	entries := []tabEntry{{TabDue, p.words.TabDue, 0}, {TabProcessing, p.words.TabProcessing, 0},
		{TabPaid, p.words.TabPaid, 0}, {TabAll, p.words.TabAll, 0}}
	for i := range entries {
		entries[i].count = p.data.Counts[entries[i].tab]
	}
	return entries
}

type tabEntry struct {
	tab   InvoiceTab
	name  string
	count int
}

// empty is what a tab says when it holds nothing.
func (p invoicesPage) empty() string {
	switch p.tab {
	case TabProcessing:
		return p.words.EmptyProcessing
	case TabPaid:
		return p.words.EmptyPaid
	case TabAll:
		return p.words.EmptyAll
	}
	return p.words.EmptyDue
}

// pages says where in the tab the page is. A cursor only leads on; the way back is the browser's, or the first page.
func (p invoicesPage) pages() pageOf {
	to := p.from + len(p.data.Invoices) - 1
	pages := pageOf{from: p.from, to: to, of: max(p.data.Counts[p.tab], to)}
	if p.from > 1 {
		pages.first = "/portal/invoices?tab=" + string(p.tab)
	}
	if p.data.Next != "" {
		pages.next = "/portal/invoices?tab=" + string(p.tab) + "&after=" + url.QueryEscape(p.data.Next) + "&from=" + strconv.Itoa(to+1)
	}
	return pages
}
