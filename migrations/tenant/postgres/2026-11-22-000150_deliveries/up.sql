ALTER TABLE counter ADD COLUMN delivery_id BIGINT NOT NULL DEFAULT 0;
-- The last change whose deliveries were made.
ALTER TABLE counter ADD COLUMN dispatched_seq BIGINT NOT NULL DEFAULT 0;
-- The hour (since 1970) of the last capped delivery, and how many were sent in it.
ALTER TABLE counter ADD COLUMN delivery_hour BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN delivery_hour_sent BIGINT NOT NULL DEFAULT 0;

-- A webhook is told of changes after listens_since. previous_secret is sealed and signs beside the secret until previous_secret_until.
ALTER TABLE webhook ADD COLUMN disabled_reason TEXT;
ALTER TABLE webhook ADD COLUMN previous_secret TEXT;
ALTER TABLE webhook ADD COLUMN previous_secret_until BIGINT;
ALTER TABLE webhook ADD COLUMN listens_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN failing_since BIGINT;
UPDATE webhook SET listens_since = (SELECT stamp FROM counter WHERE id = 1);

-- What a webhook is told. entity, entity_id: whose events arrive in order. body: the bytes that are sent. Ids ascend with created_at. A row is
-- written once: what becomes of it stands in the tables below.
CREATE TABLE delivery (
    id BIGINT PRIMARY KEY NOT NULL,
    uuid TEXT NOT NULL,
    webhook_id BIGINT NOT NULL,
    event TEXT NOT NULL,
    seq BIGINT,
    entity TEXT,
    entity_id BIGINT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX delivery_webhook_idx ON delivery (webhook_id, id);
CREATE INDEX delivery_event_idx ON delivery (webhook_id, event, id);

-- The deliveries that are pending: what is written again and again stands in small rows. attempts: in all; tries: since it was last made due.
-- due_at: when it may be sent; while it is being sent, when the lease ends; NULL while an earlier delivery of the record is pending.
CREATE TABLE delivery_queue (
    delivery_id BIGINT PRIMARY KEY NOT NULL,
    webhook_id BIGINT NOT NULL,
    entity TEXT,
    entity_id BIGINT,
    attempts BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT,
    lease TEXT
);
CREATE INDEX delivery_queue_due_idx ON delivery_queue (webhook_id, due_at, delivery_id) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_queue_record_idx ON delivery_queue (webhook_id, entity, entity_id, delivery_id);

-- The deliveries that were given up. What is neither pending nor here, arrived.
CREATE TABLE delivery_failure (
    delivery_id BIGINT PRIMARY KEY NOT NULL,
    webhook_id BIGINT NOT NULL
);
CREATE INDEX delivery_failure_webhook_idx ON delivery_failure (webhook_id, delivery_id);

-- status is NULL where no answer came, which reason explains. took is in microseconds.
CREATE TABLE delivery_attempt (
    delivery_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took BIGINT NOT NULL,
    status BIGINT,
    reason TEXT,
    response TEXT,
    PRIMARY KEY (delivery_id, number)
);
