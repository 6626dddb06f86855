-- What imports keep beside their jobs. chunk: the uploaded file, as long as the job is not over. failure: the rows that were not
-- imported; at_fault names columns, cells is a JSON list of texts. part: the stamps of the units that wrote, by which the change feed tells what an import did.
CREATE TABLE import_chunk (
    job_id BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (job_id, number)
);
CREATE TABLE import_failure (
    job_id BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    record BIGINT NOT NULL,
    line BIGINT NOT NULL,
    at_fault TEXT NOT NULL,
    reason TEXT NOT NULL,
    cells TEXT NOT NULL,
    raw TEXT,
    PRIMARY KEY (job_id, record)
) WITHOUT ROWID;
CREATE TABLE import_part (
    job_id BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    stamp BIGINT NOT NULL,
    PRIMARY KEY (job_id, stamp)
) WITHOUT ROWID;
