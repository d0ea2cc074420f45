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
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX invoices_by_company ON invoices (tenant_id, company_id, due_date, id);
CREATE INDEX invoices_by_birth ON invoices (tenant_id, id);

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
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX payments_by_company ON payments (tenant_id, company_id, id);

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
    effective_on date NOT NULL,             -- in the tenant's time zone
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
