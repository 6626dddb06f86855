-- Whatever lists can be sorted by has an index of every live row, those without a value included.

-- They left out the rows without a value.
DROP INDEX lead_email_key_idx;
DROP INDEX ticket_resolved_at_idx;
DROP INDEX ticket_first_response_due_at_idx;
DROP INDEX ticket_resolution_due_at_idx;
DROP INDEX task_completed_at_idx;

CREATE INDEX account_email_idx ON account (email, id) WHERE deleted_at IS NULL;
CREATE INDEX account_city_idx ON account (city, id) WHERE deleted_at IS NULL;

CREATE INDEX contact_email_idx ON contact (email_key, id) WHERE deleted_at IS NULL;

CREATE INDEX lead_first_name_idx ON lead (first_name, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_email_key_idx ON lead (email_key, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_qualified_at_idx ON lead (qualified_at, id) WHERE deleted_at IS NULL;

CREATE INDEX opportunity_probability_idx ON opportunity (probability, id) WHERE deleted_at IS NULL;

CREATE INDEX sla_policy_priority_idx ON sla_policy (priority, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_first_response_minutes_idx ON sla_policy (first_response_minutes, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_resolution_minutes_idx ON sla_policy (resolution_minutes, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_is_default_idx ON sla_policy (is_default, id) WHERE deleted_at IS NULL;
CREATE INDEX sla_policy_is_active_idx ON sla_policy (is_active, id) WHERE deleted_at IS NULL;

CREATE INDEX ticket_resolved_at_idx ON ticket (resolved_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_first_response_due_at_idx ON ticket (first_response_due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ticket_resolution_due_at_idx ON ticket (resolution_due_at, id) WHERE deleted_at IS NULL;

CREATE INDEX task_completed_at_idx ON task (completed_at, id) WHERE deleted_at IS NULL;

CREATE INDEX partner_email_idx ON partner (email, id) WHERE deleted_at IS NULL;
CREATE INDEX partner_commission_percent_idx ON partner (commission_percent, id) WHERE deleted_at IS NULL;

CREATE INDEX tag_created_at_idx ON tag (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tag_deleted_idx ON tag (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX webhook_created_at_idx ON webhook (created_at, id) WHERE deleted_at IS NULL;
