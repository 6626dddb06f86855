DROP TABLE sla_policy_search;
DROP TABLE sla_policy;
ALTER TABLE counter DROP COLUMN sla_policy_live;
ALTER TABLE counter DROP COLUMN sla_policy_id;
