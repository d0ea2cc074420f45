-- Custom domains that onboard themselves: proof, checks, history, and the table of steps that a domain's status may take.
--
-- Operator: domains that exist keep their status and are vouched for by you (proven_by = operator), as they were before.

-- +goose Up

ALTER TABLE domains
    ADD COLUMN version       bigint NOT NULL DEFAULT 1,
    ADD COLUMN label         text NOT NULL DEFAULT '' CHECK (label = '' OR label ~ '^[a-z0-9]{16,40}$'),
    ADD COLUMN token         text NOT NULL DEFAULT '' CHECK (length(token) <= 80),
    ADD COLUMN proven_by     text NOT NULL DEFAULT '' CHECK (proven_by IN ('', 'cname', 'txt', 'operator')),
    ADD COLUMN reason        text NOT NULL DEFAULT '' CHECK (length(reason) <= 60),
    ADD COLUMN blocking_on   text NOT NULL DEFAULT 'nobody' CHECK (blocking_on IN ('tenant', 'platform', 'ca', 'nobody')),
    ADD COLUMN before_status text NOT NULL DEFAULT '',
    ADD COLUMN status_at     timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN armed_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN checks        integer NOT NULL DEFAULT 0,
    ADD COLUMN checked_at    timestamptz,
    ADD COLUMN next_check_at timestamptz,
    ADD COLUMN bad_since     timestamptz,
    ADD COLUMN bad_checks    integer NOT NULL DEFAULT 0,
    ADD COLUMN good_since    timestamptz,
    ADD COLUMN report        jsonb;
-- Row-level security binds the owner too: without this the domains that exist would not be seen here.
ALTER TABLE domains NO FORCE ROW LEVEL SECURITY;
UPDATE domains SET proven_by = 'operator' WHERE proven_at IS NOT NULL;
-- A tenant that gave a name up may claim it again while it is in quarantine.
DROP INDEX domains_one_claim_per_tenant;
CREATE UNIQUE INDEX domains_one_claim_per_tenant ON domains (tenant_id, host) WHERE status NOT IN ('deleted', 'quarantined');
CREATE INDEX domains_host ON domains (host);
CREATE INDEX domains_id ON domains (id); -- the operator's list of all, page by page

-- The life cycle. The program has the same table; a test compares them.
CREATE TABLE domain_steps (
    from_status text NOT NULL,
    to_status   text NOT NULL,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO domain_steps (from_status, to_status)
SELECT f, t FROM (VALUES
    ('pending_ownership', '{claim_conflict,pending_dns,timed_out,deleted}'::text[]),
    ('claim_conflict',    '{pending_ownership,pending_dns,timed_out,deleted}'),
    ('timed_out',         '{pending_ownership,deleted}'),
    ('pending_dns',       '{preflight,pending_ownership,timed_out,suspended,quarantined}'),
    ('preflight',         '{issuing,blocked,pending_dns,pending_ownership,suspended,quarantined}'),
    ('blocked',           '{preflight,pending_dns,pending_ownership,timed_out,suspended,quarantined}'),
    ('issuing',           '{deploying,blocked,pending_dns,suspended,quarantined}'),
    ('deploying',         '{active,issuing,moving,suspended,quarantined}'),
    ('active',            '{renewal_failing,degraded,issuing,moving,suspended,quarantined}'),
    ('renewal_failing',   '{active,degraded,issuing,moving,suspended,quarantined}'),
    ('degraded',          '{active,issuing,moving,suspended,quarantined}'),
    ('moving',            '{active,renewal_failing,degraded,issuing,moved,suspended,quarantined}'),
    ('moved',             '{issuing,suspended,quarantined}'),
    ('suspended',         '{pending_dns,preflight,blocked,issuing,deploying,active,renewal_failing,degraded,moving,moved,quarantined}'),
    ('quarantined',       '{deleted}')
) AS s (f, ts), unnest(s.ts) AS t;

-- Several steps may be taken in one statement's transaction, each its own UPDATE.
-- +goose StatementBegin
CREATE FUNCTION domain_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM domain_steps s WHERE s.from_status = OLD.status AND s.to_status = NEW.status) THEN
        RAISE EXCEPTION 'domain %: from % nothing leads to %', NEW.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'domain_step';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER domains_step BEFORE UPDATE ON domains
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION domain_step();

-- What a served host shows is its status and its epoch: a check that changes neither is nothing that nodes need to hear of. The tenant is
-- touched once by a statement, however many of its domains that changes: touching it for each of a thousand took seconds. Its own trigger
-- numbers and announces the change, as before.
DROP TRIGGER domains_directory ON domains;
-- +goose StatementBegin
CREATE FUNCTION domains_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenants t SET directory_seq = t.directory_seq WHERE t.id IN (SELECT d.tenant_id FROM touched d);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION domains_changed_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenants t SET directory_seq = t.directory_seq
    WHERE t.id IN (SELECT d.tenant_id FROM (
        SELECT n.tenant_id, n.id, n.host, n.status, n.epoch FROM after_change n
        EXCEPT
        SELECT o.tenant_id, o.id, o.host, o.status, o.epoch FROM before_change o) d);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER domains_directory_changed AFTER UPDATE ON domains REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
    FOR EACH STATEMENT EXECUTE FUNCTION domains_changed_touch();
CREATE TRIGGER domains_directory_added AFTER INSERT ON domains REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION domains_touch();
CREATE TRIGGER domains_directory_removed AFTER DELETE ON domains REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION domains_touch();

CREATE TABLE domain_history (
    tenant_id   text NOT NULL,
    domain_id   text NOT NULL,
    n           bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    from_status text NOT NULL DEFAULT '', -- '' for the first
    to_status   text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, domain_id, n),
    FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO domain_history (tenant_id, domain_id, at, to_status)
    SELECT d.tenant_id, d.id, d.created_at, d.status FROM domains d;
ALTER TABLE domain_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE domain_history FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON domain_history USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());

-- When each domain is looked at next, and how the names are doing as a whole. It holds ids only, so that one loop on any node can take up
-- work of every tenant without seeing any tenant's rows.
CREATE TABLE domain_checks (
    tenant_id  text NOT NULL,
    domain_id  text NOT NULL,
    due_at     timestamptz NOT NULL,
    served     boolean NOT NULL DEFAULT false, -- has been proven by DNS and is live: counts for the brake
    checked_at timestamptz,
    bad_since  timestamptz,
    PRIMARY KEY (tenant_id, domain_id),
    FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO domain_checks (tenant_id, domain_id, due_at)
    SELECT d.tenant_id, d.id, now() FROM domains d WHERE d.status <> 'deleted';
ALTER TABLE domains FORCE ROW LEVEL SECURITY;
CREATE INDEX domain_checks_due ON domain_checks (due_at);
CREATE INDEX domain_checks_bad ON domain_checks (bad_since) WHERE bad_since IS NOT NULL;

-- The brake: when too many names turn bad at once it is our resolver that is wrong. While tripped_at is set, no domain is lost.
CREATE TABLE domain_brake (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    tripped_at  timestamptz,
    turned      integer NOT NULL DEFAULT 0, -- names that had turned bad when it tripped
    of_names    integer NOT NULL DEFAULT 0,
    accepted_at timestamptz                 -- an operator says that what had turned bad by then is really so
);
INSERT INTO domain_brake DEFAULT VALUES;

GRANT SELECT                         ON domain_steps   TO tollhouse_app;
GRANT SELECT, INSERT                 ON domain_history TO tollhouse_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON domain_checks  TO tollhouse_app;
GRANT SELECT, UPDATE                 ON domain_brake   TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
