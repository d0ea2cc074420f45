-- What the fleet knows of its nodes and of the certificate authorities: who lives and serves which certificate, what each CA's limits still
-- allow, how each CA is doing, and which certificates are to be revoked. All of it belongs to the platform.

-- +goose Up

CREATE TABLE nodes (
    id            text PRIMARY KEY,
    name          text NOT NULL CHECK (length(name) <= 200), -- the machine's, for people
    started_at    timestamptz NOT NULL DEFAULT now(),
    seen_at       timestamptz NOT NULL DEFAULT now(),        -- by the database's clock
    directory_seq bigint NOT NULL DEFAULT 0,
    clock_skew_ms bigint NOT NULL DEFAULT 0,                  -- its clock less the database's
    seal_key      text NOT NULL DEFAULT ''                    -- id of the key that it seals with
);
CREATE INDEX nodes_seen_at ON nodes (seen_at);

-- A node made a handshake with itself for this host and got this certificate.
CREATE TABLE certificate_sightings (
    host    text NOT NULL,
    node_id text NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    serial  text NOT NULL,
    version bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (host, node_id)
);
CREATE INDEX certificate_sightings_node ON certificate_sightings (node_id);

-- The CA's rate limits as we count them ourselves (GCRA): tat is the theoretical arrival time of a bucket.
CREATE TABLE ca_ledger (
    issuer text NOT NULL,
    bucket text NOT NULL, -- like "orders", "registered:acme.com", "names:billing.acme.com", "failed:billing.acme.com", "tenant:ten_…"
    tat    timestamptz NOT NULL,
    PRIMARY KEY (issuer, bucket)
);
CREATE INDEX ca_ledger_tat ON ca_ledger (tat);

CREATE TABLE ca_health (
    issuer        text PRIMARY KEY,
    failing_since timestamptz, -- NULL: it answered last
    code          text NOT NULL DEFAULT '' CHECK (length(code) <= 60),
    error         text NOT NULL DEFAULT '' CHECK (length(error) <= 500),
    failed_at     timestamptz,
    retry_at      timestamptz, -- the CA's own Retry-After for all names
    ok_at         timestamptz
);

ALTER TABLE certificate_failures ADD COLUMN code text NOT NULL DEFAULT '' CHECK (length(code) <= 60);

-- A certificate to be revoked: its row in certificates is gone by then, in the same transaction.
CREATE TABLE certificate_revocations (
    issuer       text NOT NULL,
    serial       text NOT NULL,
    host         text NOT NULL,
    reason       integer NOT NULL,  -- RFC 5280 section 5.3.1
    chain_pem    bytea NOT NULL,
    key_sealed   bytea,             -- NULL once it is not needed; sealed for its place in certificates, as are the next two
    metadata     bytea NOT NULL,
    previous     bytea,             -- the generation before, to be revoked too; NULL once it is not needed
    not_after    timestamptz NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT '' CHECK (length(error) <= 500),
    revoked_at   timestamptz,
    PRIMARY KEY (issuer, serial)
);
CREATE INDEX certificate_revocations_due ON certificate_revocations (due_at) WHERE revoked_at IS NULL;

CREATE INDEX certificates_not_after    ON certificates (not_after);
CREATE INDEX certificates_committed_at ON certificates (committed_at); -- what a node may not have heard of

GRANT SELECT, INSERT, UPDATE, DELETE ON nodes, certificate_sightings, ca_ledger, ca_health, certificate_revocations TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
