-- What a search over everything looks in, as of every other noun. The program writes it in lower case of every script; of activities that
-- are there already SQLite knows the lower case of ASCII alone, until they are changed.
ALTER TABLE activity ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
UPDATE activity SET search_text = replace(lower(subject || coalesce(char(10) || body, '')), 'ς', 'σ');

CREATE INDEX activity_search_prefix_idx ON activity (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;

CREATE VIRTUAL TABLE activity_search USING fts5 (search_text, content = 'activity', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
INSERT INTO activity_search (rowid, search_text) SELECT id, search_text FROM activity;
CREATE TRIGGER activity_search_insert AFTER INSERT ON activity BEGIN
    INSERT INTO activity_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER activity_search_update AFTER UPDATE OF search_text ON activity WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO activity_search (activity_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO activity_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER activity_search_delete AFTER DELETE ON activity BEGIN
    INSERT INTO activity_search (activity_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
