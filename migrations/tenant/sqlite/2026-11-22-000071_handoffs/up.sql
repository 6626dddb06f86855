ALTER TABLE counter ADD COLUMN handoff_id BIGINT NOT NULL DEFAULT 0;

-- The checklist is a JSON list of {"title", "done"}.
CREATE TABLE handoff (
    id INTEGER PRIMARY KEY NOT NULL,
    opportunity_id BIGINT NOT NULL REFERENCES opportunity (id),
    receiver_id BIGINT NOT NULL,
    initiator_id BIGINT NOT NULL,
    notes TEXT,
    checklist TEXT NOT NULL,
    status TEXT NOT NULL,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX handoff_opportunity_id_idx ON handoff (opportunity_id, id);
-- An opportunity is handed over to one person at a time.
CREATE UNIQUE INDEX handoff_pending_key ON handoff (opportunity_id) WHERE status = 'pending';
