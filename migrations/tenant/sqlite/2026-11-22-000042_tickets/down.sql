DROP TABLE ticket_comment;
DROP TABLE ticket_search;
DROP TABLE ticket;
ALTER TABLE counter DROP COLUMN ticket_comment_live;
ALTER TABLE counter DROP COLUMN ticket_comment_id;
ALTER TABLE counter DROP COLUMN ticket_live;
ALTER TABLE counter DROP COLUMN ticket_id;
