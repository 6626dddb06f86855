-- What somebody is to do. A priority is kept as its place among the words, so that it sorts by urgency.

ALTER TABLE counter ADD COLUMN task_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN task_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE task (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    description TEXT,
    priority BIGINT NOT NULL,
    status TEXT NOT NULL,
    due_at BIGINT,
    started_at BIGINT,
    completed_at BIGINT,
    account_id BIGINT REFERENCES account (id),
    contact_id BIGINT REFERENCES contact (id),
    lead_id BIGINT REFERENCES lead (id),
    opportunity_id BIGINT REFERENCES opportunity (id),
    ticket_id BIGINT REFERENCES ticket (id),
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE INDEX task_created_at_idx ON task (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX task_updated_at_idx ON task (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX task_title_key_idx ON task (title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX task_priority_idx ON task (priority, id) WHERE deleted_at IS NULL;
CREATE INDEX task_status_idx ON task (status, id) WHERE deleted_at IS NULL;
-- The overdue ones: open, and due before now.
CREATE INDEX task_status_due_at_idx ON task (status, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX task_due_at_idx ON task (due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX task_completed_at_idx ON task (completed_at, id) WHERE deleted_at IS NULL AND completed_at IS NOT NULL;
CREATE INDEX task_account_id_idx ON task (account_id, id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX task_contact_id_idx ON task (contact_id, id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE INDEX task_lead_id_idx ON task (lead_id, id) WHERE deleted_at IS NULL AND lead_id IS NOT NULL;
CREATE INDEX task_opportunity_id_idx ON task (opportunity_id, id) WHERE deleted_at IS NULL AND opportunity_id IS NOT NULL;
CREATE INDEX task_ticket_id_idx ON task (ticket_id, id) WHERE deleted_at IS NULL AND ticket_id IS NOT NULL;
CREATE INDEX task_owner_id_idx ON task (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX task_deleted_idx ON task (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX task_search_prefix_idx ON task (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;

CREATE VIRTUAL TABLE task_search USING fts5 (search_text, content = 'task', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER task_search_insert AFTER INSERT ON task BEGIN
    INSERT INTO task_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER task_search_update AFTER UPDATE OF search_text ON task WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO task_search (task_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO task_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER task_search_delete AFTER DELETE ON task BEGIN
    INSERT INTO task_search (task_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;
