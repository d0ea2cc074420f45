-- Payments through a processor: a tenant's connection to Stripe or Authorize.Net, saved methods, what was asked of the processor and what it said,
-- refunds, disputes, receipts, and the ledger's entries for them.
--
-- Operator: the checks on payments and ledger_entries are replaced by wider ones that look at new rows only; nothing is rewritten.

-- +goose Up

-- What a tenant lets its clients do when they pay.
ALTER TABLE tenants
    ADD COLUMN partial_payments boolean NOT NULL DEFAULT false,
    ADD COLUMN partial_minimum  bigint  NOT NULL DEFAULT 0 CHECK (partial_minimum >= 0); -- minor units of the invoice's currency

-- A tenant's account at a processor. Credentials are sealed by the program, with the row's ids as additional data.
CREATE TABLE payment_connections (
    tenant_id       text NOT NULL REFERENCES tenants (id),
    id              text NOT NULL,
    processor       text NOT NULL CHECK (processor IN ('stripe', 'authorize_net')),
    live            boolean NOT NULL,
    status          text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'broken', 'disconnected')),
    account_id      text NOT NULL CHECK (length(account_id) BETWEEN 1 AND 120), -- as the processor knows it
    public_key      text NOT NULL DEFAULT '' CHECK (length(public_key) <= 255), -- what a browser may see
    credentials     bytea NOT NULL,          -- sealed
    webhook_hash    bytea NOT NULL CHECK (octet_length(webhook_hash) = 32), -- SHA-256 of the token in the address that events come to, which also names the tenant
    webhook_ref     text NOT NULL DEFAULT '' CHECK (length(webhook_ref) <= 120), -- of the endpoint at the processor, '' when it is registered by hand
    currencies      text[] NOT NULL DEFAULT '{}', -- what it takes; empty: whatever is asked
    bank_debits     boolean NOT NULL DEFAULT false,
    trouble_code    text NOT NULL DEFAULT '' CHECK (length(trouble_code) <= 60),
    trouble_since   timestamptz,
    checked_at      timestamptz,
    last_event_at   timestamptz,
    refused_events  bigint NOT NULL DEFAULT 0, -- whose signature did not fit
    created_at      timestamptz NOT NULL DEFAULT now(),
    disconnected_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((status = 'disconnected') = (disconnected_at IS NOT NULL))
);
CREATE UNIQUE INDEX payment_connections_one ON payment_connections (tenant_id) WHERE status <> 'disconnected';

-- A client at a processor: one a connection.
CREATE TABLE processor_customers (
    tenant_id     text NOT NULL,
    connection_id text NOT NULL,
    company_id    text NOT NULL,
    customer_id   text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 120),
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, connection_id, company_id),
    UNIQUE (tenant_id, connection_id, customer_id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES payment_connections (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id)
);

-- A saved method of a client. A row exists only once the processor confirmed it.
CREATE TABLE payment_methods (
    tenant_id     text NOT NULL,
    id            text NOT NULL,
    connection_id text NOT NULL,
    company_id    text NOT NULL,
    added_by      text,                     -- contact
    processor_ref text NOT NULL CHECK (length(processor_ref) BETWEEN 1 AND 120),
    kind          text NOT NULL CHECK (kind IN ('card', 'bank')),
    brand         text NOT NULL DEFAULT '' CHECK (length(brand) <= 60), -- "visa", or the bank's name
    last4         text NOT NULL DEFAULT '' CHECK (last4 ~ '^[0-9]{0,4}$'),
    exp_month     smallint CHECK (exp_month BETWEEN 1 AND 12),
    exp_year      smallint CHECK (exp_year BETWEEN 2000 AND 2200),
    status        text NOT NULL CHECK (status IN ('active', 'pending_verification', 'removed', 'gone')),
    is_default    boolean NOT NULL DEFAULT false,
    verify_by     timestamptz,              -- when small deposits have arrived, for pending_verification
    setup_ref     text NOT NULL DEFAULT '' CHECK (length(setup_ref) <= 120), -- what the verification is asked of
    mandate       text NOT NULL DEFAULT '' CHECK (length(mandate) <= 2000), -- the text that was agreed to
    mandate_ip    inet,
    mandate_agent text NOT NULL DEFAULT '' CHECK (length(mandate_agent) <= 400),
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, company_id, id),
    CHECK (NOT is_default OR status = 'active'),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES payment_connections (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, added_by) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE UNIQUE INDEX payment_methods_one_default ON payment_methods (tenant_id, company_id) WHERE is_default;
