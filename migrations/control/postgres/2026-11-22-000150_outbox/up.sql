-- Which tenants have webhooks, and when to look for deliveries that are due. mark counts how often somebody said so.
CREATE TABLE outbox (
    tenant_id BIGINT PRIMARY KEY NOT NULL REFERENCES tenant (id),
    due_at BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    marked_at BIGINT NOT NULL
);
CREATE INDEX outbox_due_at_idx ON outbox (due_at);
-- Whoever has webhooks already is found by a look at every tenant once.
INSERT INTO outbox (tenant_id, due_at, mark, marked_at) SELECT id, 0, 1, 0 FROM tenant;
