DROP INDEX activity_search_idx;
DROP INDEX activity_search_prefix_idx;
ALTER TABLE activity DROP COLUMN search_text;
