-- Tags, and which records carry them. A deleted tag keeps its records, so that restoring it gives it back to them.

ALTER TABLE counter ADD COLUMN tag_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN tag_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE tag (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    color TEXT,
    description TEXT,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX tag_name_key ON tag (name_key) WHERE deleted_at IS NULL;
CREATE INDEX tag_updated_at_idx ON tag (updated_at, id) WHERE deleted_at IS NULL;

CREATE TABLE record_tag (
    entity TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    tag_id BIGINT NOT NULL REFERENCES tag (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (entity, record_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX record_tag_tag_idx ON record_tag (tag_id, entity, record_id);

CREATE VIRTUAL TABLE tag_search USING fts5 (search_text, content = 'tag', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER tag_search_insert AFTER INSERT ON tag BEGIN
    INSERT INTO tag_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER tag_search_update AFTER UPDATE OF search_text ON tag WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO tag_search (tag_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO tag_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER tag_search_delete AFTER DELETE ON tag BEGIN
    INSERT INTO tag_search (tag_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
