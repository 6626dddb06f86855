-- Family D names contacts and tags by their uuids, deleted ones too.

CREATE INDEX contact_uuid_idx ON contact (uuid);
CREATE INDEX tag_uuid_idx ON tag (uuid);
