-- A code mailed to a contact, for what needs more than a session; the proof of a new address by the same means; and what was typed into a form
-- whose session had ended, or that needs a code first.
--
-- Operator: nothing waits; columns are added without a rewrite, and the checks on mails look at new rows only.

-- +goose Up

-- Whether a session may do what needs a code is a time, not a level: it runs out long before the session, and every act asks for it by the
-- database's clock in its own transaction. The session that passes gets another id and cookie all the same.
ALTER TABLE crm_client_portal_sessions
    ADD COLUMN stepped_up_at  timestamptz,                     -- when its code was typed
    ADD COLUMN step_up_until  timestamptz,                     -- until when it needs no other
    ADD COLUMN step_up_target text NOT NULL DEFAULT '' CHECK (length(step_up_target) <= 200); -- where its reader was going when a code was asked for

-- One mailed code. Neither the code nor a hash of it is stored: it is derived from the id. Rows go after a day, when no limit counts them any more.
CREATE TABLE step_ups (
    tenant_id     text NOT NULL,
    id            text NOT NULL,
    company_id    text NOT NULL,
    contact_id    text NOT NULL,
    session_id    text NOT NULL,            -- the only one that it is good for
    purpose       text NOT NULL CHECK (purpose IN ('session', 'email')),
    email         text CHECK (length(email) BETWEEN 3 AND 254), -- the new address that is to be proven
    key_id        text NOT NULL,            -- which key of the ring the code is derived with
    tries         smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    superseded_at timestamptz,              -- a newer one was sent
    passed_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((purpose = 'email') = (email IS NOT NULL)),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES crm_client_portal_sessions (tenant_id, id)
);
CREATE INDEX step_ups_by_contact ON step_ups (tenant_id, contact_id, created_at);

-- What somebody typed, sealed. One row for each form of a contact in a browser, gone after an hour or once it was shown again.
CREATE TABLE form_drafts (
    tenant_id    text NOT NULL,
    browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
    company_id   text NOT NULL,
    contact_id   text NOT NULL,
    form         text NOT NULL CHECK (length(form) BETWEEN 1 AND 100),  -- the route's name for it
    path         text NOT NULL CHECK (length(path) BETWEEN 1 AND 200),  -- of the page that shows it again
    body_sealed  bytea NOT NULL CHECK (octet_length(body_sealed) <= 17000),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, browser_hash, contact_id, form, path),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX form_drafts_by_contact ON form_drafts (tenant_id, contact_id, created_at);
CREATE INDEX form_drafts_by_end     ON form_drafts (tenant_id, expires_at);

-- Which kinds of mail there are is the program's to say; only their form is checked here. Any kind may name whom it is to.
ALTER TABLE mails
    ADD COLUMN step_up_id text, -- the code that the mail carries
    DROP CONSTRAINT mails_kind_check,
    ADD CONSTRAINT mails_kind_check CHECK (kind ~ '^[a-z][a-z_]{1,39}$') NOT VALID,
    DROP CONSTRAINT mails_address_kind_check,
    ADD CONSTRAINT mails_address_kind_check CHECK (kind <> 'address_changed' OR address IS NOT NULL) NOT VALID;

ALTER TABLE step_ups    ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_ups    FORCE ROW LEVEL SECURITY;
ALTER TABLE form_drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE form_drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON step_ups    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON form_drafts USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON step_ups, form_drafts TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
