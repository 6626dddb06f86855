-- Lists: an index in the order of each field that conditions may ask for, then the id. Live rows only; one for the deleted rows.

-- Replaced by indexes in the lists' own order.
DROP INDEX contact_last_name_idx;
DROP INDEX opportunity_account_id_idx;
DROP INDEX opportunity_contact_id_idx;

CREATE INDEX account_created_at_idx ON account (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_owner_id_idx ON account (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX account_category_idx ON account (category, id) WHERE deleted_at IS NULL;
CREATE INDEX account_country_idx ON account (country, id) WHERE deleted_at IS NULL;
CREATE INDEX account_industry_idx ON account (industry, id) WHERE deleted_at IS NULL;
CREATE INDEX account_employees_idx ON account (employees, id) WHERE deleted_at IS NULL;
CREATE INDEX account_annual_revenue_idx ON account (annual_revenue, id) WHERE deleted_at IS NULL;
CREATE INDEX account_deleted_idx ON account (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX contact_created_at_idx ON contact (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_owner_id_idx ON contact (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_first_name_idx ON contact (first_name, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_last_name_idx ON contact (last_name, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_company_idx ON contact (company, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_deleted_idx ON contact (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX lead_created_at_idx ON lead (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_status_idx ON lead (status, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_owner_id_idx ON lead (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_last_name_idx ON lead (last_name, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_company_idx ON lead (company, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_source_idx ON lead (source, id) WHERE deleted_at IS NULL;
CREATE INDEX lead_deleted_idx ON lead (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX opportunity_created_at_idx ON opportunity (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_stage_idx ON opportunity (stage_id, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_owner_id_idx ON opportunity (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_amount_idx ON opportunity (amount, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_expected_close_date_idx ON opportunity (expected_close_date, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_closed_on_idx ON opportunity (closed_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_lead_source_idx ON opportunity (lead_source, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_account_id_idx ON opportunity (account_id, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_contact_id_idx ON opportunity (contact_id, id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE INDEX opportunity_deleted_idx ON opportunity (id) WHERE deleted_at IS NOT NULL;

CREATE INDEX activity_created_at_idx ON activity (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_updated_at_idx ON activity (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_activity_type_idx ON activity (activity_type, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_completed_idx ON activity (completed, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_owner_id_idx ON activity (owner_id, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_occurred_at_idx ON activity (occurred_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activity_deleted_idx ON activity (id) WHERE deleted_at IS NOT NULL;
