-- Tenants, their brand and policy, custom domains, API keys, and the directory head that orders every change to a served host.
--
-- Operator: the role that runs this must be allowed to create roles once (CREATEROLE), or an administrator creates the group role
-- tollhouse_app (NOLOGIN NOBYPASSRLS) beforehand. The server's own login role must be a member of tollhouse_app and own nothing.

-- +goose Up

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollhouse_app') THEN
        CREATE ROLE tollhouse_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of the same cluster was migrated at the same moment
END
$$;
-- +goose StatementEnd

GRANT USAGE ON SCHEMA public TO tollhouse_app;

-- The tenant of the running transaction. NULLIF, because after a transaction that set it locally the setting is '' and not absent.
CREATE FUNCTION app_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.tenant', true), '') $$;

-- True in a transaction that reads across tenants on purpose: the Directory and the operator's lists. It opens SELECT on the few
-- tables whose policy names it, never a client's data.
CREATE FUNCTION app_platform() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('app.scope', true) IS NOT DISTINCT FROM 'platform' $$;

-- The time that expiry is judged by: the database's clock, so that a node whose own clock is wrong lets nobody in. In test mode the server
-- moves it with its own test clock.
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT now() + COALESCE(NULLIF(current_setting('app.clock_offset', true), ''), '0')::interval $$;

CREATE TABLE tenants (
    id            text PRIMARY KEY,
    slug          text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9])+$' AND length(slug) BETWEEN 3 AND 40),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    time_zone     text NOT NULL DEFAULT 'UTC',
    country       text NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
    locale        text NOT NULL DEFAULT 'en-US',
    currency      text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    test          boolean NOT NULL DEFAULT false,
    -- policy
    session_seconds      bigint  NOT NULL DEFAULT 604800 CHECK (session_seconds BETWEEN 3600 AND 2592000),
    document_link_days   integer NOT NULL DEFAULT 30 CHECK (document_link_days BETWEEN 1 AND 180),
    log_visitors         boolean NOT NULL DEFAULT true,
    payment_instructions text    NOT NULL DEFAULT '' CHECK (length(payment_instructions) <= 4000),
    -- brand
    primary_color text NOT NULL DEFAULT '#1f5fbf' CHECK (primary_color ~ '^#[0-9a-f]{6}$'),
    accent_color  text NOT NULL DEFAULT '#0f766e' CHECK (accent_color ~ '^#[0-9a-f]{6}$'),
    footer_text   text NOT NULL DEFAULT '' CHECK (length(footer_text) <= 1000),
    support_email text NOT NULL DEFAULT '' CHECK (length(support_email) <= 254),
    logo_hash     text CHECK (logo_hash ~ '^[0-9a-f]{64}$'),
    logo_width    integer NOT NULL DEFAULT 0,
    logo_height   integer NOT NULL DEFAULT 0,
    -- The directory head's value when this tenant last changed in a way that a served host shows.
    directory_seq bigint NOT NULL DEFAULT 0,
    epoch         bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_directory_seq ON tenants (directory_seq);

CREATE TABLE logos (
    tenant_id    text NOT NULL REFERENCES tenants (id),
    hash         text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    content_type text NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg')),
    bytes        bytea NOT NULL CHECK (octet_length(bytes) <= 4194304),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, hash)
);

-- Custom hosts. Many tenants may claim a name; one may hold it. The default host <slug>.<platform domain> has no row.
CREATE TABLE domains (
    tenant_id  text NOT NULL REFERENCES tenants (id),
    id         text NOT NULL,
    host       text NOT NULL CHECK (host = lower(host) AND length(host) BETWEEN 4 AND 253),
    status     text NOT NULL CHECK (status IN ('draft', 'pending_ownership', 'claim_conflict', 'pending_dns', 'timed_out', 'preflight',
                   'blocked', 'issuing', 'deploying', 'active', 'renewal_failing', 'degraded', 'moving', 'moved', 'suspended',
                   'quarantined', 'deleted')),
    epoch      bigint NOT NULL DEFAULT 1,
    proven_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX domains_one_holder ON domains (host)
    WHERE status NOT IN ('deleted', 'draft', 'claim_conflict', 'pending_ownership', 'timed_out');
CREATE UNIQUE INDEX domains_one_claim_per_tenant ON domains (tenant_id, host) WHERE status <> 'deleted';

-- One row. Its lock orders the changes, so that "every change up to n" is a meaningful thing for a node to know.
CREATE TABLE directory_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq      bigint NOT NULL
);
INSERT INTO directory_head (seq) VALUES (0);

-- +goose StatementBegin
CREATE FUNCTION directory_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next_seq bigint;
BEGIN
    IF TG_TABLE_NAME = 'domains' THEN
        -- Touch the tenant, whose own trigger numbers and announces the change. Every change locks the tenant first and the head
        -- second, so two changes of one tenant wait for each other instead of deadlocking.
        UPDATE tenants SET directory_seq = directory_seq WHERE id = COALESCE(NEW.tenant_id, OLD.tenant_id);
        RETURN NULL;
    END IF;
    UPDATE directory_head SET seq = seq + 1 RETURNING seq INTO next_seq;
    NEW.directory_seq := next_seq;
    PERFORM pg_notify('directory', next_seq || ' ' || NEW.id);
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER tenants_directory BEFORE INSERT OR UPDATE ON tenants
    FOR EACH ROW EXECUTE FUNCTION directory_touch();
CREATE TRIGGER domains_directory AFTER INSERT OR UPDATE OR DELETE ON domains
    FOR EACH ROW EXECUTE FUNCTION directory_touch();

-- The key itself is shown once and never stored. It begins with its tenant's id, so that the look-up runs as that tenant.
CREATE TABLE api_keys (
    tenant_id    text NOT NULL REFERENCES tenants (id),
    id           text NOT NULL,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, secret_hash)
);

ALTER TABLE tenants  ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants  FORCE ROW LEVEL SECURITY;
ALTER TABLE logos    ENABLE ROW LEVEL SECURITY;
ALTER TABLE logos    FORCE ROW LEVEL SECURITY;
ALTER TABLE domains  ENABLE ROW LEVEL SECURITY;
ALTER TABLE domains  FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY own      ON tenants  USING (id = app_tenant()) WITH CHECK (id = app_tenant());
CREATE POLICY platform ON tenants  FOR SELECT USING (app_platform());
CREATE POLICY own      ON logos    USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own      ON domains  USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY platform ON domains  FOR SELECT USING (app_platform());
CREATE POLICY own      ON api_keys USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

GRANT SELECT, INSERT, UPDATE         ON tenants, domains, api_keys TO tollhouse_app;
GRANT SELECT, INSERT, DELETE         ON logos TO tollhouse_app;
GRANT SELECT, UPDATE                 ON directory_head TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
