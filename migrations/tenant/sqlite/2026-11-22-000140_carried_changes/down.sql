ALTER TABLE counter DROP COLUMN control_change_id;
