ALTER TABLE lead DROP COLUMN converted_opportunity_id;
ALTER TABLE lead DROP COLUMN converted_contact_id;
ALTER TABLE lead DROP COLUMN converted_account_id;
ALTER TABLE lead DROP COLUMN converted_at;
ALTER TABLE lead DROP COLUMN disqualified_reason;
ALTER TABLE lead DROP COLUMN qualified_at;
