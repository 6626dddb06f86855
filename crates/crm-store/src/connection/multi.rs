//! A module of its own, because the derive brings names of diesel's into it that clash with ours.

use diesel::{PgConnection, SqliteConnection};

/// A connection to either backend. Match on it in `dialect.rs` only.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
