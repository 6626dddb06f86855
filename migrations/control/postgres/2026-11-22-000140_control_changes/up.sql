-- What happened to tenants' users, invitations and API keys and is not in their change feeds yet; a row goes when it was carried there.
-- id is the time in microseconds, but always greater than change_id of control_clock, which is the last one given. fields is a JSON object:
-- field to [before, after].

ALTER TABLE control_clock ADD COLUMN change_id BIGINT NOT NULL DEFAULT 0;

CREATE TABLE control_change (
    id BIGINT PRIMARY KEY NOT NULL,
    tenant_id BIGINT NOT NULL REFERENCES tenant (id),
    actor TEXT NOT NULL,
    family TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    fields TEXT NOT NULL
);

CREATE INDEX control_change_tenant_id_idx ON control_change (tenant_id, id);
