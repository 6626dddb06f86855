-- The id of the control plane's change that was the last to be carried into this tenant's feed.
ALTER TABLE counter ADD COLUMN control_change_id BIGINT NOT NULL DEFAULT 0;
