package paymentsdb_test

import (
	"testing"

	"tollhouse/deploy/services/pgtest"
	"tollhouse/payments/paymentstest"
)

func TestSmoke(t *testing.T) {
	w := paymentstest.New(t, pgtest.Clone(t))
	inv := w.Sent(t, 12000)
	p := w.Pay(t, inv.ID, 5000)
	t.Logf("%+v\n%+v", inv, p)
	got, err := w.Invoices.Invoice(t.Context(), w.Tenant, inv.ID)
	t.Logf("%+v %v", got, err)
}
