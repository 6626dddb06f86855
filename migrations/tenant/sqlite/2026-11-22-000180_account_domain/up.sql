-- The domain by which contacts' mail addresses and websites tell that they belong to the account; filled by the program.
ALTER TABLE account ADD COLUMN domain TEXT;
CREATE INDEX account_domain_idx ON account (domain, id) WHERE deleted_at IS NULL AND domain IS NOT NULL;
