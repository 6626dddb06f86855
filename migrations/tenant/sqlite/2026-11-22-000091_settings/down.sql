ALTER TABLE counter DROP COLUMN setting_at;
DROP TABLE setting;