CREATE UNIQUE INDEX payment_methods_once ON payment_methods (tenant_id, connection_id, processor_ref) WHERE status IN ('active', 'pending_verification');
CREATE INDEX payment_methods_by_company ON payment_methods (tenant_id, company_id, id);

-- Whether a payment in this status still holds money on its invoices, and whether a person is at it.
CREATE FUNCTION payment_live(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT status IN ('reserved', 'submitting', 'requires_action', 'requires_verification', 'processing', 'held_review', 'unknown') $$;
CREATE FUNCTION payment_interactive(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT status IN ('reserved', 'submitting', 'requires_action', 'unknown') $$;

ALTER TABLE payments
    DROP CONSTRAINT payments_status_check,
    ADD CONSTRAINT payments_status_check CHECK (payment_live(status) OR status IN ('succeeded', 'failed', 'canceled', 'rejected')) NOT VALID,
    ADD COLUMN refunded   bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0), -- Σ of its refunds that are done
    ADD COLUMN refunding  bigint NOT NULL DEFAULT 0 CHECK (refunding >= 0), -- Σ of its refunds that may still happen
    ADD COLUMN reversed   bigint NOT NULL DEFAULT 0 CHECK (reversed >= 0), -- taken back by a bank: returns, and disputes that are open or lost
    ADD COLUMN credited   bigint NOT NULL DEFAULT 0 CHECK (credited >= 0), -- the part that became the client's credit
    DROP CONSTRAINT payments_kind_check,
    ADD CONSTRAINT payments_kind_check CHECK (kind IN ('manual', 'card', 'bank', 'hosted', 'credit')) NOT VALID,
    ADD COLUMN request_hash bytea CHECK (octet_length(request_hash) = 32), -- what was asked under the key: the same key with another wish is refused
    ADD COLUMN quarantine text NOT NULL DEFAULT '' CHECK (length(quarantine) <= 200), -- why a person must look; '' for nearly all
    ADD CONSTRAINT payments_refunds_check CHECK (refunded <= amount) NOT VALID; -- not refunding: one whose answer was lost may have met one made elsewhere
-- What a day brought, for the comparison with the processor.
CREATE INDEX payments_received ON payments (tenant_id, changed_at) WHERE status = 'succeeded' AND kind <> 'manual';
-- What somebody must still hear the end of.
CREATE INDEX payments_live ON payments (tenant_id, changed_at) WHERE payment_live(status);

-- One try at a processor: written before anything is asked, so that what might have happened can always be asked for. Its status is the payment's.
CREATE TABLE payment_attempts (
    tenant_id      text NOT NULL,
    payment_id     text NOT NULL,
    connection_id  text NOT NULL,
    live           boolean NOT NULL,
    code           text NOT NULL CHECK (code ~ '^A[A-Z2-7]{16}$'), -- what the processor knows it by
    method_id      text,                    -- a saved method; NULL: a new one
    source         text NOT NULL DEFAULT '' CHECK (length(source) <= 255), -- the processor's single-use name of a new method; never a number
    kind           text NOT NULL CHECK (kind IN ('card', 'bank', 'hosted')),
    customer_id    text NOT NULL DEFAULT '' CHECK (length(customer_id) <= 120),
    save_method    boolean NOT NULL DEFAULT false,
    off_session    boolean NOT NULL DEFAULT false,
    mandate        text NOT NULL DEFAULT '' CHECK (length(mandate) <= 2000), -- the text that was agreed to, for a bank account that is kept
    session_id     text,                    -- of the portal, for counting declines; NULL: nobody was there
    params         text NOT NULL DEFAULT '{}' CHECK (length(params) <= 8000), -- all that the processor is told, frozen: sent again it is the same, to the byte
    params_hash    bytea NOT NULL CHECK (octet_length(params_hash) = 32),
    charge_id      text NOT NULL DEFAULT '' CHECK (length(charge_id) <= 120), -- of what was captured
    brand          text NOT NULL DEFAULT '' CHECK (length(brand) <= 60),
    last4          text NOT NULL DEFAULT '' CHECK (last4 ~ '^[0-9]{0,4}$'),
    object_id      text NOT NULL DEFAULT '' CHECK (length(object_id) <= 120), -- at the processor, '' until it is known
    action         bytea,                   -- sealed: where the payer must go, while requires_action or requires_verification
    failure_kind   text NOT NULL DEFAULT '' CHECK (length(failure_kind) <= 60),
    failure_code   text NOT NULL DEFAULT '' CHECK (length(failure_code) <= 60),
    looks          integer NOT NULL DEFAULT 0,
    looked_at      timestamptz,
    unknown_since  timestamptz,
    settles_on     date,                    -- when a bank debit is expected to arrive
    ip             inet,
    user_agent     text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 400),
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, payment_id),
    CONSTRAINT payment_attempts_one_code UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES payment_connections (tenant_id, id),
    FOREIGN KEY (tenant_id, method_id) REFERENCES payment_methods (tenant_id, id)
);
CREATE INDEX payment_attempts_by_session ON payment_attempts (tenant_id, session_id, created_at) WHERE session_id IS NOT NULL;
CREATE UNIQUE INDEX payment_attempts_one_object ON payment_attempts (tenant_id, connection_id, object_id) WHERE object_id <> '';

