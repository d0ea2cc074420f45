-- Invoices, the ledger that their balances come from, and payments. Amounts are minor units of the row's currency.

-- +goose Up

CREATE TABLE invoice_counters (
    tenant_id text NOT NULL REFERENCES tenants (id),
    year      integer NOT NULL,
    last      bigint NOT NULL,
    PRIMARY KEY (tenant_id, year)
);

CREATE TABLE invoices (
    tenant_id       text NOT NULL,
    id              text NOT NULL,
    company_id      text NOT NULL,
    contact_id      text,                   -- to whom it is addressed; NULL means every payer of the company
    number          text NOT NULL CHECK (number ~ '^[A-Za-z0-9][A-Za-z0-9 ._/#-]{0,19}$'),
    status          text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'void', 'uncollectible')),
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    issue_date      date NOT NULL,
    due_date        date NOT NULL,
    title           text NOT NULL DEFAULT '' CHECK (length(title) <= 200),
    po_number       text NOT NULL DEFAULT '' CHECK (length(po_number) <= 60),
    notes           text NOT NULL DEFAULT '' CHECK (length(notes) <= 4000),
    subtotal        bigint NOT NULL CHECK (subtotal >= 0), -- sum of the lines before discounts and tax
    discount        bigint NOT NULL DEFAULT 0 CHECK (discount >= 0), -- line discounts and the document's
    tax             bigint NOT NULL CHECK (tax >= 0),
    total           bigint NOT NULL CHECK (total = subtotal - discount + tax AND total >= 0),
    document_discount bigint NOT NULL DEFAULT 0 CHECK (document_discount >= 0),
    -- What the ledger and the payments under way add up to. Triggers keep the two sums, nothing else writes them; they are here so that a
    -- row lock on the invoice guards them, and lists of many thousand invoices need no sums.
    settled         bigint NOT NULL DEFAULT 0 CHECK (settled >= 0),
    in_flight       bigint NOT NULL DEFAULT 0 CHECK (in_flight >= 0),
    -- Which list of a client it stands in. The day decides only whether "due" is overdue.
    standing        text NOT NULL GENERATED ALWAYS AS (CASE WHEN status <> 'sent' THEN status WHEN settled >= total THEN 'paid'
                        WHEN settled + in_flight >= total THEN 'processing' ELSE 'due' END) STORED,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    viewed_at       timestamptz,            -- first view by a person of the client, never by staff or a scanner
    voided_at       timestamptz,
    void_reason     text NOT NULL DEFAULT '' CHECK (length(void_reason) <= 500),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, company_id, id),
    CHECK (due_date >= issue_date),
    CHECK (status = 'draft' OR status = 'void' OR sent_at IS NOT NULL),
    -- The last guard against taking money twice. The service refuses first, under the row's lock.
    CONSTRAINT invoices_not_overpaid CHECK (settled + in_flight <= total),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX invoices_by_state ON invoices (tenant_id, standing, id);
-- The client's lists, and what happened lately. A draft, and a draft that was voided, was never sent: it is in none of them.
CREATE INDEX invoices_by_due_date ON invoices (tenant_id, company_id, due_date, id) WHERE sent_at IS NOT NULL;
CREATE INDEX invoices_by_standing ON invoices (tenant_id, company_id, standing, due_date, id) WHERE sent_at IS NOT NULL;
-- Counts of the lists. Without the dates its entries are alike and stored once, so counting ten thousand reads a few pages.
CREATE INDEX invoices_count ON invoices (tenant_id, company_id, standing) WHERE sent_at IS NOT NULL;
CREATE INDEX invoices_by_sending  ON invoices (tenant_id, company_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX invoices_by_voiding  ON invoices (tenant_id, company_id, voided_at) WHERE sent_at IS NOT NULL AND voided_at IS NOT NULL;

CREATE TABLE invoice_lines (
    tenant_id   text NOT NULL,
    invoice_id  text NOT NULL,
    position    integer NOT NULL CHECK (position >= 1),
    description text NOT NULL CHECK (length(description) BETWEEN 1 AND 2000),
    quantity    bigint NOT NULL CHECK (quantity > 0),      -- ten-thousandths: 15000 is 1.5
    unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
    discount    bigint NOT NULL DEFAULT 0 CHECK (discount >= 0),
    tax_bps     integer NOT NULL DEFAULT 0 CHECK (tax_bps BETWEEN 0 AND 10000),
    amount      bigint NOT NULL CHECK (amount >= 0),       -- quantity × unit − discount
    tax         bigint NOT NULL CHECK (tax >= 0),
    PRIMARY KEY (tenant_id, invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);

CREATE TABLE payments (
    tenant_id   text NOT NULL,
    id          text NOT NULL,
    company_id  text NOT NULL,
    contact_id  text,                       -- who paid, when a person did it in the portal
    status      text NOT NULL CHECK (status IN ('processing', 'succeeded', 'failed')),
    kind        text NOT NULL CHECK (kind IN ('manual', 'card', 'bank')),
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    method      text NOT NULL DEFAULT '' CHECK (length(method) <= 120),    -- as people read it: "Visa ending 4242", "Cheque 1042"
    reference   text NOT NULL DEFAULT '' CHECK (length(reference) <= 120),
    received_on date NOT NULL,
    key         text CHECK (length(key) BETWEEN 1 AND 255), -- given by who recorded it: the same key is the same payment
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),         -- when it came to its status
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, company_id, id),
    CONSTRAINT payments_one_per_key UNIQUE (tenant_id, key),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX payments_by_change ON payments (tenant_id, company_id, changed_at);

-- Which part of a payment is meant for which invoice. While the payment is processing this is what is in flight.
CREATE TABLE payment_allocations (
    tenant_id  text NOT NULL,
    company_id text NOT NULL,
    payment_id text NOT NULL,
    invoice_id text NOT NULL,
    amount     bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (tenant_id, payment_id, invoice_id),
    FOREIGN KEY (tenant_id, company_id, payment_id) REFERENCES payments (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, company_id, invoice_id) REFERENCES invoices (tenant_id, company_id, id)
);
CREATE INDEX payment_allocations_by_invoice ON payment_allocations (tenant_id, invoice_id);

-- The only source of balances. A charge is positive, what reduces the debt is negative. Never changed: a mistake is a new entry.
CREATE TABLE ledger_entries (
    tenant_id    text NOT NULL,
    id           text NOT NULL,
    company_id   text NOT NULL,
    invoice_id   text,
    payment_id   text,
    kind         text NOT NULL CHECK (kind IN ('invoice', 'void', 'payment')),
    amount       bigint NOT NULL CHECK (amount <> 0),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    effective_on date NOT NULL,             -- the day of posting in the tenant's time zone: a statement of past days never changes
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CHECK ((kind = 'invoice') = (amount > 0)),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, invoice_id) REFERENCES invoices (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, company_id, payment_id) REFERENCES payments (tenant_id, company_id, id)
);
CREATE INDEX ledger_entries_by_invoice ON ledger_entries (tenant_id, invoice_id);
CREATE INDEX ledger_entries_by_company ON ledger_entries (tenant_id, company_id, effective_on, id);
-- Each effect is posted once, however often it is tried.
CREATE UNIQUE INDEX ledger_entries_once ON ledger_entries (tenant_id, invoice_id, kind) WHERE kind IN ('invoice', 'void');
CREATE UNIQUE INDEX ledger_entries_payment_once ON ledger_entries (tenant_id, payment_id, invoice_id) WHERE kind = 'payment';

CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Keep invoices.settled and invoices.in_flight. Who pays holds the invoices' row locks already, taken in the order of their ids.

-- +goose StatementBegin
CREATE FUNCTION invoice_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoices SET settled = settled - NEW.amount WHERE tenant_id = NEW.tenant_id AND id = NEW.invoice_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION invoice_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoices i SET in_flight = in_flight + NEW.amount FROM payments p
     WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payment_id AND p.status = 'processing'
       AND i.tenant_id = NEW.tenant_id AND i.id = NEW.invoice_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION invoice_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoices i SET in_flight = in_flight - a.amount FROM payment_allocations a
     WHERE a.tenant_id = NEW.tenant_id AND a.payment_id = NEW.id
       AND i.tenant_id = a.tenant_id AND i.id = a.invoice_id;
    RETURN NULL;
END
$$;

-- A sent invoice is frozen: what the client received is what stays. A change is a void and a new invoice.
CREATE FUNCTION invoice_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'draft'
       OR (NEW.tenant_id, NEW.id, NEW.company_id, NEW.number, NEW.currency, NEW.issue_date, NEW.due_date, NEW.title, NEW.po_number, NEW.notes,
           NEW.subtotal, NEW.discount, NEW.document_discount, NEW.tax, NEW.total, NEW.sent_at)
       IS DISTINCT FROM
          (OLD.tenant_id, OLD.id, OLD.company_id, OLD.number, OLD.currency, OLD.issue_date, OLD.due_date, OLD.title, OLD.po_number, OLD.notes,
           OLD.subtotal, OLD.discount, OLD.document_discount, OLD.tax, OLD.total, OLD.sent_at)
    THEN
        RAISE EXCEPTION 'invoice % is %: it is frozen', OLD.id, OLD.status USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION invoice_line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line invoice_lines := COALESCE(NEW, OLD);
BEGIN
    IF EXISTS (SELECT FROM invoices WHERE tenant_id = line.tenant_id AND id = line.invoice_id AND status <> 'draft') THEN
        RAISE EXCEPTION 'invoice % is no draft: its lines are frozen', line.invoice_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN line;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER ledger_entries_settle AFTER INSERT ON ledger_entries FOR EACH ROW
    WHEN (NEW.invoice_id IS NOT NULL AND NEW.kind NOT IN ('invoice', 'void')) EXECUTE FUNCTION invoice_settled();
CREATE TRIGGER payment_allocations_reserve AFTER INSERT ON payment_allocations FOR EACH ROW EXECUTE FUNCTION invoice_reserved();
CREATE TRIGGER payments_release AFTER UPDATE OF status ON payments FOR EACH ROW
    WHEN (OLD.status = 'processing' AND NEW.status <> 'processing') EXECUTE FUNCTION invoice_released();
CREATE TRIGGER invoices_frozen BEFORE UPDATE ON invoices FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION invoice_frozen();
CREATE TRIGGER invoice_lines_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines FOR EACH ROW EXECUTE FUNCTION invoice_line_frozen();

ALTER TABLE invoice_counters    ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_counters    FORCE ROW LEVEL SECURITY;
ALTER TABLE invoices            ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices            FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines       ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines       FORCE ROW LEVEL SECURITY;
ALTER TABLE payments            ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments            FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_allocations FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_entries      ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_entries      FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON invoice_counters    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON invoices            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON invoice_lines       USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON payments            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON payment_allocations USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON ledger_entries      USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

GRANT SELECT, INSERT, UPDATE         ON invoice_counters, invoices, payments TO tollhouse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice_lines TO tollhouse_app;
GRANT SELECT, INSERT                 ON payment_allocations, ledger_entries TO tollhouse_app;

-- +goose Down
