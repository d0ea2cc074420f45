-- The audit log becomes a chain: the hash of each entry covers the entry before it, so that a change, a gap, an insertion or another order
-- shows. One chain a tenant.
--
-- Operator: entries that exist are chained here, in the order of their time; a million takes about a minute, and writers wait for it.

-- +goose Up

-- Where each tenant's chain ends. hash of n = 0 stands before the first entry.
CREATE TABLE audit_heads (
    tenant_id text PRIMARY KEY REFERENCES tenants (id),
    n         bigint NOT NULL CHECK (n >= 0),
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE TABLE audit_chain (
    tenant_id text NOT NULL,
    n         bigint NOT NULL CHECK (n > 0),
    event_id  text NOT NULL,
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, n),
    UNIQUE (tenant_id, event_id),
    FOREIGN KEY (tenant_id, event_id) REFERENCES audit_events (tenant_id, id)
);

-- What the head was at the end of a day, sealed with a key that the database does not have: who rewrites the whole chain cannot rewrite this.
CREATE TABLE audit_anchors (
    tenant_id text NOT NULL REFERENCES tenants (id),
    day       date NOT NULL, -- in UTC
    n         bigint NOT NULL,
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
    key_id    text NOT NULL,
    mac       bytea NOT NULL CHECK (octet_length(mac) = 32),
    made_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, day)
);

-- What the hash of entry n covers beside the hash before it: each field as its length in bytes, a colon and its text, or "-" when it is absent.
-- The program knows the same encoding; a test compares them. PL/pgSQL keeps its plan, where a function in SQL is planned anew at each call.
-- +goose StatementBegin
CREATE FUNCTION audit_bytes(n bigint, e audit_events) RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    micros text := (extract(epoch FROM e.at) * 1000000)::bigint::text;
BEGIN
    RETURN convert_to('audit1'
        || COALESCE(octet_length(n::text) || ':' || n::text, '-')
        || COALESCE(octet_length(e.tenant_id) || ':' || e.tenant_id, '-')
        || COALESCE(octet_length(e.id) || ':' || e.id, '-')
        || COALESCE(octet_length(micros) || ':' || micros, '-')
        || COALESCE(octet_length(e.kind) || ':' || e.kind, '-')
        || COALESCE(octet_length(e.actor) || ':' || e.actor, '-')
        || COALESCE(octet_length(e.actor_id) || ':' || e.actor_id, '-')
        || COALESCE(octet_length(e.company_id) || ':' || e.company_id, '-')
        || COALESCE(octet_length(e.contact_id) || ':' || e.contact_id, '-')
        || COALESCE(octet_length(e.document_id) || ':' || e.document_id, '-')
        || COALESCE(octet_length(e.session_id) || ':' || e.session_id, '-')
        || COALESCE(octet_length(e.link_id) || ':' || e.link_id, '-')
        || COALESCE(octet_length(host(e.ip)) || ':' || host(e.ip), '-')
        || COALESCE(octet_length(e.user_agent) || ':' || e.user_agent, '-')
        || COALESCE(octet_length(e.details::text) || ':' || e.details::text, '-'), 'UTF8');
END
$$;
-- +goose StatementEnd

CREATE FUNCTION audit_genesis(tenant text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sha256(convert_to('audit1 ' || tenant, 'UTF8')) $$;

-- +goose StatementBegin
CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head audit_heads;
BEGIN
    UPDATE audit_heads h SET n = h.n + 1, hash = sha256(h.hash || audit_bytes(h.n + 1, NEW))
        WHERE h.tenant_id = NEW.tenant_id RETURNING * INTO head;
    IF NOT FOUND THEN
        INSERT INTO audit_heads (tenant_id, n, hash) VALUES (NEW.tenant_id, 0, audit_genesis(NEW.tenant_id)) ON CONFLICT DO NOTHING;
        UPDATE audit_heads h SET n = h.n + 1, hash = sha256(h.hash || audit_bytes(h.n + 1, NEW))
            WHERE h.tenant_id = NEW.tenant_id RETURNING * INTO STRICT head;
    END IF;
    INSERT INTO audit_chain (tenant_id, n, event_id, hash) VALUES (head.tenant_id, head.n, NEW.id, head.hash);
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- A head only grows.
-- +goose StatementBegin
CREATE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tenant_id <> OLD.tenant_id OR NEW.n <> OLD.n + 1 THEN
        RAISE EXCEPTION 'the head of an audit chain only grows, by one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

-- The entries that exist. Row-level security binds the owner too.
ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY;
-- +goose StatementBegin
DO $$
DECLARE
    e audit_events;
    head audit_heads;
BEGIN
    FOR e IN SELECT * FROM audit_events ORDER BY tenant_id, at, id LOOP
        IF head.tenant_id IS DISTINCT FROM e.tenant_id THEN
            IF head.tenant_id IS NOT NULL THEN
                INSERT INTO audit_heads VALUES (head.*);
            END IF;
            head.tenant_id := e.tenant_id;
            head.n := 0;
            head.hash := audit_genesis(e.tenant_id);
        END IF;
        head.n := head.n + 1;
        head.hash := sha256(head.hash || audit_bytes(head.n, e));
        INSERT INTO audit_chain (tenant_id, n, event_id, hash) VALUES (head.tenant_id, head.n, e.id, head.hash);
    END LOOP;
    IF head.tenant_id IS NOT NULL THEN
        INSERT INTO audit_heads VALUES (head.*);
    END IF;
END
$$;
-- +goose StatementEnd
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;

-- Deferred, so that the head is locked last and for the shortest time: whatever else a transaction locks, it locks before.
CREATE CONSTRAINT TRIGGER audit_events_link AFTER INSERT ON audit_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_link();
CREATE TRIGGER audit_heads_grow         BEFORE UPDATE ON audit_heads FOR EACH ROW EXECUTE FUNCTION audit_head_grows();
CREATE TRIGGER audit_heads_kept         BEFORE DELETE ON audit_heads FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_heads_no_truncate  BEFORE TRUNCATE ON audit_heads FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_append_only  BEFORE UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_no_truncate  BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_anchors_append_only BEFORE UPDATE OR DELETE ON audit_anchors FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_anchors_no_truncate BEFORE TRUNCATE ON audit_anchors FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE audit_heads   ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads   FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_chain   ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_chain   FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_anchors ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_anchors FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON audit_heads   USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON audit_chain   USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
CREATE POLICY own ON audit_anchors USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
-- Hashes and days only, so that one loop finds whose day has no anchor yet.
CREATE POLICY platform ON audit_heads   FOR SELECT USING (app_platform());
CREATE POLICY platform ON audit_anchors FOR SELECT USING (app_platform());
GRANT SELECT, INSERT, UPDATE ON audit_heads TO tollhouse_app;
GRANT SELECT, INSERT         ON audit_chain, audit_anchors TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
