-- One row. A writer locks it first: so units run one after another, stamps ascend, the change feed has no gap, and totals are exact without counting.

CREATE TABLE counter (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    stamp BIGINT NOT NULL DEFAULT 0,
    change_seq BIGINT NOT NULL DEFAULT 0,
    account_id BIGINT NOT NULL DEFAULT 0,
    account_live BIGINT NOT NULL DEFAULT 0,
    contact_id BIGINT NOT NULL DEFAULT 0,
    contact_live BIGINT NOT NULL DEFAULT 0,
    lead_id BIGINT NOT NULL DEFAULT 0,
    lead_live BIGINT NOT NULL DEFAULT 0,
    opportunity_id BIGINT NOT NULL DEFAULT 0,
    opportunity_forecast BIGINT NOT NULL DEFAULT 0,
    opportunity_other BIGINT NOT NULL DEFAULT 0,
    activity_id BIGINT NOT NULL DEFAULT 0,
    activity_live BIGINT NOT NULL DEFAULT 0,
    stage_id BIGINT NOT NULL DEFAULT 0,
    request_id BIGINT NOT NULL DEFAULT 0,
    request_total BIGINT NOT NULL DEFAULT 0
);

-- search_text and *_key are lower case, made by the server: the two databases fold case differently.

CREATE TABLE account (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    category TEXT,
    website TEXT,
    phone TEXT,
    email TEXT,
    address TEXT,
    city TEXT,
    state TEXT,
    zip_code TEXT,
    country TEXT,
    industry TEXT,
    employees BIGINT,
    annual_revenue BIGINT,
    currency TEXT,
    founded_year BIGINT,
    description TEXT,
    parent_id BIGINT REFERENCES account (id),
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE contact (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    external_id TEXT,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    email_key TEXT,
    phone TEXT,
    other_phone TEXT,
    title TEXT,
    company TEXT,
    website TEXT,
    city TEXT,
    state TEXT,
    country TEXT,
    description TEXT,
    account_id BIGINT REFERENCES account (id),
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE lead (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    external_id TEXT,
    first_name TEXT,
    last_name TEXT,
    email TEXT,
    email_key TEXT,
    phone TEXT,
    title TEXT,
    company TEXT,
    source TEXT,
    status TEXT NOT NULL,
    description TEXT,
    account_id BIGINT REFERENCES account (id),
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE pipeline (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE stage (
    id INTEGER PRIMARY KEY NOT NULL,
    pipeline_id BIGINT NOT NULL REFERENCES pipeline (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    probability BIGINT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE opportunity (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    account_id BIGINT REFERENCES account (id),
    contact_id BIGINT REFERENCES contact (id),
    stage_id BIGINT NOT NULL REFERENCES stage (id),
    amount BIGINT,
    currency TEXT,
    probability BIGINT NOT NULL,
    expected_close_date TEXT,
    closed_on TEXT,
    engaged_on TEXT,
    description TEXT,
    lead_source TEXT,
    next_step TEXT,
    include_in_forecast BOOLEAN NOT NULL,
    owner_id BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE activity (
    id INTEGER PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    activity_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT,
    occurred_at BIGINT,
    completed BOOLEAN NOT NULL,
    account_id BIGINT REFERENCES account (id),
    contact_id BIGINT REFERENCES contact (id),
    lead_id BIGINT REFERENCES lead (id),
    opportunity_id BIGINT REFERENCES opportunity (id),
    owner_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

-- The change feed: 1, 2, 3 … without a gap.

CREATE TABLE change (
    seq INTEGER PRIMARY KEY NOT NULL,
    stamp BIGINT NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    family TEXT NOT NULL,
    fields TEXT NOT NULL
);

-- The request log.

CREATE TABLE request (
    id INTEGER PRIMARY KEY NOT NULL,
    received_at BIGINT NOT NULL,
    family TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    method TEXT NOT NULL,
    status BIGINT NOT NULL,
    latency_micros BIGINT NOT NULL,
    api_key_id BIGINT,
    api_key_name TEXT,
    user_id BIGINT,
    client TEXT NOT NULL,
    trace_id TEXT NOT NULL
);

-- Answers kept for repeated requests.

CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (principal, method, path, idempotency_key)
) WITHOUT ROWID;

CREATE UNIQUE INDEX account_external_id_key ON account (external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX account_updated_at_idx ON account (updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contact_external_id_key ON contact (external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX contact_updated_at_idx ON contact (updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX lead_external_id_key ON lead (external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX lead_updated_at_idx ON lead (updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX opportunity_external_id_key ON opportunity (external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX opportunity_updated_at_idx ON opportunity (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_name_key_idx ON account (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX account_parent_id_idx ON account (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX contact_email_key_key ON contact (email_key) WHERE deleted_at IS NULL AND email_key IS NOT NULL;
CREATE INDEX contact_account_id_idx ON contact (account_id, id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX contact_last_name_idx ON contact (last_name, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_email_key_idx ON lead (email_key, id) WHERE deleted_at IS NULL AND email_key IS NOT NULL;
CREATE INDEX lead_account_id_idx ON lead (account_id, id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX opportunity_name_key_idx ON opportunity (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_account_id_idx ON opportunity (account_id, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_contact_id_idx ON opportunity (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX opportunity_stage_id_idx ON opportunity (stage_id);
CREATE INDEX opportunity_include_in_forecast_idx ON opportunity (include_in_forecast, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_forecast_updated_idx ON opportunity (include_in_forecast, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX activity_account_id_idx ON activity (account_id, id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX activity_contact_id_idx ON activity (contact_id, id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE INDEX activity_lead_id_idx ON activity (lead_id, id) WHERE deleted_at IS NULL AND lead_id IS NOT NULL;
CREATE INDEX activity_opportunity_id_idx ON activity (opportunity_id, id) WHERE deleted_at IS NULL AND opportunity_id IS NOT NULL;
CREATE UNIQUE INDEX stage_name_key ON stage (pipeline_id, name_key);
CREATE INDEX change_entity_idx ON change (entity, entity_id, seq);
CREATE INDEX request_received_at_idx ON request (received_at);
CREATE INDEX request_api_key_id_idx ON request (api_key_id, id) WHERE api_key_id IS NOT NULL;
CREATE INDEX request_status_idx ON request (status, id);
CREATE INDEX request_endpoint_idx ON request (endpoint, id);
CREATE INDEX idempotency_created_at_idx ON idempotency (created_at);

CREATE VIRTUAL TABLE account_search USING fts5 (search_text, content = 'account', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER account_search_insert AFTER INSERT ON account BEGIN
    INSERT INTO account_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER account_search_update AFTER UPDATE OF search_text ON account WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO account_search (account_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO account_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER account_search_delete AFTER DELETE ON account BEGIN
    INSERT INTO account_search (account_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

CREATE VIRTUAL TABLE contact_search USING fts5 (search_text, content = 'contact', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER contact_search_insert AFTER INSERT ON contact BEGIN
    INSERT INTO contact_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER contact_search_update AFTER UPDATE OF search_text ON contact WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO contact_search (contact_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO contact_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER contact_search_delete AFTER DELETE ON contact BEGIN
    INSERT INTO contact_search (contact_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

CREATE VIRTUAL TABLE lead_search USING fts5 (search_text, content = 'lead', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER lead_search_insert AFTER INSERT ON lead BEGIN
    INSERT INTO lead_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER lead_search_update AFTER UPDATE OF search_text ON lead WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO lead_search (lead_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO lead_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER lead_search_delete AFTER DELETE ON lead BEGIN
    INSERT INTO lead_search (lead_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

CREATE VIRTUAL TABLE opportunity_search USING fts5 (search_text, content = 'opportunity', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER opportunity_search_insert AFTER INSERT ON opportunity BEGIN
    INSERT INTO opportunity_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER opportunity_search_update AFTER UPDATE OF search_text ON opportunity WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO opportunity_search (opportunity_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
    INSERT INTO opportunity_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER opportunity_search_delete AFTER DELETE ON opportunity BEGIN
    INSERT INTO opportunity_search (opportunity_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);
END;

-- Every tenant starts with one pipeline.
INSERT INTO counter (id, stage_id) VALUES (1, 6);
INSERT INTO pipeline (id, name, is_default, created_at, updated_at) VALUES (1, 'Sales', 1, 0, 0);
INSERT INTO stage (id, pipeline_id, name, name_key, position, probability, kind, created_at, updated_at) VALUES
    (1, 1, 'Prospecting', 'prospecting', 1, 10, 'open', 0, 0),
    (2, 1, 'Qualification', 'qualification', 2, 25, 'open', 0, 0),
    (3, 1, 'Proposal Sent', 'proposal sent', 3, 50, 'open', 0, 0),
    (4, 1, 'Negotiation', 'negotiation', 4, 75, 'open', 0, 0),
    (5, 1, 'Closed Won', 'closed won', 5, 100, 'won', 0, 0),
    (6, 1, 'Closed Lost', 'closed lost', 6, 0, 'lost', 0, 0);
