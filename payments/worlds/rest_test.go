package worlds_test

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/payments/paymentstest"
	"tollhouse/tenant/rls"
)

// afterwards is how long banks may still take money back in a world.
const afterwards = 26

// rest lets everything end without further faults, and looks at what there is.
func (w *world) rest() {
	w.calm.Store(true)
	w.line.storm.Store(false)
	w.core.Faults.DisarmAll()
	w.core.Deliveries.Unscript("")
	w.note("the storm is over")
	last := w.Today()
	w.settle()
	for range afterwards {
		w.pass(24 * time.Hour)
		w.work()
	}
	w.settle()
	w.agree()
	w.sound()
	w.parked()
	w.compare(last.AddDays(3))
	w.oldForms()
	w.Exec(w.t, `DELETE FROM payment_looks WHERE tenant_id = $1`, w.Tenant.ID) // the next world has a clock of its own
}

// settle lets time pass until nothing is open.
func (w *world) settle() {
	const open = `SELECT (SELECT count(*) FROM payments WHERE tenant_id = $1 AND payment_live(status))
		+ (SELECT count(*) FROM refunds WHERE tenant_id = $1 AND status NOT IN ('succeeded', 'failed'))
		+ (SELECT count(*) FROM processor_events WHERE tenant_id = $1 AND done_at IS NULL AND parked_why = '')`
	for range 60 {
		w.work()
		if w.Int(w.t, open, w.Tenant.ID) == 0 {
			return
		}
		page, err := w.nodes[0].Payments(ctx, w.Tenant, payments.PaymentFilter{Statuses: []string{payments.HeldReview}, Limit: 200})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, p := range page.Payments {
			w.side.review(p, true)
		}
		w.pass(7 * time.Hour)
	}
	w.t.Error("something is open for ever")
}

func (w *world) work() {
	for range 1000 {
		n, err := w.nodes[w.roll(2)].Work(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	w.t.Fatal("there is always something due")
}

// row is what the ledger has of one payment.
type row struct {
	Code, Status, Quarantine string
	Posted, Back             int64
	Receipts                 int64
}

// agree compares the processor's books with the ledger, payment by payment and in sum.
func (w *world) agree() {
	const q = `
		SELECT a.code, p.status, p.quarantine,
		       COALESCE((SELECT -sum(e.amount) FROM ledger_entries e WHERE e.tenant_id = p.tenant_id AND e.payment_id = p.id AND e.kind IN ('payment', 'credit_given')), 0)::bigint,
		       COALESCE((SELECT sum(e.amount) FROM ledger_entries e WHERE e.tenant_id = p.tenant_id AND e.payment_id = p.id
		                  AND e.kind IN ('refund', 'reversal', 'reinstatement')), 0)::bigint,
		       (SELECT count(*) FROM receipts r WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id)
		  FROM payments p JOIN payment_attempts a ON a.tenant_id = p.tenant_id AND a.payment_id = p.id
		 WHERE p.tenant_id = $1`
	var rows []row
	err := rls.Tx(ctx, w.DB.App, w.Tenant.ID, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, q, w.Tenant.ID)
		if err == nil {
			rows, err = pgx.CollectRows(found, pgx.RowToStructByPos[row])
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	truth := w.side.truth()
	var there, here taken
	for _, r := range rows {
		is := truth[r.Code]
		voided := is == (taken{}) && r.Posted == r.Back // taken back before it was settled: the processor says that there was nothing
		if is != (taken{r.Posted, r.Back}) && !voided {
			w.t.Errorf("payment %s is %s: the processor has %+v, the ledger %d and %d back", r.Code, r.Status, is, r.Posted, r.Back)
		}
		if r.Quarantine != "" {
			w.t.Errorf("payment %s waits for a person: %s", r.Code, r.Quarantine)
		}
		if arrived := r.Posted > 0; arrived != (r.Receipts == 1) || r.Receipts > 1 {
			w.t.Errorf("payment %s: %d posted, %d receipts", r.Code, r.Posted, r.Receipts)
		}
		there.captured, there.back = there.captured+is.captured, there.back+is.back
		here.captured, here.back = here.captured+r.Posted, here.back+r.Back
		if is.captured > 0 {
			w.charges++
		}
	}
	if there.captured-there.back != here.captured-here.back {
		w.t.Errorf("in sum the processor has %+v and the ledger %+v", there, here)
	}
}

// parked lists the messages that nobody could deal with.
func (w *world) parked() {
	const q = `SELECT kind || ' ' || object_id || ': ' || parked_why FROM processor_events WHERE tenant_id = $1 AND parked_why <> ''`
	err := rls.Tx(ctx, w.DB.App, w.Tenant.ID, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, q, w.Tenant.ID)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(found, pgx.RowTo[string])
		for _, why := range all {
			w.t.Errorf("nobody could deal with %s", why)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// sound demands that the rows fit each other.
func (w *world) sound() {
	for what, q := range map[string]string{
		"invoices that took too much": `SELECT count(*) FROM invoices WHERE tenant_id = $1 AND settled + in_flight > total`,
		"invoices whose sum is not the ledger's": `SELECT count(*) FROM invoices i WHERE i.tenant_id = $1 AND i.settled <> (SELECT COALESCE(-sum(e.amount), 0)
			FROM ledger_entries e WHERE e.tenant_id = i.tenant_id AND e.invoice_id = i.id AND e.kind NOT IN ('invoice', 'void'))`,
		"invoices that are still reserved": `SELECT count(*) FROM invoices i WHERE i.tenant_id = $1 AND i.in_flight <> 0`,
		"methods that are a client's twice": `SELECT count(*) FROM (SELECT 1 FROM payment_methods WHERE tenant_id = $1 GROUP BY connection_id, processor_ref
			HAVING count(*) > 1) x`,
	} {
		if n := w.Int(w.t, q, w.Tenant.ID); n != 0 {
			w.t.Errorf("%d %s", n, what)
		}
	}
}

// compare makes the night's comparison of each day on which something was begun: all that differs was planted.
func (w *world) compare(last ledger.Date) {
	found := map[string]bool{}
	for day := ledger.DateIn(paymentstest.Now, time.UTC).AddDays(-1); !last.Before(day); day = day.AddDays(1) {
		r, err := w.nodes[0].Compare(ctx, w.Tenant, day)
		if err != nil {
			w.t.Fatalf("%s: %v", day, err)
		}
		for _, d := range r.Differences {
			if found[d.ObjectID] = true; !w.planted[d.ObjectID] {
				w.t.Errorf("%s: %+v", day, d)
			}
		}
	}
	for id := range w.planted {
		if !found[id] {
			w.t.Errorf("nobody noticed %s, which is no payment of ours", id)
		}
	}
}

// oldForms are sent once more by tabs that were left open: whatever became of them, nothing is taken.
func (w *world) oldForms() {
	before := w.side.truth()
	for _, form := range w.forms {
		f, err := w.store.PayFacts(ctx, w.Tenant.ID, payments.PayQuery{Key: "form:" + form.Nonce, CompanyID: w.Company, Now: w.Time()})
		if err != nil {
			w.t.Fatal(err)
		}
		if f.Known == nil {
			continue
		}
		if p, err := w.nodes[1].Pay(ctx, w.Tenant, form); err == nil && payments.Live(p.Status) {
			w.t.Errorf("an old form's payment %s is %s", p.ID, p.Status)
		}
	}
	if after := w.side.truth(); len(after) != len(before) {
		w.t.Error("an old form took money")
	}
}
