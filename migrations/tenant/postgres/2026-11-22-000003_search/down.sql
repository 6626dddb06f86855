DROP INDEX opportunity_search_prefix_idx;
DROP INDEX lead_search_prefix_idx;
DROP INDEX contact_search_prefix_idx;
DROP INDEX account_search_prefix_idx;
