-- When the tenants' timers are due, so that nobody opens every tenant's database to learn that nothing is. mark counts the entries.
CREATE TABLE agenda (
    tenant_id BIGINT PRIMARY KEY NOT NULL,
    due_at BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    marked_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX agenda_due_at_idx ON agenda (due_at);
-- Whoever has tasks and policies already is found by a look at every tenant once.
INSERT INTO agenda (tenant_id, due_at, mark, marked_at) SELECT id, 0, 1, 0 FROM tenant;
