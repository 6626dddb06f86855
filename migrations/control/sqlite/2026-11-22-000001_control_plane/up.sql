-- One row. Every transaction that writes locks it first: so they run one after another in the deployment. A change of an existing tenant, user,
-- session or API key raises the epoch: what was read at one epoch holds as long as the epoch does.

CREATE TABLE control_clock (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    epoch BIGINT NOT NULL DEFAULT 0
);

INSERT INTO control_clock (id) VALUES (1);

-- AUTOINCREMENT: an id is never given twice, so that a token of a purged session cannot name a later one.

CREATE TABLE tenant (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    company_name TEXT NOT NULL,
    location TEXT NOT NULL,
    tier TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- "user" is a reserved word. email_key is lower case, made by the server: the two databases fold case differently.

CREATE TABLE app_user (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    tenant_id BIGINT NOT NULL REFERENCES tenant (id),
    email TEXT,
    email_key TEXT,
    name TEXT,
    role TEXT NOT NULL,
    password_hash TEXT,
    is_active BOOLEAN NOT NULL,
    manager_id BIGINT,
    office TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant_id, id),
    CHECK ((email IS NULL) = (email_key IS NULL)),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES app_user (tenant_id, id)
);

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL,
    tenant_id BIGINT NOT NULL,
    cookie_digest TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);

CREATE TABLE refresh_token (
    digest TEXT PRIMARY KEY NOT NULL,
    session_id BIGINT NOT NULL REFERENCES session (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
) WITHOUT ROWID;

-- grants and ip_allowlist are JSON lists of text.

CREATE TABLE api_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    tenant_id BIGINT NOT NULL REFERENCES tenant (id),
    family TEXT NOT NULL,
    public_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    grants TEXT NOT NULL,
    rate_limit BIGINT,
    expires_at BIGINT,
    ip_allowlist TEXT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    request_count BIGINT NOT NULL DEFAULT 0,
    FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id)
);

CREATE UNIQUE INDEX tenant_uuid_key ON tenant (uuid);
CREATE UNIQUE INDEX user_email_key ON app_user (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX session_user_id_idx ON session (user_id, id);
CREATE UNIQUE INDEX session_cookie_digest_key ON session (cookie_digest) WHERE cookie_digest IS NOT NULL;
CREATE INDEX session_expires_at_idx ON session (expires_at);
CREATE INDEX session_ended_at_idx ON session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX refresh_token_session_id_idx ON refresh_token (session_id);
CREATE INDEX refresh_token_expires_at_idx ON refresh_token (expires_at);
CREATE UNIQUE INDEX api_key_public_id_key ON api_key (public_id);
CREATE INDEX api_key_tenant_id_idx ON api_key (tenant_id, id);
