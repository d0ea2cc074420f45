-- Login links belong to the browser that asked for them. For each request the codes that were tried are counted here, whether or not anybody
-- is known by its address, so that neither the count nor its limit tells. Links made before have no browser.
-- A document's link is spent when a person confirms its session by a second act, so that a mail scanner that presses the button locks nobody out.

-- +goose Up

ALTER TABLE link_requests ADD COLUMN browser_hash bytea CHECK (octet_length(browser_hash) = 32); -- SHA-256 of the asking browser's cookie

ALTER TABLE portal_links
    ADD COLUMN browser_hash bytea CHECK (octet_length(browser_hash) = 32), -- the only browser that may exchange it; NULL: any
    ADD COLUMN request_id   text,                                          -- the request that it answers
    ADD COLUMN claimed_at   timestamptz,                                   -- first or last exchange; used_at follows when a person confirms it
    ADD COLUMN claimed_by   text;                                          -- the session of that exchange
CREATE INDEX portal_links_by_browser ON portal_links (tenant_id, browser_hash) WHERE browser_hash IS NOT NULL;

-- A document's link opens a provisional session. When it is confirmed, another session takes its place.
ALTER TABLE crm_client_portal_sessions
    ADD COLUMN rendered_at  timestamptz, -- when a provisional session's document was first shown
    ADD COLUMN successor_id text;        -- the confirmed session that took its place
CREATE INDEX crm_client_portal_sessions_by_link      ON crm_client_portal_sessions (tenant_id, link_id) WHERE link_id IS NOT NULL;
CREATE INDEX crm_client_portal_sessions_by_successor ON crm_client_portal_sessions (tenant_id, successor_id) WHERE successor_id IS NOT NULL;

ALTER TABLE tenants ADD COLUMN link_mode text NOT NULL DEFAULT 'standard' CHECK (link_mode IN ('standard', 'strict'));

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
