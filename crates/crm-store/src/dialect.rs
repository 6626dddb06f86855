//! Where the two backends part. The only file that matches on the backend.

use std::{collections::HashSet, path::Path, time::Duration};

use crm_domain::{
    error::{Error, Result},
    field::Email,
    stamp::Stamp,
    tenant::contact::derived::identity_of,
};
use diesel::{
    Connection as _, ExpressionMethods, NullableExpressionMethods, PgConnection, QueryDsl, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    migration::MigrationSource,
    sql_types::{BigInt, Text},
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use url::Url;

use crate::{
    connection::Connection,
    control::schema::{invitation, user},
    email_key,
    error::{map, unavailable},
    location::Location,
    private,
    tenant::{
        account::{self, AccountRow},
        contact::{ContactRow, profile, stats::Deltas},
        kpi::{self, KpiDeltas},
        lead::LeadRow,
        opportunity::OpportunityRow,
        pipeline::StageRow,
        schema::{account as accounts, contact, contact_stat, kpi as kpis, lead, opportunity, stage, task},
    },
};

/// The oldest SQLite without the WAL-reset corruption bug.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading only; writes are refused by the database itself.
    Read,
    /// Reading and writing.
    Write,
}

/// Opens a connection set up for its purpose: SQLite in WAL mode and fully durable, PostgreSQL with `synchronous_commit=on`.
pub fn open(location: &Location, purpose: Purpose) -> Result<Connection> {
    match location {
        Location::Sqlite(path) => open_sqlite(&path.to_string_lossy(), purpose).map(Connection::Sqlite),
        Location::Postgres(url) => open_postgres(url, purpose).map(Connection::Postgres),
    }
}

fn open_sqlite(path: &str, purpose: Purpose) -> Result<SqliteConnection> {
    if purpose == Purpose::Write {
        private::create_file(Path::new(path)).map_err(unavailable)?;
    }
    let mut connection = SqliteConnection::establish(path).map_err(unavailable)?;
    // Readers map the file: a page costs no copy. The writer would pay for that in faults; it keeps more of its own instead, and folds
    // the log back less often; a tenant's writer does so between its turns ([`fold`]).
    let of_purpose = match purpose {
        Purpose::Read => "PRAGMA cache_size = -8192; PRAGMA mmap_size = 1073741824; PRAGMA query_only = ON;",
        Purpose::Write => "PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000;",
    };
    let setup = format!(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; {of_purpose}"
    );
    connection.batch_execute(&setup).map_err(map)?;
    Ok(connection)
}

fn open_postgres(url: &str, purpose: Purpose) -> Result<PgConnection> {
    let mut connection = PgConnection::establish(&with_time_limits(url)?).map_err(unavailable)?;
    let of_purpose = match purpose {
        // What nobody waits for any more does not go on for ever, either.
        Purpose::Read => "SET default_transaction_read_only = on; SET statement_timeout = '60s';",
        // A writer's statements stay prepared, and their plans are kept: one that was made while a table was small must not read all of it when
        // it has grown. Whatever a unit looks up, it finds by an index.
        Purpose::Write => "SET enable_seqscan = off; SET jit = off;",
    };
    let setup = format!("SET synchronous_commit = on; SET timezone = 'UTC'; SET lock_timeout = '30s'; {of_purpose}");
    connection.batch_execute(&setup).map_err(map)?;
    Ok(connection)
}

/// A server that does not answer must not hold a thread for ever. Limits that the URL itself sets win.
fn with_time_limits(url: &str) -> Result<String> {
    const LIMITS: [(&str, &str); 5] = [
        ("connect_timeout", "5"),
        ("keepalives_idle", "30"),
        ("keepalives_interval", "10"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ];
    let mut url = Url::parse(url).map_err(|error| Error::Internal(format!("store.url: {error}")))?;
    for (name, value) in LIMITS {
        if !url.query_pairs().any(|(given, _)| given == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(url.into())
}

/// Begins a transaction that will write: it holds the writer's place from its first statement on.
pub fn begin_write(connection: &mut Connection) -> diesel::QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => c.batch_execute("BEGIN IMMEDIATE"),
        Connection::Postgres(c) => c.batch_execute("BEGIN"),
    }
}

/// Begins a transaction whose reads all see one state.
pub fn begin_snapshot(connection: &mut Connection) -> diesel::QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => c.batch_execute("BEGIN"),
        Connection::Postgres(c) => c.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ"),
    }
}

