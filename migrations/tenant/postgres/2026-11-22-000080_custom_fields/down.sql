DROP TABLE custom_value;
DROP TABLE custom_field;
ALTER TABLE counter DROP COLUMN custom_field_live;
ALTER TABLE counter DROP COLUMN custom_field_id;
