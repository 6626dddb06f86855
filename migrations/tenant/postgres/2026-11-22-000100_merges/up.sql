ALTER TABLE counter ADD COLUMN merge_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN merge_total BIGINT NOT NULL DEFAULT 0;

-- Which records became one. merged_ids is a JSON list of numbers; moved, filled and labels are JSON objects: kind to number, field to value, and
-- {"tags": [number], "custom_fields": {"field": value}}.
CREATE TABLE merge (
    id BIGINT PRIMARY KEY NOT NULL,
    entity TEXT NOT NULL,
    survivor_id BIGINT NOT NULL,
    merged_ids TEXT NOT NULL,
    moved TEXT NOT NULL,
    filled TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    undone_at BIGINT,
    undone_by BIGINT
);

-- What a lead was converted into follows a merge.
CREATE INDEX lead_converted_account_id_idx ON lead (converted_account_id, id)
    WHERE deleted_at IS NULL AND converted_account_id IS NOT NULL;
CREATE INDEX lead_converted_contact_id_idx ON lead (converted_contact_id, id)
    WHERE deleted_at IS NULL AND converted_contact_id IS NOT NULL;
