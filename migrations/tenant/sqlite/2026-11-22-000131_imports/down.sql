DROP TABLE import_part;
DROP TABLE import_failure;
DROP TABLE import_chunk;
