-- Addresses that a mail server said do not exist. They are not written to again until the tenant changes or clears them.

-- +goose Up

CREATE TABLE mail_bounces (
    tenant_id    text NOT NULL REFERENCES tenants (id),
    address_hash bytea NOT NULL CHECK (octet_length(address_hash) = 32), -- SHA-256 of the address in lower case: the address itself is its contact's
    mail_id      text NOT NULL,
    code         text NOT NULL CHECK (length(code) BETWEEN 1 AND 20),    -- like "550" or "550 5.1.1"
    bounced_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, address_hash)
);

-- What an address is known by above.
CREATE FUNCTION mail_address_hash(address text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sha256(convert_to(lower(address), 'UTF8')) $$;

ALTER TABLE mail_bounces ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_bounces FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON mail_bounces USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON mail_bounces TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