/// What a row lock appends to `SELECT`; SQLite's `BEGIN IMMEDIATE` holds the whole file already.
pub fn lock_clause(connection: &Connection) -> &'static str {
    match connection {
        Connection::Sqlite(_) => "",
        Connection::Postgres(_) => " FOR UPDATE",
    }
}

/// Whether a substring search goes through the trigram index as a `MATCH` of its own table (SQLite) or as `LIKE` (PostgreSQL).
pub fn has_search_table(connection: &Connection) -> bool {
    matches!(connection, Connection::Sqlite(_))
}

/// What follows a column that must be one of a list of ids, which is bound as one text: the SQL around that text, and the text. However many
/// they are, the statement stays the same and can be kept prepared.
pub fn one_of(connection: &Connection, ids: &[i64]) -> ([&'static str; 2], String) {
    let mut list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let (around, [begin, end]) = match connection {
        Connection::Sqlite(_) => ([" IN (SELECT value FROM json_each(", "))"], ['[', ']']),
        Connection::Postgres(_) => ([" = ANY (", "::bigint[])"], ['{', '}']),
    };
    list.insert(0, begin);
    list.push(end);
    (around, list)
}

/// Inserts rows by the backend's fastest way: COPY for many rows on PostgreSQL, one prepared statement run row by row on SQLite.
#[macro_export]
#[doc(hidden)]
macro_rules! insert_rows {
    ($connection:expr, $table:path, $rows:expr) => {{
        use diesel::{ExecuteCopyFromDsl as _, RunQueryDsl as _};
        let rows = $rows;
        match $connection {
            $crate::connection::Connection::Postgres(c) if rows.len() >= 50 => {
                diesel::copy_from($table).from_insertable(rows).execute(c).map(|_| ())
            }
            $crate::connection::Connection::Postgres(c) => diesel::insert_into($table).values(rows).execute(c).map(|_| ()),
            $crate::connection::Connection::Sqlite(c) => rows
                .iter()
                .try_for_each(|row| diesel::insert_into($table).values(row).execute(c).map(|_| ())),
        }
    }};
}

const CONTROL_SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/control/sqlite");
const CONTROL_POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/control/postgres");
const TENANT_SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/tenant/sqlite");
const TENANT_POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/tenant/postgres");

/// The two planes of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Tenants, users, sessions, keys.
    Control,
    /// One tenant's records.
    Tenant,
}

