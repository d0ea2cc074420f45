package paymentsdb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentsdb"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant"
)

func work(amount int64) []payments.NewLine {
	return []payments.NewLine{{Description: "Work", UnitAmount: amount}}
}

func TestCreateInvoice_KeepsWhatWasComputed(t *testing.T) {
	w := setup(t)
	made, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, ContactID: w.Contact, Currency: "EUR",
		Title: "May", PONumber: "PO 7", Notes: "Thank you\nkindly", DocumentDiscount: 100, Lines: []payments.NewLine{
			{Description: "Design", Quantity: 15000, UnitAmount: 2000, TaxBPS: 825}, {Description: "Print", UnitAmount: 500, Discount: 50}}})
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.Invoice{ID: made.ID, CompanyID: w.Company, ContactID: w.Contact, Number: "INV-2026-000001", Status: ledger.Draft, Currency: "EUR",
		IssueDate: w.Today(), DueDate: w.Today().AddDays(30), Title: "May", PONumber: "PO 7", Notes: "Thank you\nkindly",
		Lines: []ledger.Line{{Description: "Design", Quantity: 15000, UnitAmount: 2000, TaxBPS: 825, Amount: 3000, Tax: 240},
			{Description: "Print", Quantity: 10000, UnitAmount: 500, Discount: 50, Amount: 450}},
		Subtotal: 3500, Discount: 150, DocumentDiscount: 100, Tax: 240, Total: 3590, Version: 1, CreatedAt: paymentstest.Now}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}
}

func TestCreateInvoice_DatesAreTheTenantsZones(t *testing.T) {
	w := setup(t)
	zone, err := time.LoadLocation("Pacific/Auckland") // noon in UTC is the next day there
	if err != nil {
		t.Fatal(err)
	}
	w.Tenant.TimeZone = zone
	if inv := w.Draft(t, 1); inv.IssueDate.String() != "2026-05-04" || inv.DueDate.String() != "2026-06-03" {
		t.Errorf("issued %v, due %v", inv.IssueDate, inv.DueDate)
	}
}

func TestCreateInvoice_TaxesNoExemptCompany(t *testing.T) {
	w := setup(t)
	in := payments.NewInvoice{CompanyID: w.Company, Lines: []payments.NewLine{{Description: "Work", UnitAmount: 1000, TaxBPS: 825}}}
	taxed, err := w.Invoices.CreateInvoice(ctx, w.Tenant, in)
	if err != nil || taxed.Tax != 83 {
		t.Errorf("tax %d, %v", taxed.Tax, err)
	}
	w.Exec(t, `UPDATE companies SET tax_exempt = true WHERE tenant_id = $1 AND id = $2`, w.Tenant.ID, w.Company)
	exempt, err := w.Invoices.CreateInvoice(ctx, w.Tenant, in)
	if err != nil || exempt.Tax != 0 || exempt.Lines[0].TaxBPS != 0 || exempt.Total != 1000 {
		t.Errorf("tax %d, %v", exempt.Tax, err)
	}
}

func TestCreateInvoice_TellsEverythingThatIsWrongAtOnce(t *testing.T) {
	w := setup(t)
	_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{
		Number: "-1", Currency: "usd", IssueDate: w.Today(), DueDate: w.Today().AddDays(-1), Title: strings.Repeat("é", 201), PONumber: "a\x00b",
		Notes: "\xff", DocumentDiscount: -1, Lines: []payments.NewLine{{Description: " ", Quantity: -1, UnitAmount: -1, Discount: -1, TaxBPS: 10001}}})
	var invalid *payments.ValidationError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range invalid.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	want := []string{"company_id required", "number invalid", "currency invalid", "due_date out_of_range", "title too_long", "po_number invalid", "notes invalid",
		"discount out_of_range", "lines[0].description required", "lines[0].quantity out_of_range", "lines[0].unit_amount out_of_range",
		"lines[0].discount out_of_range", "lines[0].tax_bps out_of_range"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		name  string
		lines []payments.NewLine
		want  string
	}{
		{"no lines", nil, "lines out_of_range"},
		{"too many lines", slices.Repeat(work(1), 501), "lines out_of_range"},
		{"a line beyond 64 bits", []payments.NewLine{{Description: "x", Quantity: 20000, UnitAmount: 1 << 62}}, "lines[0] too_large"},
		{"a total beyond 64 bits", []payments.NewLine{{Description: "x", UnitAmount: 1<<63 - 1, TaxBPS: 1}}, "lines too_large"},
		{"a discount above its line", []payments.NewLine{{Description: "x", UnitAmount: 1, Discount: 2}}, "lines[0].discount out_of_range"},
	} {
		_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, Lines: c.lines})
		if !errors.As(err, &invalid) || invalid.Fields[0].Field+" "+invalid.Fields[0].Code != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, Lines: slices.Repeat(work(1), 500)}); err != nil {
		t.Errorf("500 lines: %v", err)
	}
}

func TestCreateInvoice_AcceptsTheLongestTexts(t *testing.T) {
	w := setup(t)
	_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, Number: "A234567890 ._/#-7890",
		Title: strings.Repeat("é", 200), PONumber: strings.Repeat("é", 60), Notes: strings.Repeat("é", 4000),
		Lines: []payments.NewLine{{Description: strings.Repeat("é", 2000), UnitAmount: 1}}})
	if err != nil {
		t.Error(err)
	}
}

