DROP TABLE handoff;
ALTER TABLE counter DROP COLUMN handoff_id;
