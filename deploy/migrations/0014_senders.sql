-- Tenants' own sender addresses: from where a tenant's mails come once its domain publishes the key that signs them.

-- +goose Up

CREATE TABLE sender_domains (
    tenant_id     text PRIMARY KEY REFERENCES tenants (id),
    address       text NOT NULL DEFAULT '' CHECK (length(address) <= 254), -- '' only when off
    name          text NOT NULL DEFAULT '' CHECK (length(name) <= 100),    -- shown before the address; '' is the tenant's
    state         text NOT NULL CHECK (state IN ('off', 'pending', 'verified', 'failing')),
    selector      text,        -- of the key that signs
    next_selector text,        -- of the key that will, once it is seen in DNS
    checks        jsonb NOT NULL DEFAULT '[]',
    created_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL, -- of address, keys or state
    asked_at      timestamptz,          -- when the latest check began
    checked_at    timestamptz,
    seen_at       timestamptz,          -- when the key that signs was last seen
    next_check_at timestamptz,          -- NULL when off
    minted        smallint NOT NULL DEFAULT 0, -- keys made since minted_since: each costs a fraction of a second of CPU
    minted_since  timestamptz NOT NULL,
    CHECK ((state = 'off') = (address = '')),
    CHECK ((state = 'off') = (selector IS NULL)),
    CHECK ((state = 'off') = (next_check_at IS NULL)),
    CHECK (next_selector IS NULL OR state <> 'off'),
    CHECK (state <> 'verified' OR seen_at IS NOT NULL)
);
CREATE INDEX sender_domains_due ON sender_domains (next_check_at) WHERE next_check_at IS NOT NULL;

-- Private keys, sealed; bound to tenant, domain and selector. At most the two that the row above names.
CREATE TABLE sender_keys (
    tenant_id  text NOT NULL REFERENCES sender_domains (tenant_id),
    selector   text NOT NULL CHECK (selector ~ '^[a-z0-9]{1,63}$'),
    domain     text NOT NULL,
    public_key text NOT NULL,
    key_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, selector)
);

ALTER TABLE sender_domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE sender_domains FORCE ROW LEVEL SECURITY;
ALTER TABLE sender_keys    ENABLE ROW LEVEL SECURITY;
ALTER TABLE sender_keys    FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sender_domains USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON sender_keys    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
-- So that one loop finds what is to be checked. The keys stay with their tenants.
CREATE POLICY platform ON sender_domains FOR SELECT USING (app_platform());
GRANT SELECT, INSERT, UPDATE         ON sender_domains TO tollhouse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sender_keys    TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
