DROP TABLE api_key;
DROP TABLE refresh_token;
DROP TABLE session;
DROP TABLE app_user;
DROP TABLE tenant;
DROP TABLE control_clock;