/// The versions of the migrations that this program knows; the backends have the same.
pub fn known_migrations(plane: Plane) -> Result<HashSet<String>> {
    let migrations = if plane == Plane::Control { CONTROL_SQLITE } else { TENANT_SQLITE };
    let known = MigrationSource::<Sqlite>::migrations(&migrations);
    let known = known.map_err(|error| Error::Internal(format!("migrations cannot be read: {error}")))?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// The versions of the migrations of a SQLite file that nobody uses. Nothing is written, not even beside it.
pub fn migrations_of_file(file: &Path) -> Result<Vec<String>> {
    let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("{}: {error}", file.display()));
    let absolute = std::path::absolute(file).map_err(|error| failed(&error))?;
    let mut url = Url::from_file_path(absolute).map_err(|()| failed(&"is no path"))?;
    url.set_query(Some("mode=ro&immutable=1"));
    let mut connection = SqliteConnection::establish(url.as_str()).map_err(|error| failed(&error))?;
    let sql = "SELECT version AS value FROM __diesel_schema_migrations";
    let rows: Vec<TextRow> = diesel::sql_query(sql).load(&mut connection).map_err(|error| failed(&error))?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Makes the keys of emails anew where no index keeps them apart.
macro_rules! fill_email_keys {
    ($connection:ident, $table:ident, $id:ident) => {
        let mut last = 0;
        loop {
            let rows = $table::table.filter($table::$id.gt(last)).order($table::$id.asc()).limit(1_000);
            let rows: Vec<(i64, Option<String>)> = rows.select(($table::$id, $table::email.nullable())).load($connection)?;
            if rows.is_empty() {
                break;
            }
            for (id, email) in rows {
                last = id;
                // Of others the key is the same as before.
                if let Some(email) = email.filter(|email| !email.is_ascii()) {
                    let set = $table::email_key.eq(Email::key_of(&email));
                    diesel::update($table::table.find(id)).set(set).execute($connection)?;
                }
            }
        }
    };
}

/// Makes the keys of contacts anew: those of emails, unless another live contact has one, and those of names and companies.
macro_rules! fill_contact_keys {
    ($connection:ident) => {
        let mut last = 0;
        loop {
            let rows = contact::table.filter(contact::id.gt(last)).order(contact::id.asc()).limit(1_000);
            let rows: Vec<(i64, Option<String>, Option<String>, Option<String>, Option<i64>)> = rows
                .select((
                    contact::id,
                    contact::email,
                    contact::full_name,
                    contact::company,
                    contact::deleted_at,
                ))
                .load($connection)?;
            if rows.is_empty() {
                break;
            }
            for (id, email, name, company, deleted_at) in rows {
                last = id;
                if [&name, &company].into_iter().flatten().any(|text| has_wide_gaps(text)) {
                    let set = contact::identity_key.eq(identity_of(name.as_deref(), company.as_deref()));
                    diesel::update(contact::table.find(id)).set(set).execute($connection)?;
                }
                let Some(email) = email.filter(|email| !email.is_ascii()) else {
                    continue;
                };
                let key = Email::key_of(&email);
                let others = contact::table
                    .filter(contact::email_key.eq(&key))
                    .filter(contact::deleted_at.is_null());
                let others: i64 = others.filter(contact::id.ne(id)).count().get_result($connection)?;
                if others == 0 || deleted_at.is_some() {
                    let set = contact::email_key.eq(key);
                    diesel::update(contact::table.find(id)).set(set).execute($connection)?;
                }
            }
        }
    };
}

/// Makes the keys of users' emails anew, unless another user has one.
macro_rules! fill_unique_email_keys {
    ($connection:ident) => {
        let users: Vec<(i64, Option<String>)> = user::table
            .select((user::id, user::email))
            .order(user::id.asc())
            .load($connection)?;
        for (id, email) in users {
            let Some(email) = email.filter(|email| !email.is_ascii()) else {
                continue;
            };
            let key = Email::key_of(&email);
            let others = user::table.filter(user::email_key.eq(&key)).filter(user::id.ne(id));
            let others: i64 = others.count().get_result($connection)?;
            if others == 0 {
                diesel::update(user::table.find(id))
                    .set(user::email_key.eq(key))
                    .execute($connection)?;
            }
        }
    };
}

/// Fills the derived columns of a migration that was just run: they follow from case folding and addresses as Rust knows them.
macro_rules! fill_derived {
    ($connection:ident, $versions:ident) => {
        if $versions.iter().any(|version| version == account::DOMAIN_VERSION) {
            let mut last = 0;
            loop {
                let rows = accounts::table.filter(accounts::id.gt(last)).order(accounts::id.asc()).limit(1_000);
                let rows: Vec<AccountRow> = rows.load($connection)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    let (id, domain) = account::domain_of(row)?;
                    if domain.is_some() {
                        let set = accounts::domain.eq(domain);
                        diesel::update(accounts::table.find(id)).set(set).execute($connection)?;
                    }
                    last = id;
                }
            }
        }
        if $versions.iter().any(|version| version == profile::VERSION) {
            let (mut totals, mut last) = (Deltas::default(), 0);
            loop {
                let rows = contact::table.filter(contact::id.gt(last)).order(contact::id.asc()).limit(1_000);
                let rows: Vec<ContactRow> = rows.load($connection)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    let (id, profile) = profile::of(row, &mut totals)?;
                    diesel::update(contact::table.find(id)).set(&profile).execute($connection)?;
                    last = id;
                }
            }
            for row in totals.counted() {
                diesel::insert_into(contact_stat::table)
                    .values((contact_stat::key.eq(row.0), contact_stat::count.eq(row.1)))
                    .execute($connection)?;
            }
        }
        if $versions.iter().any(|version| version == kpi::VERSION) {
            let mut totals = KpiDeltas::default();
            let mut last = 0;
            loop {
                let rows = lead::table.filter(lead::id.gt(last)).order(lead::id.asc()).limit(1_000);
                let rows: Vec<LeadRow> = rows.load($connection)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    let (id, tier) = kpi::tier_of(row, &mut totals)?;
                    diesel::update(lead::table.find(id)).set(lead::tier.eq(tier)).execute($connection)?;
                    last = id;
                }
            }
            last = 0;
            loop {
                let rows = opportunity::table
                    .inner_join(stage::table)
                    .filter(opportunity::deleted_at.is_null());
                let rows = rows.filter(opportunity::id.gt(last)).order(opportunity::id.asc()).limit(1_000);
                let rows: Vec<(OpportunityRow, StageRow)> = rows.load($connection)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    last = kpi::count_deal(row, &mut totals)?;
                }
            }
            let rows = task::table.filter(task::deleted_at.is_null()).select(task::created_at);
            let rows: Vec<i64> = rows.load($connection)?;
            rows.into_iter()
                .for_each(|created_at| totals.count_task(Stamp::from_micros(created_at), 1));
            for row in totals.rows() {
                let values = (
                    kpis::key.eq(row.key),
                    kpis::count.eq(row.count),
                    kpis::high.eq(row.high),
                    kpis::low.eq(row.low),
                );
                diesel::insert_into(kpis::table).values(values).execute($connection)?;
            }
        }
        if $versions.iter().any(|version| version == email_key::TENANT_VERSION) {
            fill_contact_keys!($connection);
            fill_email_keys!($connection, lead, id);
        }
        if $versions.iter().any(|version| version == email_key::CONTROL_VERSION) {
            fill_unique_email_keys!($connection);
            fill_email_keys!($connection, invitation, id);
        }
    };
}

