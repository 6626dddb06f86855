DROP INDEX account_domain_idx;
ALTER TABLE account DROP COLUMN domain;
