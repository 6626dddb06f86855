-- What became of leads that were handed over and not taken over as wished: the error log of family B.
CREATE TABLE sync_log (
    id INTEGER PRIMARY KEY NOT NULL,
    logged_at BIGINT NOT NULL,
    level TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    lead_id BIGINT
);
CREATE INDEX sync_log_logged_at_idx ON sync_log (logged_at, id);
CREATE INDEX sync_log_level_idx ON sync_log (level, id);

ALTER TABLE counter ADD COLUMN sync_log_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN sync_log_total BIGINT NOT NULL DEFAULT 0;
