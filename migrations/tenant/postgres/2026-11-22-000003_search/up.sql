-- The search over all nouns begins with names that begin so. A search text's first line is the name; 40 characters tell names apart, and
-- keep long texts out of the index.
CREATE INDEX account_search_prefix_idx ON account (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
CREATE INDEX contact_search_prefix_idx ON contact (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
CREATE INDEX lead_search_prefix_idx ON lead (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_search_prefix_idx ON opportunity (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
