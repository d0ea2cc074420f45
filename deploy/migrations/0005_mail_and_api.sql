-- Mails to be sent, and the answers that the API gives again to a repeated request.

-- +goose Up

-- A row is written in the transaction that causes the mail, beside its job; the text is made when it is sent, so no token is stored.
CREATE TABLE mails (
    tenant_id   text NOT NULL,
    id          text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('invoice', 'login_link', 'portal_link')),
    company_id  text NOT NULL,
    contact_id  text NOT NULL,
    link_id     text,
    document_id text,
    status      text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'dropped')),
    attempts    integer NOT NULL DEFAULT 0,
    unconfirmed integer NOT NULL DEFAULT 0, -- attempts that handed the whole mail over and got no answer: it may have arrived
    last_error  text NOT NULL DEFAULT '' CHECK (length(last_error) <= 500),
    dropped_why text NOT NULL DEFAULT '',   -- one word, like "link_used"; '' unless dropped
    created_at  timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((status = 'dropped') = (dropped_why <> '')),
    CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, link_id) REFERENCES portal_links (tenant_id, id)
);
CREATE INDEX mails_by_contact ON mails (tenant_id, contact_id, created_at);

CREATE TABLE idempotency_keys (
    tenant_id    text NOT NULL REFERENCES tenants (id),
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32), -- method, route, path and body
    status       integer,                   -- NULL while the first request is still at work
    content_type text NOT NULL DEFAULT '',
    response     bytea,                     -- sealed: it may hold a magic link
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);

ALTER TABLE mails            ENABLE ROW LEVEL SECURITY;
ALTER TABLE mails            FORCE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON mails            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON idempotency_keys USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

GRANT SELECT, INSERT, UPDATE         ON mails TO tollhouse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO tollhouse_app;

-- +goose Down
