-- What users have set for themselves; settings is a JSON object. api_key_created_by_idx finds the keys that a user has made.

CREATE TABLE user_setting (
    user_id BIGINT NOT NULL REFERENCES app_user (id),
    section TEXT NOT NULL,
    settings TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, section)
) WITHOUT ROWID;

CREATE INDEX api_key_created_by_idx ON api_key (tenant_id, created_by, id);
