-- Answers kept for repeated requests that take effect in this database. Sealed: they may hold secrets, and so may the bodies whose digests
-- they keep.
CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (principal, method, path, idempotency_key)
);
CREATE INDEX idempotency_created_at_idx ON idempotency (created_at);
