-- What became of a lead. What it was converted into may be deleted since, so that nothing is referenced.
ALTER TABLE lead ADD COLUMN qualified_at BIGINT;
ALTER TABLE lead ADD COLUMN disqualified_reason TEXT;
ALTER TABLE lead ADD COLUMN converted_at BIGINT;
ALTER TABLE lead ADD COLUMN converted_account_id BIGINT;
ALTER TABLE lead ADD COLUMN converted_contact_id BIGINT;
ALTER TABLE lead ADD COLUMN converted_opportunity_id BIGINT;
