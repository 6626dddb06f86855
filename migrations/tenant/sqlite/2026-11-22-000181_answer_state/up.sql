-- The stamp of the record that a kept answer shows, from which its entity tag is made.
ALTER TABLE idempotency ADD COLUMN changed_at BIGINT;
