-- Tickets and their comments. A priority is kept as its place among the words, so that it sorts by urgency. A ticket's *_at and *_minutes columns follow from what happened to it.

ALTER TABLE counter ADD COLUMN ticket_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN ticket_live BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN ticket_comment_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN ticket_comment_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE ticket (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_key TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL,
    priority BIGINT NOT NULL,
    category TEXT,
    source TEXT,
    resolution TEXT,
    account_id BIGINT REFERENCES account (id),
    contact_id BIGINT REFERENCES contact (id),
    owner_id BIGINT,
    sla_policy_id BIGINT REFERENCES sla_policy (id),
    first_responded_at BIGINT,
    resolved_at BIGINT,
    closed_at BIGINT,
    reopened_count BIGINT NOT NULL,
    first_response_due_at BIGINT,
    resolution_due_at BIGINT,
    first_response_minutes BIGINT,
    resolution_minutes BIGINT,
    stopped_at BIGINT,
    paused_micros BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE ticket_comment (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    body TEXT NOT NULL,
    is_internal BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE INDEX ticket_created_at_idx ON ticket (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_updated_at_idx ON ticket (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_subject_key_idx ON ticket (subject_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_status_idx ON ticket (status, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_priority_idx ON ticket (priority, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_category_idx ON ticket (category NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_owner_id_idx ON ticket (owner_id NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_account_id_idx ON ticket (account_id, id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX ticket_contact_id_idx ON ticket (contact_id, id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE INDEX ticket_sla_policy_id_idx ON ticket (sla_policy_id, id) WHERE deleted_at IS NULL AND sla_policy_id IS NOT NULL;
CREATE INDEX ticket_resolved_at_idx ON ticket (resolved_at, id) WHERE deleted_at IS NULL AND resolved_at IS NOT NULL;
CREATE INDEX ticket_first_response_due_at_idx ON ticket (first_response_due_at, id) WHERE deleted_at IS NULL AND first_response_due_at IS NOT NULL;
CREATE INDEX ticket_resolution_due_at_idx ON ticket (resolution_due_at, id) WHERE deleted_at IS NULL AND resolution_due_at IS NOT NULL;
CREATE INDEX ticket_deleted_idx ON ticket (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ticket_search_prefix_idx ON ticket (substr(search_text, 1, 40), id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_search_idx ON ticket USING gin (search_text gin_trgm_ops);

CREATE INDEX ticket_comment_ticket_id_idx ON ticket_comment (ticket_id, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_comment_created_at_idx ON ticket_comment (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_comment_deleted_idx ON ticket_comment (id) WHERE deleted_at IS NOT NULL;
