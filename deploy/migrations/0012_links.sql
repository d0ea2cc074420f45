-- Login links belong to the browser that asked for them. For each request the codes that were tried are counted here, whether or not anybody
-- is known by its address, so that neither the count nor its limit tells. Links made before have no browser and work as they did.

-- +goose Up

ALTER TABLE link_requests ADD COLUMN browser_hash bytea CHECK (octet_length(browser_hash) = 32); -- SHA-256 of the asking browser's cookie

ALTER TABLE portal_links
    ADD COLUMN browser_hash bytea CHECK (octet_length(browser_hash) = 32), -- the only browser that may exchange it; NULL: any
    ADD COLUMN request_id   text;                                          -- the request that it answers
CREATE INDEX portal_links_by_browser ON portal_links (tenant_id, browser_hash) WHERE browser_hash IS NOT NULL;

-- Rows go after a day, when no limit counts them any more.
CREATE TABLE link_codes (
    tenant_id    text NOT NULL REFERENCES tenants (id),
    id           text NOT NULL,          -- of the request
    browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
    subject_hash bytea NOT NULL CHECK (octet_length(subject_hash) = 32), -- keyed hash of the address asked for
    tries        smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX link_codes_by_browser ON link_codes (tenant_id, browser_hash, created_at);
CREATE INDEX link_codes_by_subject ON link_codes (tenant_id, subject_hash, created_at);
CREATE INDEX link_codes_by_age     ON link_codes (tenant_id, created_at);

ALTER TABLE link_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE link_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON link_codes USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON link_codes TO tollhouse_app;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
