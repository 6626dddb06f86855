DROP TABLE partner;
ALTER TABLE counter DROP COLUMN partner_live;
ALTER TABLE counter DROP COLUMN partner_id;
