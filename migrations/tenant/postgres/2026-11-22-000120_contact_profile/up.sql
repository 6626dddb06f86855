-- What family D knows of contacts, and what follows from it. The server fills the derived columns of the contacts that are there, and
-- contact_stat, right after its migrations: full_name and its key, identity_key, email_domain, has_phone and lead_score.
ALTER TABLE contact ADD COLUMN full_name TEXT;
ALTER TABLE contact ADD COLUMN full_name_key TEXT;
ALTER TABLE contact ADD COLUMN home_phone TEXT;
ALTER TABLE contact ADD COLUMN corporate_phone TEXT;
ALTER TABLE contact ADD COLUMN employees BIGINT;
ALTER TABLE contact ADD COLUMN employee_size_bracket TEXT;
ALTER TABLE contact ADD COLUMN industry TEXT;
ALTER TABLE contact ADD COLUMN company_linkedin TEXT;
ALTER TABLE contact ADD COLUMN person_linkedin TEXT;
ALTER TABLE contact ADD COLUMN person_linkedin_key TEXT;
ALTER TABLE contact ADD COLUMN technologies TEXT;
ALTER TABLE contact ADD COLUMN annual_revenue TEXT;
ALTER TABLE contact ADD COLUMN company_address TEXT;
ALTER TABLE contact ADD COLUMN company_city TEXT;
ALTER TABLE contact ADD COLUMN company_state TEXT;
ALTER TABLE contact ADD COLUMN company_country TEXT;
ALTER TABLE contact ADD COLUMN template_key TEXT;
ALTER TABLE contact ADD COLUMN identity_key TEXT;
ALTER TABLE contact ADD COLUMN email_domain TEXT;
ALTER TABLE contact ADD COLUMN has_phone BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE contact ADD COLUMN lead_score BIGINT NOT NULL DEFAULT 0;

CREATE INDEX contact_full_name_idx ON contact (full_name_key NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_email_domain_idx ON contact (email_domain NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_employees_idx ON contact (employees NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_employee_size_bracket_idx ON contact (employee_size_bracket NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_industry_idx ON contact (industry NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_country_idx ON contact (country NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_person_linkedin_idx ON contact (person_linkedin_key NULLS FIRST, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_has_phone_idx ON contact (has_phone, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_lead_score_idx ON contact (lead_score, id) WHERE deleted_at IS NULL;
-- Where something is known of a company: its name in lower case.
CREATE INDEX contact_template_idx ON contact (template_key, id) WHERE deleted_at IS NULL AND template_key IS NOT NULL;
-- By which imports know people again: name and company in lower case.
CREATE INDEX contact_identity_idx ON contact (identity_key, id) WHERE deleted_at IS NULL AND identity_key IS NOT NULL;

-- How many live contacts share a value: kind and value between a slash. Whoever writes contacts keeps it.
CREATE TABLE contact_stat (
    key TEXT PRIMARY KEY NOT NULL,
    count BIGINT NOT NULL
);
