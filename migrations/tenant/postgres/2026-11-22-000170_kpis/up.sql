-- What family E tells of leads, opportunities and tasks. The server fills tier of the leads that are there, and kpi, right after its migrations.
ALTER TABLE lead ADD COLUMN tier TEXT NOT NULL DEFAULT 'D';

CREATE INDEX lead_tier_idx ON lead (tier, id) WHERE deleted_at IS NULL;
-- Family E names records by their uuids, deleted ones too.
CREATE INDEX lead_uuid_idx ON lead (uuid);
CREATE INDEX opportunity_uuid_idx ON opportunity (uuid);
CREATE INDEX task_uuid_idx ON task (uuid);
CREATE INDEX webhook_uuid_idx ON webhook (uuid);
-- Tasks that are still to be done, so that the overdue ones of a period are counted within it.
CREATE INDEX task_open_idx ON task (due_at, created_at, status, deleted_at)
    WHERE deleted_at IS NULL AND status <> 'Completed' AND status <> 'Cancelled';

-- Live records by what they count for: by week and month, by status, by stage. Sums of amounts are in two parts, millions and what is left.
-- Whoever writes the records keeps it.
CREATE TABLE kpi (
    key TEXT PRIMARY KEY NOT NULL,
    count BIGINT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL
);
