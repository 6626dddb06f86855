-- What a search over everything looks in, as of every other noun.
ALTER TABLE activity ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
UPDATE activity SET search_text = replace(lower(subject || coalesce(chr(10) || body, '')), 'ς', 'σ');

CREATE INDEX activity_search_prefix_idx ON activity (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
CREATE INDEX activity_search_idx ON activity USING gin (search_text gin_trgm_ops);