-- At most one attempt that a person is at, an invoice.
ALTER TABLE payment_allocations ADD COLUMN interactive boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX payment_allocations_one_interactive ON payment_allocations (tenant_id, invoice_id) WHERE interactive;
GRANT UPDATE (interactive) ON payment_allocations TO tollhouse_app;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION invoice_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoices i SET in_flight = in_flight + NEW.amount FROM payments p
     WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payment_id AND payment_live(p.status)
       AND i.tenant_id = NEW.tenant_id AND i.id = NEW.invoice_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION payment_allocation_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.interactive := EXISTS (SELECT FROM payments p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payment_id
                                AND p.kind <> 'manual' AND payment_interactive(p.status));
    RETURN NEW;
END
$$;

CREATE FUNCTION payment_allocation_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payment_allocations a SET interactive = payment_interactive(NEW.status)
     WHERE a.tenant_id = NEW.tenant_id AND a.payment_id = NEW.id AND a.interactive <> payment_interactive(NEW.status);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DROP TRIGGER payments_release ON payments;
CREATE TRIGGER payments_release AFTER UPDATE OF status ON payments FOR EACH ROW
    WHEN (payment_live(OLD.status) AND NOT payment_live(NEW.status)) EXECUTE FUNCTION invoice_released();
CREATE TRIGGER payment_allocations_begin BEFORE INSERT ON payment_allocations FOR EACH ROW EXECUTE FUNCTION payment_allocation_begins();
CREATE TRIGGER payments_turn AFTER UPDATE OF status ON payments FOR EACH ROW
    WHEN (NEW.kind <> 'manual' AND payment_interactive(OLD.status) IS DISTINCT FROM payment_interactive(NEW.status)) EXECUTE FUNCTION payment_allocation_turns();

