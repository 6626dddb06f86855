DROP TABLE invitation;
ALTER TABLE app_user DROP COLUMN last_login_at;
