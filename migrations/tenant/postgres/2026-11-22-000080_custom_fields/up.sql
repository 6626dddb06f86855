-- Fields that people define, and the values that records have in them. A deleted field keeps its values, so that restoring it gives them
-- back; so does a deleted record.

ALTER TABLE counter ADD COLUMN custom_field_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN custom_field_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE custom_field (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    entity TEXT NOT NULL,
    key TEXT NOT NULL,
    label TEXT NOT NULL,
    field_type TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    is_unique BOOLEAN NOT NULL,
    choices TEXT NOT NULL,
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX custom_field_key_key ON custom_field (entity, key) WHERE deleted_at IS NULL;
CREATE INDEX custom_field_position_idx ON custom_field (entity, position, id) WHERE deleted_at IS NULL;
CREATE INDEX custom_field_updated_at_idx ON custom_field (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX custom_field_deleted_idx ON custom_field (id) WHERE deleted_at IS NOT NULL;

-- sort_key is a text whose order, by code points, is that of the values; equal values have the same.
CREATE TABLE custom_value (
    entity TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    field_id BIGINT NOT NULL REFERENCES custom_field (id),
    value TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    PRIMARY KEY (entity, record_id, field_id)
);
CREATE INDEX custom_value_sort_idx ON custom_value (field_id, sort_key, record_id);
