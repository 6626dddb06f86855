ALTER TABLE counter ADD COLUMN timer_id BIGINT NOT NULL DEFAULT 0;
-- The deployment's agenda names this tenant by then; the greatest number while it need not.
ALTER TABLE counter ADD COLUMN agenda_at BIGINT NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE counter ADD COLUMN sla_policy_at BIGINT NOT NULL DEFAULT 0;

-- What is told of records by the clock, once. policy_id: 0 of what follows no policy. cycle sets a promise apart from an earlier one of the same
-- target. What has fired stays, so that it is not told again.
CREATE TABLE timer (
    id INTEGER PRIMARY KEY NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    alarm TEXT NOT NULL,
    target TEXT NOT NULL,
    policy_id BIGINT NOT NULL,
    cycle BIGINT NOT NULL,
    fires_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    fired_at BIGINT
);
CREATE UNIQUE INDEX timer_key ON timer (entity, entity_id, alarm, target, policy_id, cycle);
CREATE INDEX timer_fires_at_idx ON timer (fires_at, id) WHERE fired_at IS NULL;
CREATE INDEX timer_policy_id_idx ON timer (policy_id) WHERE fired_at IS NULL;

-- Kinds of record whose timers are to be found anew, and up to which id that is done; what was due by since is not told.
CREATE TABLE timer_review (
    entity TEXT PRIMARY KEY NOT NULL,
    after_id BIGINT NOT NULL,
    since BIGINT NOT NULL
) WITHOUT ROWID;
-- Of what is there already is told what becomes due from now on.
INSERT INTO timer_review (entity, after_id, since) SELECT 'task', 0, CAST(strftime('%s', 'now') AS BIGINT) * 1000000
    WHERE EXISTS (SELECT 1 FROM task WHERE due_at IS NOT NULL AND deleted_at IS NULL);
INSERT INTO timer_review (entity, after_id, since) SELECT 'ticket', 0, CAST(strftime('%s', 'now') AS BIGINT) * 1000000
    WHERE EXISTS (SELECT 1 FROM sla_policy WHERE applies_to = 'Ticket' AND deleted_at IS NULL);
INSERT INTO timer_review (entity, after_id, since) SELECT 'lead', 0, CAST(strftime('%s', 'now') AS BIGINT) * 1000000
    WHERE EXISTS (SELECT 1 FROM sla_policy WHERE applies_to = 'Lead' AND deleted_at IS NULL);
INSERT INTO timer_review (entity, after_id, since) SELECT 'opportunity', 0, CAST(strftime('%s', 'now') AS BIGINT) * 1000000
    WHERE EXISTS (SELECT 1 FROM sla_policy WHERE applies_to = 'Deal' AND deleted_at IS NULL);
