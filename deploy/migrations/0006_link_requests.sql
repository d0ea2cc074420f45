-- Requests for a fresh link. Every request is written down and answered alike, whether or not anybody is known by that address; a job finds
-- out afterwards, so the answer tells nothing by its words or its time.

-- +goose Up

CREATE TABLE link_requests (
    tenant_id  text NOT NULL REFERENCES tenants (id),
    id         text NOT NULL,
    email      text CHECK (length(email) <= 254),
    token_hash bytea CHECK (octet_length(token_hash) = 32), -- of the dead link whose contact wants a fresh one
    ip         inet,
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CHECK ((email IS NULL) <> (token_hash IS NULL))
);

ALTER TABLE link_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE link_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON link_requests USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, DELETE ON link_requests TO tollhouse_app;

-- +goose Down
