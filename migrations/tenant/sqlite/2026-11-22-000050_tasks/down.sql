DROP TABLE task_search;
DROP TABLE task;
ALTER TABLE counter DROP COLUMN task_live;
ALTER TABLE counter DROP COLUMN task_id;
