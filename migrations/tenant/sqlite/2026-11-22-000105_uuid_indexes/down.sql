DROP INDEX contact_uuid_idx;
DROP INDEX tag_uuid_idx;
