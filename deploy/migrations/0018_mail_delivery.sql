-- What became of a mail after a mail server took it: to which address it went, whether it came back, whether it is late. And in which browser
-- somebody asked for a sign-in link, for its mail to say.
--
-- Operator: the columns are added without a rewrite. The two indexes are built while mails wait, about a second for each million of them.

-- +goose Up

ALTER TABLE mails
    ADD COLUMN sent_to     text CHECK (length(sent_to) BETWEEN 3 AND 254), -- the address that it was handed over for; NULL: it never was, or before this was kept
    ADD COLUMN dropped_at  timestamptz,
    ADD COLUMN bounced_at  timestamptz,                                    -- when it came back, after it was sent
    ADD COLUMN bounce_kind text CHECK (bounce_kind IN ('address', 'mail', 'complaint')), -- what was refused: the address, or only this mail; or its reader called it spam
    ADD COLUMN bounce_code text NOT NULL DEFAULT '' CHECK (length(bounce_code) <= 20),   -- like "550 5.1.1"; '' when nobody said
    ADD COLUMN delayed_at  timestamptz,                                    -- when a server said that it is still trying
    ADD COLUMN delay_code  text NOT NULL DEFAULT '' CHECK (length(delay_code) <= 20),
    ADD COLUMN browser     text NOT NULL DEFAULT '' CHECK (length(browser) <= 40), -- of whoever asked for a login link; '' is unknown, or not kept
    ADD COLUMN system      text NOT NULL DEFAULT '' CHECK (length(system) <= 40),
    ADD CONSTRAINT mails_bounce_check CHECK ((bounced_at IS NULL) = (bounce_kind IS NULL)) NOT VALID;

CREATE INDEX mails_by_document ON mails (tenant_id, document_id) WHERE document_id IS NOT NULL;

-- A mail that comes back tells its id, and a MAC over it and its tenant's; whose it is has to be found first.
CREATE INDEX mails_by_id ON mails (id);
CREATE POLICY platform ON mails FOR SELECT USING (app_platform());

-- +goose Down
-- Forward only: a mistake is mended by the next migration.
