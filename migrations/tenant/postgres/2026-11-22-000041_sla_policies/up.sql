-- How soon records are to be answered and settled. business_hours is JSON, or null where time always counts.

ALTER TABLE counter ADD COLUMN sla_policy_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN sla_policy_live BIGINT NOT NULL DEFAULT 0;

CREATE TABLE sla_policy (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    applies_to TEXT NOT NULL,
    priority TEXT,
    first_response_minutes BIGINT NOT NULL,
    resolution_minutes BIGINT NOT NULL,
    stage_minutes BIGINT,
    warning_percent BIGINT NOT NULL,
    business_hours TEXT,
    is_default BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX sla_policy_name_key_key ON sla_policy (name_key) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_created_at_idx ON sla_policy (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_updated_at_idx ON sla_policy (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_applies_to_idx ON sla_policy (applies_to, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_deleted_idx ON sla_policy (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX sla_policy_search_idx ON sla_policy USING gin (search_text gin_trgm_ops);