func TestNumber_IsTheTenantsNextOfTheIssueYear(t *testing.T) {
	w := setup(t)
	number := func(in payments.NewInvoice) string {
		t.Helper()
		in.CompanyID, in.Lines = w.Company, work(1)
		inv, err := w.Invoices.CreateInvoice(ctx, w.Tenant, in)
		if err != nil {
			t.Fatal(err)
		}
		return inv.Number
	}
	got := []string{number(payments.NewInvoice{}), number(payments.NewInvoice{Number: "INV-2026-000003"}), number(payments.NewInvoice{Number: "Old 7"}),
		number(payments.NewInvoice{}), number(payments.NewInvoice{}),
		number(payments.NewInvoice{IssueDate: ledger.Date{Year: 2025, Month: 12, Day: 31}})}
	want := []string{"INV-2026-000001", "INV-2026-000003", "Old 7", "INV-2026-000002", "INV-2026-000004", "INV-2025-000001"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, Number: "Old 7", Lines: work(1)})
	if !errors.Is(err, payments.ErrNumberTaken) {
		t.Errorf("a taken number: %v", err)
	}
}

func TestNumber_OfManyAtOnceHasNoGapAndNoDouble(t *testing.T) {
	w := setup(t)
	for _, err := range atOnce(30, func(i int) error {
		in := payments.NewInvoice{CompanyID: w.Company, Lines: work(1)}
		if i%10 == 0 { // somebody chooses by hand what the series is about to give
			in.Number = fmt.Sprintf("INV-2026-%06d", 3+i/2)
		}
		_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, in)
		if errors.Is(err, payments.ErrNumberTaken) && in.Number != "" {
			return nil
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	// The series and what was chosen by hand are all there is, and no number is missing before the counter.
	const missing = `SELECT c.last - (SELECT count(*) FROM invoices i WHERE i.tenant_id = $1 AND i.number <= 'INV-2026-' || lpad(c.last::text, 6, '0'))
		FROM invoice_counters c WHERE c.tenant_id = $1`
	if n := w.Int(t, missing, w.Tenant.ID); n != 0 {
		t.Errorf("%d numbers are missing", n)
	}
}

func TestNumber_IsGivenBackWhenTheDraftIsRefused(t *testing.T) {
	w := setup(t)
	broken := errors.New("audit is broken")
	w.Hooks.OnChange = func(context.Context, pgx.Tx, tenant.ID, paymentsdb.Event) error { return broken }
	if _, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, Lines: work(1)}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	w.Hooks.OnChange = nil
	if inv := w.Draft(t, 1); inv.Number != "INV-2026-000001" {
		t.Errorf("the next number is %s", inv.Number)
	}
}

func TestInvoices_TakeAnIDThatIsNoneForUnknown(t *testing.T) {
	w := setup(t)
	for _, id := range []string{"", "inv_\x00", "\xff", strings.Repeat("x", 1<<16)} {
		acts := map[string]func() error{
			"read": func() error { _, err := w.Invoices.Invoice(ctx, w.Tenant, id); return err },
			"send": func() error { _, err := w.Invoices.Send(ctx, w.Tenant, id); return err },
			"void": func() error { _, err := w.Invoices.Void(ctx, w.Tenant, id, ""); return err },
			"pay": func() error {
				_, err := w.Invoices.RecordPayment(ctx, w.Tenant, paymentstest.Payment(id, 1))
				return err
			},
			"settle": func() error { _, err := w.Invoices.Settle(ctx, w.Tenant, id); return err },
			"fail":   func() error { _, err := w.Invoices.Fail(ctx, w.Tenant, id); return err },
			"find":   func() error { _, err := w.Invoices.Payment(ctx, w.Tenant, id); return err },
			"bill": func() error {
				_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: "com_" + id, Lines: work(1)})
				return err
			},
			"address to": func() error {
				_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, ContactID: "con_" + id, Lines: work(1)})
				return err
			},
		}
		for name, act := range acts {
			if err := act(); !errors.Is(err, payments.ErrNotFound) {
				t.Errorf("%s %.20q: %v, want %v", name, id, err, payments.ErrNotFound)
			}
		}
		if listed, err := w.Invoices.Payments(ctx, w.Tenant, id); err != nil || len(listed) != 0 {
			t.Errorf("the payments of %.20q: %d, %v", id, len(listed), err)
		}
		if page, err := w.Invoices.List(ctx, w.Tenant, payments.InvoiceFilter{CompanyID: "com_" + id}); err != nil || len(page.Invoices) != 0 {
			t.Errorf("the list of %.20q: %d, %v", id, len(page.Invoices), err)
		}
	}
}

func TestCreateInvoice_RefusesDaysThatNoCalendarNeeds(t *testing.T) {
	w := setup(t)
	day := func(year int) ledger.Date { return ledger.Date{Year: year, Month: 12, Day: 31} }
	for _, c := range []struct {
		issued, due ledger.Date
		ok          bool
	}{{day(1899), day(1899), false}, {day(9999), ledger.Date{}, false}, {day(1900), day(9999), true}} {
		_, err := w.Invoices.CreateInvoice(ctx, w.Tenant, payments.NewInvoice{CompanyID: w.Company, IssueDate: c.issued, DueDate: c.due, Lines: work(1)})
		var invalid *payments.ValidationError
		if errors.As(err, &invalid) == c.ok {
			t.Errorf("issued %v, due %v: %v", c.issued, c.due, err)
		}
	}
}
