-- A request with an Idempotency-Key now notes, in the transaction of its change, that it was carried out. Before, a process that died between
-- the change and the storing of its answer left a key that looked unused, and the caller's next try did it all a second time.
--
-- Operator: nothing waits; the column is added without a rewrite.

-- +goose Up

ALTER TABLE idempotency_keys ADD COLUMN done_at timestamptz; -- when a change was committed under the key; NULL while there is none

-- +goose Down
