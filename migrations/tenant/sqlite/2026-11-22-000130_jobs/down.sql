DROP TABLE job;
ALTER TABLE counter DROP COLUMN job_total;
ALTER TABLE counter DROP COLUMN job_id;
