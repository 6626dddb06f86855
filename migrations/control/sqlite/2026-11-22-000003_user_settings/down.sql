DROP INDEX api_key_created_by_idx;
DROP TABLE user_setting;
