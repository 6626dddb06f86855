-- Pipelines and stages that people make, rename and delete.
ALTER TABLE counter ADD COLUMN pipeline_id BIGINT NOT NULL DEFAULT 0;
UPDATE counter SET pipeline_id = (SELECT MAX(id) FROM pipeline);

ALTER TABLE pipeline ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE pipeline ADD COLUMN created_by BIGINT;
ALTER TABLE pipeline ADD COLUMN deleted_at BIGINT;
-- Nobody could rename it: it is the one that every tenant starts with.
UPDATE pipeline SET name_key = lower(name);
CREATE UNIQUE INDEX pipeline_name_key ON pipeline (name_key) WHERE deleted_at IS NULL;

ALTER TABLE stage ADD COLUMN created_by BIGINT;
ALTER TABLE stage ADD COLUMN deleted_at BIGINT;
DROP INDEX stage_name_key;
CREATE UNIQUE INDEX stage_name_key ON stage (pipeline_id, name_key) WHERE deleted_at IS NULL;

ALTER TABLE opportunity ADD COLUMN lost_reason TEXT;

-- The sums of the board and of the forecast are read from these alone, in the order in which they are grouped. deleted_at is there because
-- the condition on it is asked of each row, and the date because the month is made of it.
CREATE INDEX opportunity_board_idx ON opportunity (stage_id, currency, probability, amount, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_forecast_idx ON opportunity (
    include_in_forecast, substr(expected_close_date, 1, 7), currency, probability, stage_id, amount, expected_close_date, deleted_at
) WHERE deleted_at IS NULL;