/// Whether a text has whitespace that its key has not.
fn has_wide_gaps(text: &str) -> bool {
    text.split_whitespace().map(|word| word.len() + 1).sum::<usize>() != text.len() + 1
        || text.contains(|c: char| c.is_whitespace() && c != ' ')
}

/// Runs the migrations that a database lacks, all of them or none; returns their names.
pub fn migrate(connection: &mut Connection, plane: Plane) -> Result<Vec<String>> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Internal(format!("migration failed: {error}"));
    let done = match connection {
        Connection::Sqlite(c) => {
            let migrations = if plane == Plane::Control { CONTROL_SQLITE } else { TENANT_SQLITE };
            // Holds the file while it looks: of two processes that start at once, the second finds nothing left to do.
            let run = |c: &mut SqliteConnection| {
                let versions: Vec<String> = c.run_pending_migrations(migrations)?.iter().map(ToString::to_string).collect();
                fill_derived!(c, versions);
                Ok(versions)
            };
            c.immediate_transaction(run).map_err(failed)?
        }
        Connection::Postgres(c) => {
            let migrations = if plane == Plane::Control {
                CONTROL_POSTGRES
            } else {
                TENANT_POSTGRES
            };
            let run = |c: &mut PgConnection| {
                let versions: Vec<String> = c.run_pending_migrations(migrations)?.iter().map(ToString::to_string).collect();
                fill_derived!(c, versions);
                Ok(versions)
            };
            c.transaction(run).map_err(failed)?
        }
    };
    Ok(done)
}

