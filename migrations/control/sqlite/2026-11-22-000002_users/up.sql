-- When a user last signed in with its password; sessions that are still kept tell it of those who did before.

ALTER TABLE app_user ADD COLUMN last_login_at BIGINT;
UPDATE app_user SET last_login_at = (SELECT max(session.created_at) FROM session WHERE session.user_id = app_user.id);

-- email_key is lower case, made by the server. Only the token's digest is kept.

CREATE TABLE invitation (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    tenant_id BIGINT NOT NULL REFERENCES tenant (id),
    digest TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT,
    role TEXT NOT NULL,
    manager_id BIGINT,
    office TEXT,
    invited_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    accepted_by BIGINT,
    revoked_at BIGINT,
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, invited_by) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, accepted_by) REFERENCES app_user (tenant_id, id)
);

CREATE UNIQUE INDEX invitation_digest_key ON invitation (digest);
CREATE INDEX invitation_tenant_id_idx ON invitation (tenant_id, id);
CREATE INDEX invitation_email_key_idx ON invitation (tenant_id, email_key, id);
