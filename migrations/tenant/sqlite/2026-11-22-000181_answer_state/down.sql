ALTER TABLE idempotency DROP COLUMN changed_at;
