-- When a session was last used, written with a page's own reads, at most once a minute. And a mail to the address that a contact had until now,
-- which nothing else remembers.
--
-- Operator: nothing waits; the columns are added without a rewrite, and the check on mails looks at new rows only: it takes what the one before took.

-- +goose Up

ALTER TABLE crm_client_portal_sessions ADD COLUMN last_seen_at timestamptz; -- to the minute; NULL: not since it was opened

ALTER TABLE mails
    ADD COLUMN address text CHECK (length(address) BETWEEN 3 AND 254), -- whom it is to; NULL: the contact, at the address that it has then
    DROP CONSTRAINT mails_kind_check,
    ADD CONSTRAINT mails_kind_check CHECK (kind IN ('invoice', 'login_link', 'portal_link', 'address_changed')) NOT VALID,
    ADD CONSTRAINT mails_address_kind_check CHECK ((kind = 'address_changed') = (address IS NOT NULL)) NOT VALID;

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
