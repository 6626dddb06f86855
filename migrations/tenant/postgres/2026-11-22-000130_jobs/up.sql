ALTER TABLE counter ADD COLUMN job_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN job_total BIGINT NOT NULL DEFAULT 0;

-- Long work. payload and progress are JSON of each kind's own shape. due_at: when it may begin; of a running job, when its lease ends.
CREATE TABLE job (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    payload TEXT NOT NULL,
    progress TEXT NOT NULL,
    contact_id BIGINT,
    filename TEXT,
    actor TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease TEXT,
    started_at BIGINT,
    finished_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_uuid_key ON job (uuid);
CREATE INDEX job_kind_idx ON job (kind, id);
CREATE INDEX job_state_idx ON job (state, id);
CREATE INDEX job_contact_id_idx ON job (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX job_due_idx ON job (due_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX job_finished_at_idx ON job (finished_at, id) WHERE finished_at IS NOT NULL;
