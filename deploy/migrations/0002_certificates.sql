-- Certificates, ACME accounts, challenge answers and leases. These belong to the platform, not to a tenant: a row is found by the
-- host's name. Private keys are sealed by the program before they reach here; without the key ring this table is of no use.

-- +goose Up

-- One row a name and issuer: key, chain and metadata of one certificate, replaced as a whole and only by a higher fence.
CREATE TABLE certificates (
    host         text NOT NULL,
    issuer       text NOT NULL,             -- the ACME directory, as certmagic names it
    version      bigint NOT NULL DEFAULT 1, -- grows by one a commit
    fence        bigint NOT NULL,           -- of the lease under which this was committed
    serial       text NOT NULL,             -- hex
    not_before   timestamptz NOT NULL,
    not_after    timestamptz NOT NULL,
    renew_at     timestamptz NOT NULL,      -- when the schedule takes it up; moved by what the CA says (RFC 9773)
    refresh_at   timestamptz,               -- when to ask the CA again for that; NULL when it has no say
    chain_pem    bytea NOT NULL,            -- public
    key_sealed   bytea NOT NULL,            -- sealed private key, PEM inside
    metadata     bytea NOT NULL,            -- certmagic's JSON
    previous     bytea,                     -- the generation before, sealed as a whole, for a roll-back by hand
    committed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (host, issuer)
);
CREATE INDEX certificates_renew_at   ON certificates (issuer, renew_at, host);
CREATE INDEX certificates_refresh_at ON certificates (issuer, refresh_at, host) WHERE refresh_at IS NOT NULL;

-- What the CA refused last, so that all nodes together keep to one back-off. A committed certificate ends it.
CREATE TABLE certificate_failures (
    host      text NOT NULL,
    issuer    text NOT NULL,
    failures  integer NOT NULL CHECK (failures > 0),
    reason    text NOT NULL CHECK (length(reason) <= 500),
    failed_at timestamptz NOT NULL DEFAULT now(),
    retry_at  timestamptz NOT NULL,
    PRIMARY KEY (host, issuer)
);

-- Everything else that certmagic keeps: accounts, challenge answers, notes of its own.
CREATE TABLE certificate_objects (
    key         text PRIMARY KEY,
    value       bytea NOT NULL, -- sealed
    modified_at timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz     -- challenge answers only
);
CREATE INDEX certificate_objects_expiry ON certificate_objects (expires_at) WHERE expires_at IS NOT NULL;

-- Who works on a name. fence grows with each new holder and is never reset, so a holder that overslept cannot commit.
CREATE TABLE certificate_leases (
    name       text PRIMARY KEY,
    holder     text,            -- 128 random bits in hex; NULL when free
    fence      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz      -- by the database's clock
);

GRANT SELECT, INSERT, UPDATE, DELETE ON certificates, certificate_failures, certificate_objects, certificate_leases TO tollhouse_app;

-- +goose Down
