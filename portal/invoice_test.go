package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"tollhouse/portal/portaltest"
	"tollhouse/portal/portaltest/htmlcheck"
)

// invoicePage opens the nth invoice of the plain tenant.
func invoicePage(t *testing.T, n int) htmlcheck.Document {
	t.Helper()
	return newBrowser(t, plainWorld(), portaltest.Full).get("/portal/invoices/"+portaltest.InvoiceID(n)).wants(http.StatusOK, "Invoice INV-2026-").page()
}

func TestInvoice_SaysWhatIsOwedOnIt(t *testing.T) {
	for n, want := range map[int]struct{ status, hero string }{
		1: {"Overdue", "Amount due $1,582.72 Due May 12, 2026, 9 days overdue"},
		2: {"Part paid", "Amount due $1,737.15 Due May 25, 2026, in 4 days"},
		3: {"Due", "Amount due $563.95 Due June 14, 2026, in 24 days $187.98 is on its way to Maple & Stone Studio. There is nothing to do for that part."},
		4: {"Processing", "Payment on its way $816.87 is on its way to Maple & Stone Studio. There is nothing left to do."},
		5: {"Void", "Nothing to pay This invoice was voided on April 16, 2026. It is kept here for your records. Reason: The workshop was called off."},
		6: {"Closed", "Closed This invoice is closed. Ask Maple & Stone Studio if you have a question about it."},
		7: {"Paid", "Paid in full Nothing is left to pay on this invoice. Thank you."},
	} {
		doc := invoicePage(t, n)
		if got := doc.Text(".title .status"); got != want.status {
			t.Errorf("invoice %d is %q, want %q", n, got, want.status)
		}
		if got := doc.Text(".hero"); got != want.hero {
			t.Errorf("invoice %d says %q, want %q", n, got, want.hero)
		}
		if got, due := doc.Count("#how-to-pay"), n <= 3; (got == 1) != due {
			t.Errorf("invoice %d says %d times how to pay", n, got)
		}
		if doc.Count("main button") != 0 {
			t.Errorf("invoice %d has a button that does nothing", n)
		}
	}
}

func TestInvoice_AddsUp(t *testing.T) {
	doc := invoicePage(t, 2)
	var got []string
	for _, row := range doc.All(".totals div") {
		got = append(got, htmlcheck.Text(row))
	}
	want := []string{"Subtotal $2,715.00", "Discount −$37.00", "Tax 8.25% $217.24", "Total $2,895.24",
		"Paid on May 1, 2026 by Accounts payable Visa ending 4242 −$1,158.09", "Amount due $1,737.15"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("totals\n%q, want\n%q", got, want)
	}
	if lines := doc.Count(".lines tbody tr"); lines != 3 {
		t.Errorf("%d lines, want 3", lines)
	}
	if got := doc.Text(".lines tbody .sub"); got != "Less $27.00 discount" {
		t.Errorf("the line's discount reads %q", got)
	}
}

func TestInvoice_SaysHowToPayWithTheNumber(t *testing.T) {
	if got := invoicePage(t, 1).Text("#how-to-pay"); !strings.Contains(got, "Routing number 021000021") || !strings.Contains(got, "INV-2026-000042") {
		t.Errorf("how to pay: %q", got)
	}
	for mail, want := range map[string]string{"help@x.example": "Write to help@x.example and Maple & Stone Studio tells you how to pay.", "": "Please ask Maple & Stone Studio how to pay."} {
		tn := portaltest.Plain()
		tn.Policy.PaymentInstructions, tn.Brand.SupportEmail = "", mail
		doc := newBrowser(t, portaltest.NewWorld(tn), portaltest.Full).get(firstPage).page()
		if got := doc.Text("#how-to-pay p"); got != want {
			t.Errorf("without instructions: %q, want %q", got, want)
		}
	}
}

func TestInvoice_IsNotedAsSeenByAPersonOnly(t *testing.T) {
	world := plainWorld()
	b := newBrowser(t, world, portaltest.Full)
	b.do(http.MethodHead, firstPage, nil)
	if len(world.Viewed) != 0 {
		t.Error("HEAD is noted as a view")
	}
	b.get(firstPage)
	if len(world.Viewed) != 1 {
		t.Error("GET is not noted as a view")
	}
	newBrowser(t, world, portaltest.Empty).get(firstPage).wants(http.StatusNotFound, "There is nothing")
}
