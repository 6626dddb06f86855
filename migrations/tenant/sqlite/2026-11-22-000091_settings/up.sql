-- What the tenant's administrators decide; one row. The counter row tells writers when it was last changed. The tenant's names stand in the
-- control plane.

CREATE TABLE setting (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    default_currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    request_log_days BIGINT,
    updated_at BIGINT NOT NULL
);

INSERT INTO setting (id, default_currency, time_zone, request_log_days, updated_at) VALUES (1, 'USD', 'UTC', NULL, 0);

ALTER TABLE counter ADD COLUMN setting_at BIGINT NOT NULL DEFAULT 0;
