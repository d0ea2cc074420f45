-- When a session was last used. Written with a page's own reads, at most once a minute.
--
-- Operator: nothing waits; the column is added without a rewrite.

-- +goose Up

ALTER TABLE crm_client_portal_sessions ADD COLUMN last_seen_at timestamptz; -- to the minute; NULL: not since it was opened

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
