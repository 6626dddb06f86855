DROP TABLE record_tag;
DROP TABLE tag;
ALTER TABLE counter DROP COLUMN tag_live;
ALTER TABLE counter DROP COLUMN tag_id;
