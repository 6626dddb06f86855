ALTER TABLE counter ADD COLUMN webhook_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN webhook_live BIGINT NOT NULL DEFAULT 0;

-- secret and headers are sealed with the deployment's key; a deleted webhook has neither. url_key is a digest: no index takes long texts.
CREATE TABLE webhook (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    family TEXT NOT NULL,
    url TEXT NOT NULL,
    url_key TEXT NOT NULL,
    events TEXT NOT NULL,
    description TEXT,
    is_active BOOLEAN NOT NULL,
    secret TEXT,
    headers TEXT,
    confidential_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CHECK (deleted_at IS NOT NULL OR (secret IS NOT NULL AND headers IS NOT NULL))
);

CREATE UNIQUE INDEX webhook_url_key ON webhook (family, url_key) WHERE deleted_at IS NULL;
CREATE INDEX webhook_updated_at_idx ON webhook (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_is_active_idx ON webhook (is_active, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_family_idx ON webhook (family, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_deleted_idx ON webhook (id) WHERE deleted_at IS NOT NULL;
