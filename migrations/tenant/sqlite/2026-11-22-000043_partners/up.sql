-- Who sells with us, or for us. commission_percent is in hundredths of a per cent.

ALTER TABLE counter ADD COLUMN partner_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN partner_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE partner (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    partner_type TEXT,
    status TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    website TEXT,
    contact_name TEXT,
    commission_percent BIGINT,
    notes TEXT,
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX partner_name_key_key ON partner (name_key) WHERE deleted_at IS NULL;
CREATE INDEX partner_created_at_idx ON partner (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_updated_at_idx ON partner (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_partner_type_idx ON partner (partner_type, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_status_idx ON partner (status, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_owner_id_idx ON partner (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_deleted_idx ON partner (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX partner_search_prefix_idx ON partner (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;

CREATE VIRTUAL TABLE partner_search USING fts5 (search_text, content = 'partner', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER partner_search_insert AFTER INSERT ON partner BEGIN
    INSERT INTO partner_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER partner_search_update AFTER UPDATE OF search_text ON partner WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO partner_search (partner_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO partner_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER partner_search_delete AFTER DELETE ON partner BEGIN
    INSERT INTO partner_search (partner_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