/// Whether a database lacks migrations.
pub fn has_pending_migrations(connection: &mut Connection, plane: Plane) -> Result<bool> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Internal(format!("migrations cannot be read: {error}"));
    if let Connection::Postgres(c) = connection
        && !has_migrations_table(c)?
    {
        return Ok(true);
    }
    match connection {
        Connection::Sqlite(c) => c
            .has_pending_migration(if plane == Plane::Control { CONTROL_SQLITE } else { TENANT_SQLITE })
            .map_err(failed),
        Connection::Postgres(c) => c
            .has_pending_migration(if plane == Plane::Control {
                CONTROL_POSTGRES
            } else {
                TENANT_POSTGRES
            })
            .map_err(failed),
    }
}

/// Looking for pending migrations makes the table in which they are noted, and two PostgreSQL connections that make it at once collide.
fn has_migrations_table(connection: &mut PgConnection) -> Result<bool> {
    let sql = "SELECT count(*) AS value FROM pg_tables WHERE tablename = '__diesel_schema_migrations' AND schemaname = current_schema()";
    let row: NumberRow = diesel::sql_query(sql).get_result(connection).map_err(map)?;
    Ok(row.value > 0)
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The backend's name and version. Refuses a SQLite that can corrupt its file.
pub fn version(connection: &mut Connection) -> Result<String> {
    match connection {
        Connection::Sqlite(c) => {
            let row: TextRow = diesel::sql_query("SELECT sqlite_version() AS value").get_result(c).map_err(map)?;
            let mut parts = row.value.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
            let mut next = || parts.next().unwrap_or(0);
            let (major, minor, patch) = (next(), next(), next());
            if (major, minor, patch) < SQLITE_MIN {
                return Err(Error::Internal(format!(
                    "SQLite {} can corrupt its write-ahead log; 3.51.3 or later is needed",
                    row.value
                )));
            }
            Ok(format!("SQLite {}", row.value))
        }
        Connection::Postgres(c) => {
            let row: TextRow = diesel::sql_query("SELECT current_setting('server_version') AS value")
                .get_result(c)
                .map_err(map)?;
            Ok(format!("PostgreSQL {}", row.value))
        }
    }
}

/// Checks a database's pages and indexes; `ok` when nothing is wrong. PostgreSQL checks its own checksums: reading suffices there.
pub fn integrity(connection: &mut Connection) -> Result<String> {
    match connection {
        Connection::Sqlite(c) => {
            #[derive(QueryableByName)]
            struct Check {
                #[diesel(sql_type = Text)]
                integrity_check: String,
            }
            let rows: Vec<Check> = diesel::sql_query("PRAGMA integrity_check").load(c).map_err(map)?;
            Ok(rows.into_iter().map(|row| row.integrity_check).collect::<Vec<_>>().join("; "))
        }
        Connection::Postgres(c) => {
            let row: NumberRow = diesel::sql_query("SELECT 1::bigint AS value").get_result(c).map_err(map)?;
            Ok(if row.value == 1 { "ok".to_owned() } else { "unreadable".to_owned() })
        }
    }
}

/// Copies a SQLite database as it is at one moment into an empty file. PostgreSQL has a program for that.
pub fn copy_into(connection: &mut Connection, file: &str) -> Result<()> {
    match connection {
        Connection::Sqlite(c) => diesel::sql_query("VACUUM INTO ?")
            .bind::<Text, _>(file)
            .execute(c)
            .map(drop)
            .map_err(map),
        Connection::Postgres(_) => Err(Error::Internal("PostgreSQL databases are copied by pg_dump".to_owned())),
    }
}

/// Folds SQLite's write-ahead log into the file, so that the file alone is the database; nothing on PostgreSQL.
pub fn checkpoint(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Sqlite(c) => c.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").map_err(map),
        Connection::Postgres(_) => Ok(()),
    }
}