-- What is to be asked of a processor, and when; written in the transaction that leaves something open. Ids only: any node finds what is due of all
-- tenants here, takes it by moving due_at on by a lease, and works as that tenant.
CREATE TABLE payment_looks (
    tenant_id     text NOT NULL REFERENCES tenants (id),
    kind          text NOT NULL CHECK (kind IN ('payment', 'refund', 'event', 'method', 'connection')),
    ref           text NOT NULL CHECK (length(ref) BETWEEN 1 AND 255), -- the row's id; for an event its connection's id, a space and its own
    due_at        timestamptz NOT NULL,
    status        text NOT NULL DEFAULT '', -- what it is looked at for: the payment's or refund's status, for an event 'new' or 'parked'
    since         timestamptz NOT NULL DEFAULT now(), -- since when; status and since are here so that the platform can count what waits
    lease         bigint NOT NULL DEFAULT 0, -- goes up each time somebody takes it, so that a late worker does not put back what another moved on
    PRIMARY KEY (tenant_id, kind, ref)
);
CREATE INDEX payment_looks_due ON payment_looks (due_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON payment_looks TO tollhouse_app;

-- What a processor told us, before it is looked at.
CREATE TABLE processor_events (
    tenant_id     text NOT NULL,
    connection_id text NOT NULL,
    event_id      text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 120),
    kind          text NOT NULL CHECK (length(kind) <= 120),
    object_id     text NOT NULL DEFAULT '' CHECK (length(object_id) <= 120),
    received_at   timestamptz NOT NULL DEFAULT now(),
    done_at       timestamptz,
    tries         integer NOT NULL DEFAULT 0,
    parked_why    text NOT NULL DEFAULT '' CHECK (length(parked_why) <= 200),
    PRIMARY KEY (tenant_id, connection_id, event_id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES payment_connections (tenant_id, id)
);

CREATE TABLE refunds (
    tenant_id    text NOT NULL,
    id           text NOT NULL,
    payment_id   text NOT NULL,
    amount       bigint NOT NULL CHECK (amount > 0),
    status       text NOT NULL CHECK (status IN ('submitting', 'unknown', 'pending', 'succeeded', 'failed')),
    reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
    key          text CHECK (length(key) BETWEEN 1 AND 255),
    object_id    text NOT NULL DEFAULT '' CHECK (length(object_id) <= 120),
    failure_code text NOT NULL DEFAULT '' CHECK (length(failure_code) <= 60),
    reopen       boolean NOT NULL DEFAULT false, -- what is given back is owed again
    outside      boolean NOT NULL DEFAULT false, -- made at the processor, not here
    looks        integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT refunds_one_per_key UNIQUE (tenant_id, key),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);
CREATE UNIQUE INDEX refunds_one_object ON refunds (tenant_id, object_id) WHERE object_id <> '';
CREATE INDEX refunds_by_payment ON refunds (tenant_id, payment_id, id);

-- Money that a bank took back: a card holder's dispute, or a bank debit that was returned.
CREATE TABLE disputes (
    tenant_id  text NOT NULL,
    id         text NOT NULL,
    payment_id text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('dispute', 'return')),
    object_id  text NOT NULL CHECK (length(object_id) BETWEEN 1 AND 120),
    amount     bigint NOT NULL CHECK (amount > 0),
    status     text NOT NULL CHECK (status IN ('open', 'won', 'lost')),
    reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 120),
    opened_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, payment_id, object_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);

CREATE TABLE receipt_counters (
    tenant_id text NOT NULL REFERENCES tenants (id),
    year      integer NOT NULL,
    last      bigint NOT NULL,
    PRIMARY KEY (tenant_id, year)
);
CREATE TABLE receipts (
    tenant_id  text NOT NULL,
    payment_id text NOT NULL,
    number     text NOT NULL CHECK (length(number) BETWEEN 1 AND 40),
    issued_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, payment_id), -- one a payment, ever
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);

-- Money at a processor that belongs to no payment of ours, or differs from it: for the tenant to match.
CREATE TABLE payment_orphans (
    tenant_id     text NOT NULL,
    connection_id text NOT NULL,
    object_id     text NOT NULL CHECK (length(object_id) BETWEEN 1 AND 120),
    kind          text NOT NULL CHECK (kind IN ('charge', 'refund', 'dispute', 'mismatch')),
    amount        bigint NOT NULL,
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    why           text NOT NULL DEFAULT '' CHECK (length(why) <= 200),
    payment_id    text,                     -- the one it differs from, or was matched to
    found_at      timestamptz NOT NULL DEFAULT now(),
    closed_at     timestamptz,
    closed_by     text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, connection_id, object_id, kind),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES payment_connections (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
);

