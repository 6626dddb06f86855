DROP TABLE control_change;
ALTER TABLE control_clock DROP COLUMN change_id;
