-- Keys in lower case are made by whoever writes a record.
SELECT 1;
