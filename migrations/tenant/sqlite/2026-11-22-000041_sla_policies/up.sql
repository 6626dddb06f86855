-- How soon records are to be answered and settled. business_hours is JSON, or null where time always counts.

ALTER TABLE counter ADD COLUMN sla_policy_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN sla_policy_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE sla_policy (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    applies_to TEXT NOT NULL,
    priority TEXT,
    first_response_minutes BIGINT NOT NULL,
    resolution_minutes BIGINT NOT NULL,
    stage_minutes BIGINT,
    warning_percent BIGINT NOT NULL,
    business_hours TEXT,
    is_default BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX sla_policy_name_key_key ON sla_policy (name_key) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_created_at_idx ON sla_policy (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_updated_at_idx ON sla_policy (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_applies_to_idx ON sla_policy (applies_to, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_deleted_idx ON sla_policy (id) WHERE deleted_at IS NOT NULL;

CREATE VIRTUAL TABLE sla_policy_search USING fts5 (search_text, content = 'sla_policy', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER sla_policy_search_insert AFTER INSERT ON sla_policy BEGIN
    INSERT INTO sla_policy_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER sla_policy_search_update AFTER UPDATE OF search_text ON sla_policy WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO sla_policy_search (sla_policy_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO sla_policy_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER sla_policy_search_delete AFTER DELETE ON sla_policy BEGIN
    INSERT INTO sla_policy_search (sla_policy_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
