-- Clients, their contacts, magic links, portal sessions and the audit log.

-- +goose Up

CREATE TABLE companies (
    tenant_id      text NOT NULL REFERENCES tenants (id),
    id             text NOT NULL,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    portal_enabled boolean NOT NULL DEFAULT true,
    tax_exempt     boolean NOT NULL DEFAULT false,
    tax_id         text NOT NULL DEFAULT '' CHECK (length(tax_id) <= 60),
    reference      text NOT NULL DEFAULT '' CHECK (length(reference) <= 120), -- the tenant's own number for the client
    address_line1  text NOT NULL DEFAULT '' CHECK (length(address_line1) <= 200),
    address_line2  text NOT NULL DEFAULT '' CHECK (length(address_line2) <= 200),
    city           text NOT NULL DEFAULT '' CHECK (length(city) <= 120),
    region         text NOT NULL DEFAULT '' CHECK (length(region) <= 120),
    postal_code    text NOT NULL DEFAULT '' CHECK (length(postal_code) <= 20),
    country        text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

-- A contact is one person's place at one company. The same address at two companies is two rows.
CREATE TABLE contacts (
    tenant_id  text NOT NULL,
    id         text NOT NULL,
    company_id text NOT NULL,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    email      text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    role       text NOT NULL DEFAULT 'payer' CHECK (role IN ('payer', 'viewer', 'signer')),
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'removed')),
    locale     text NOT NULL DEFAULT '' CHECK (length(locale) <= 35),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, company_id, id), -- so that others can refer to a contact of that company
    FOREIGN KEY (tenant_id, company_id) REFERENCES companies (tenant_id, id)
);
CREATE UNIQUE INDEX contacts_one_address_per_company ON contacts (tenant_id, company_id, lower(email)) WHERE status <> 'removed';
CREATE INDEX contacts_by_address ON contacts (tenant_id, lower(email)) WHERE status = 'active';

-- A magic link. The token is derived from the row's id with a key of the program's ring and never stored: only its SHA-256 is.
CREATE TABLE portal_links (
    tenant_id     text NOT NULL,
    id            text NOT NULL,
    company_id    text NOT NULL,
    contact_id    text NOT NULL,
    purpose       text NOT NULL CHECK (purpose IN ('document', 'login', 'api')),
    document_kind text CHECK (document_kind IN ('invoice', 'estimate', 'contract', 'receipt')),
    document_id   text,
    key_id        text NOT NULL,  -- which key of the ring the token was derived with
    token_hash    bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    session_id    text,           -- the pending session that an API call minted with this link
    created_by    text NOT NULL DEFAULT '', -- API key id, "contact" or "system"
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    revoked_at    timestamptz,
    superseded_at timestamptz,    -- a newer link for the same contact and document was sent
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    CHECK ((document_kind IS NULL) = (document_id IS NULL)),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id)
);
CREATE INDEX portal_links_by_contact ON portal_links (tenant_id, contact_id, created_at);

-- The durable record of portal sessions. Redis holds a copy that requests read; this is what it is refilled from.
CREATE TABLE crm_client_portal_sessions (
    tenant_id    text NOT NULL,
    id           text NOT NULL,
    company_id   text NOT NULL,
    contact_id   text NOT NULL,
    link_id      text,
    host         text NOT NULL DEFAULT '',  -- the only host it is valid on; '' while pending
    host_epoch   bigint NOT NULL DEFAULT 0,
    token_hash   bytea CHECK (octet_length(token_hash) = 32), -- SHA-256 of the cookie; NULL while pending
    level        text NOT NULL DEFAULT 'confirmed' CHECK (level IN ('provisional', 'confirmed')),
    ip           inet,
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,               -- NULL: minted by the API, link not used yet
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_why  text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    CHECK ((activated_at IS NULL) = (token_hash IS NULL)),
    FOREIGN KEY (tenant_id, company_id, contact_id) REFERENCES contacts (tenant_id, company_id, id),
    FOREIGN KEY (tenant_id, link_id) REFERENCES portal_links (tenant_id, id)
);
CREATE INDEX crm_client_portal_sessions_by_contact ON crm_client_portal_sessions (tenant_id, contact_id, created_at);

ALTER TABLE portal_links ADD FOREIGN KEY (tenant_id, session_id) REFERENCES crm_client_portal_sessions (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED;

-- Append-only: the server's role may insert and read, and a trigger refuses the rest to everybody else but an administrator who
-- disables it.
CREATE TABLE audit_events (
    tenant_id   text NOT NULL REFERENCES tenants (id),
    id          text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    kind        text NOT NULL,              -- like "link.used"
    actor       text NOT NULL,              -- "contact", "api", "operator", "system", "anonymous"
    actor_id    text NOT NULL DEFAULT '',   -- contact id or key id
    company_id  text,
    contact_id  text,
    document_id text,
    session_id  text,
    link_id     text,
    ip          inet,
    user_agent  text NOT NULL DEFAULT '',
    details     jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_events_by_session ON audit_events (tenant_id, session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_events_by_company ON audit_events (tenant_id, company_id, id);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE companies                  ENABLE ROW LEVEL SECURITY;
ALTER TABLE companies                  FORCE ROW LEVEL SECURITY;
ALTER TABLE contacts                   ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts                   FORCE ROW LEVEL SECURITY;
ALTER TABLE portal_links               ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_links               FORCE ROW LEVEL SECURITY;
ALTER TABLE crm_client_portal_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_client_portal_sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_events               ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events               FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON companies                  USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON contacts                   USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON portal_links               USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON crm_client_portal_sessions USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON audit_events               USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

GRANT SELECT, INSERT, UPDATE ON companies, contacts, portal_links, crm_client_portal_sessions TO tollhouse_app;
GRANT SELECT, INSERT         ON audit_events TO tollhouse_app;

-- +goose Down