/// Folds SQLite's write-ahead log into the file if it has at least so many pages, as far as goes without waiting for readers; what was
/// folded whole begins anew with the next write. PostgreSQL looks after its own.
pub fn fold(connection: &mut Connection, pages: i64) -> Result<()> {
    if let Connection::Sqlite(c) = connection
        && log_pages(c, "NOOP")? >= pages
    {
        log_pages(c, "PASSIVE")?;
    }
    Ok(())
}

/// Leaves folding the write-ahead log to whoever calls [`fold`].
pub fn leave_unfolded(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Sqlite(c) => c.batch_execute("PRAGMA wal_autocheckpoint = 0").map_err(map),
        Connection::Postgres(_) => Ok(()),
    }
}

/// The pages of the write-ahead log that a checkpoint of this kind has found.
fn log_pages(connection: &mut SqliteConnection, kind: &str) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Log {
        #[diesel(sql_type = BigInt)]
        log: i64,
    }
    let checkpoint = diesel::sql_query(format!("PRAGMA wal_checkpoint({kind})"));
    checkpoint.get_result(connection).map(|found: Log| found.log).map_err(map)
}

/// Whether the planner goes by statistics that must be renewed as tables grow; SQLite plans by its indexes alone.
pub fn plans_by_statistics(location: &Location) -> bool {
    match location {
        Location::Sqlite(_) => false,
        Location::Postgres(_) => true,
    }
}

/// Tells PostgreSQL's planner how large the tables have become.
pub fn renew_statistics(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Sqlite(_) => Ok(()),
        Connection::Postgres(c) => c.batch_execute("ANALYZE").map_err(map),
    }
}

/// Creates a PostgreSQL database from a template; without one an empty database that sorts by code point, as SQLite does.
pub fn create_database(admin_url: &str, name: &str, template: Option<&str>) -> Result<()> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    let from = match template {
        Some(template) => format!("TEMPLATE {}", quoted(template)),
        None => "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'".to_owned(),
    };
    connection
        .batch_execute(&format!("CREATE DATABASE {} {from}", quoted(name)))
        .map_err(map)
}

/// Drops a PostgreSQL database with whoever is connected to it.
pub fn drop_database(admin_url: &str, name: &str) -> Result<()> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    connection
        .batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)))
        .map_err(map)
}

/// Drops a PostgreSQL database that nobody is connected to, if there is one.
pub fn drop_empty_database(admin_url: &str, name: &str) -> Result<()> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    connection
        .batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(name)))
        .map_err(map)
}

/// Gives a PostgreSQL database that nobody is connected to another name.
pub fn rename_database(admin_url: &str, from: &str, to: &str) -> Result<()> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    connection
        .batch_execute(&format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to)))
        .map_err(map)
}

/// Whether a PostgreSQL database has any table.
pub fn has_tables(url: &str) -> Result<bool> {
    let mut connection = PgConnection::establish(url).map_err(unavailable)?;
    let sql = "SELECT count(*) AS value FROM pg_tables WHERE schemaname = current_schema()";
    let row: NumberRow = diesel::sql_query(sql).get_result(&mut connection).map_err(map)?;
    Ok(row.value > 0)
}

/// Whether a PostgreSQL database exists.
pub fn database_exists(admin_url: &str, name: &str) -> Result<bool> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    let row: NumberRow = diesel::sql_query("SELECT count(*) AS value FROM pg_database WHERE datname = $1")
        .bind::<Text, _>(name)
        .get_result(&mut connection)
        .map_err(map)?;
    Ok(row.value > 0)
}

/// Holds a lock of the whole PostgreSQL server's database `admin_url` while `work` runs: one node at a time prepares the template.
pub fn with_server_lock<T>(admin_url: &str, key: i64, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut connection = PgConnection::establish(admin_url).map_err(unavailable)?;
    connection.batch_execute(&format!("SELECT pg_advisory_lock({key})")).map_err(map)?;
    // The lock ends with the connection.
    work()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How long a pool waits for a free connection before it says that the database is overloaded.
pub const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(3);
