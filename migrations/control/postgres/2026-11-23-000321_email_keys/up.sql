-- The email_key of users and invitations is made anew by the server right after its migrations: composed characters, the domain in
-- ASCII. A key that another live record has by then stays as it was; crm-server doctor names those.
SELECT 1;
