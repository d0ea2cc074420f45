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
    chain_pem    bytea NOT NULL,            -- public
    key_sealed   bytea NOT NULL,            -- sealed private key, PEM inside
    metadata     bytea NOT NULL,            -- certmagic's JSON
    previous     bytea,                     -- the generation before, sealed as a whole, for a roll-back by hand
    committed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (host, issuer)
);
CREATE INDEX certificates_not_after ON certificates (not_after);

-- Everything else that certmagic keeps: accounts, challenge answers, notes of its own.
CREATE TABLE certificate_objects (
    key         text PRIMARY KEY,
    value       bytea NOT NULL, -- sealed
    modified_at timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz     -- challenge answers only
);

-- Who works on a name. fence grows with each new holder and is never reset, so a holder that overslept cannot commit.
CREATE TABLE certificate_leases (
    name       text PRIMARY KEY,
    holder     text,            -- 128 random bits in hex; NULL when free
    fence      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz      -- by the database's clock
);

GRANT SELECT, INSERT, UPDATE, DELETE ON certificates, certificate_objects, certificate_leases TO tollhouse_app;

-- +goose Down
