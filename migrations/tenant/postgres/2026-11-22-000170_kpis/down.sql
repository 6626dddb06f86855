DROP TABLE kpi;
DROP INDEX task_open_idx;
DROP INDEX webhook_uuid_idx;
DROP INDEX task_uuid_idx;
DROP INDEX opportunity_uuid_idx;
DROP INDEX lead_uuid_idx;
DROP INDEX lead_tier_idx;
ALTER TABLE lead DROP COLUMN tier;
