DROP TABLE timer_review;
DROP TABLE timer;
ALTER TABLE counter DROP COLUMN sla_policy_at;
ALTER TABLE counter DROP COLUMN agenda_at;
ALTER TABLE counter DROP COLUMN timer_id;
