-- The email_key of contacts and leads, and the identity_key of contacts is made anew by the server right after its migrations: composed characters, the domain in
-- ASCII. A key that another live record has by then stays as it was; crm-server doctor names those.
SELECT 1;
