ALTER TABLE counter DROP COLUMN sync_log_total;
ALTER TABLE counter DROP COLUMN sync_log_id;
DROP TABLE sync_log;
