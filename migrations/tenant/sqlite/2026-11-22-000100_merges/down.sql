DROP INDEX lead_converted_contact_id_idx;
DROP INDEX lead_converted_account_id_idx;
DROP TABLE merge;
ALTER TABLE counter DROP COLUMN merge_total;
ALTER TABLE counter DROP COLUMN merge_id;
