DROP TABLE webhook;
ALTER TABLE counter DROP COLUMN webhook_live;
ALTER TABLE counter DROP COLUMN webhook_id;
