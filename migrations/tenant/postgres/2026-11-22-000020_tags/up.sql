-- Tags, and which records carry them. A deleted tag keeps its records, so that restoring it gives it back to them.

ALTER TABLE counter ADD COLUMN tag_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN tag_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE tag (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    color TEXT,
    description TEXT,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX tag_name_key ON tag (name_key) WHERE deleted_at IS NULL;
CREATE INDEX tag_updated_at_idx ON tag (updated_at, id) WHERE deleted_at IS NULL;

CREATE TABLE record_tag (
    entity TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    tag_id BIGINT NOT NULL REFERENCES tag (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (entity, record_id, tag_id)
);
CREATE INDEX record_tag_tag_idx ON record_tag (tag_id, entity, record_id);

CREATE INDEX tag_search_idx ON tag USING gin (search_text gin_trgm_ops);