-- The ledger's new kinds. What a client owes more is positive, what reduces it negative; a client's credit is what stands on no invoice.
ALTER TABLE ledger_entries
    DROP CONSTRAINT ledger_entries_kind_check,
    ADD CONSTRAINT ledger_entries_kind_check CHECK (kind IN ('invoice', 'void', 'payment', 'refund', 'reversal', 'reinstatement', 'credit_given',
        'credit_used', 'write_off', 'adjustment')) NOT VALID,
    DROP CONSTRAINT ledger_entries_check,
    ADD CONSTRAINT ledger_entries_sign_check CHECK (CASE WHEN kind IN ('invoice', 'refund', 'reversal') THEN amount > 0
        WHEN kind IN ('void', 'payment', 'reinstatement', 'credit_given', 'write_off') THEN amount < 0 ELSE true END) NOT VALID,
    ADD COLUMN effect text CHECK (length(effect) BETWEEN 1 AND 255); -- what it is the effect of: posted once, however often it is told
CREATE UNIQUE INDEX ledger_entries_effect_once ON ledger_entries (tenant_id, effect, coalesce(invoice_id, '')) WHERE effect IS NOT NULL;
CREATE INDEX ledger_entries_by_payment ON ledger_entries (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_entries_credit ON ledger_entries (tenant_id, company_id, currency) INCLUDE (amount) WHERE invoice_id IS NULL;

-- Credit is moved, never made: what a use takes from the client's account it puts on invoices, to the unit, and it takes no more than is there.
-- +goose StatementBegin
CREATE FUNCTION credit_conserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT COALESCE(sum(e.amount), 0) FROM ledger_entries e WHERE e.tenant_id = NEW.tenant_id AND e.effect = NEW.effect AND e.kind = 'credit_used') <> 0 THEN
        RAISE EXCEPTION 'the use of credit % does not add up to nothing', NEW.effect USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_credit_conserved';
    END IF;
    IF NEW.invoice_id IS NULL AND (SELECT COALESCE(sum(e.amount), 0) FROM ledger_entries e WHERE e.tenant_id = NEW.tenant_id
            AND e.company_id = NEW.company_id AND e.currency = NEW.currency AND e.invoice_id IS NULL) > 0 THEN
        RAISE EXCEPTION 'company % has not that much credit', NEW.company_id USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_credit_covered';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER ledger_entries_credit AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind = 'credit_used') EXECUTE FUNCTION credit_conserved();
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_credit_effect CHECK (kind <> 'credit_used' OR effect IS NOT NULL) NOT VALID;

ALTER TABLE payment_connections ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_connections FORCE ROW LEVEL SECURITY;
ALTER TABLE processor_customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE processor_customers FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_methods     ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_methods     FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_attempts    ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_attempts    FORCE ROW LEVEL SECURITY;
ALTER TABLE processor_events    ENABLE ROW LEVEL SECURITY;
ALTER TABLE processor_events    FORCE ROW LEVEL SECURITY;
ALTER TABLE refunds             ENABLE ROW LEVEL SECURITY;
ALTER TABLE refunds             FORCE ROW LEVEL SECURITY;
ALTER TABLE disputes            ENABLE ROW LEVEL SECURITY;
ALTER TABLE disputes            FORCE ROW LEVEL SECURITY;
ALTER TABLE receipt_counters    ENABLE ROW LEVEL SECURITY;
ALTER TABLE receipt_counters    FORCE ROW LEVEL SECURITY;
ALTER TABLE receipts            ENABLE ROW LEVEL SECURITY;
ALTER TABLE receipts            FORCE ROW LEVEL SECURITY;
ALTER TABLE payment_orphans     ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_orphans     FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON payment_connections USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON processor_customers USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON payment_methods     USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON payment_attempts    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON processor_events    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON refunds             USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON disputes            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON receipt_counters    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON receipts            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON payment_orphans     USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

GRANT SELECT, INSERT, UPDATE ON payment_connections, processor_customers, payment_methods, payment_attempts, processor_events, refunds, disputes,
      receipt_counters, payment_orphans TO tollhouse_app;
GRANT SELECT, INSERT ON receipts TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
