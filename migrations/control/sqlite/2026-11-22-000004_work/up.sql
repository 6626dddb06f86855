-- Which tenants' databases may have jobs that are due: whoever adds a job says so here first. mark counts how often somebody did.
CREATE TABLE work (
    tenant_id BIGINT PRIMARY KEY NOT NULL REFERENCES tenant (id),
    due_at BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    marked_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX work_due_at_idx ON work (due_at);
