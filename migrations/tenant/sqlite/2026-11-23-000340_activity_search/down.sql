DROP TRIGGER activity_search_delete;
DROP TRIGGER activity_search_update;
DROP TRIGGER activity_search_insert;
DROP TABLE activity_search;
DROP INDEX activity_search_prefix_idx;
ALTER TABLE activity DROP COLUMN search_text;
