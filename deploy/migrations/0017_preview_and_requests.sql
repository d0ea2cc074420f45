-- A tenant's own people may look at the portal as it appears to one of their client's contacts: one link that works once, one short session that
-- changes nothing, both in a table of their own, so that no statement about a contact's sessions or links ever meets them. And whoever was handed
-- somebody else's link may ask for access of their own; the tenant decides.
--
-- Operator: nothing waits; the column is added without a rewrite.

-- +goose Up

CREATE TABLE portal_previews (
    tenant_id       text NOT NULL,
    id              text NOT NULL,
    company_id      text NOT NULL,
    contact_id      text NOT NULL,             -- as whom the portal is looked at
    key_id          text NOT NULL,             -- the API key that asked; revoked, it ends its previews
    document_id     text,                      -- where the preview begins; NULL: the overview
    reason          text NOT NULL DEFAULT '' CHECK (length(reason) <= 200), -- as the tenant's system gave it
    link_hash       bytea NOT NULL CHECK (octet_length(link_hash) = 32),    -- SHA-256 of the URL's token
    created_at      timestamptz NOT NULL DEFAULT now(),
    link_expires_at timestamptz NOT NULL,
    token_hash      bytea CHECK (octet_length(token_hash) = 32),            -- SHA-256 of the cookie; NULL: not opened yet
    host            text NOT NULL DEFAULT '',
    host_epoch      bigint NOT NULL DEFAULT 0,
    opened_at       timestamptz,
    expires_at      timestamptz,
    ended_at        timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, link_hash),
    UNIQUE (tenant_id, token_hash),
    CHECK ((opened_at IS NULL) = (token_hash IS NULL)),
    CHECK ((opened_at IS NULL) = (expires_at IS NULL)),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id)
);

CREATE TABLE access_requests (
    tenant_id  text NOT NULL REFERENCES tenants (id),
    id         text NOT NULL,
    -- 'noted': written down as it came, whatever its link is worth; a job makes it 'pending' or takes it away.
    state      text NOT NULL CHECK (state IN ('noted', 'pending', 'approved', 'dismissed')),
    link_hash  bytea CHECK (octet_length(link_hash) = 32),  -- of the link that was passed on; NULL: a colleague asked
    browser_hash bytea CHECK (octet_length(browser_hash) = 32), -- of the asking browser's cookie, while noted
    company_id text,                                        -- NULL while noted
    asked_by   text,                                        -- the contact who asked for a colleague
    name       text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    ip         inet,
    user_agent text NOT NULL DEFAULT '',
    contact_id text,                                        -- who came of it
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (state = 'noted' OR company_id IS NOT NULL),
    CHECK ((state IN ('approved', 'dismissed')) = (decided_at IS NOT NULL)),
    CHECK ((state = 'approved') = (contact_id IS NOT NULL)),
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, company_id, asked_by) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE UNIQUE INDEX access_requests_one_pending ON access_requests (tenant_id, company_id, lower(email)) WHERE state = 'pending';
CREATE INDEX access_requests_by_company ON access_requests (tenant_id, company_id, created_at);

ALTER TABLE mails ADD COLUMN request_id text; -- the access request that the mail is about

-- step_up: a document's link shows its document, and a mailed code everything else.
ALTER TABLE tenants
    DROP CONSTRAINT tenants_link_mode_check,
    ADD CONSTRAINT tenants_link_mode_check CHECK (link_mode IN ('standard', 'strict', 'step_up')) NOT VALID;

ALTER TABLE portal_previews ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_previews FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON portal_previews USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, UPDATE ON portal_previews TO tollhouse_app;

ALTER TABLE access_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON access_requests USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON access_requests TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
