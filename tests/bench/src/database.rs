//! Direct looks into a tenant's database, past the server.

use anyhow::{Result, anyhow};
use crm_store::{Location, connection::Connection, dialect, dialect::Purpose};
use diesel::{
    QueryableByName, RunQueryDsl, sql_query,
    sql_types::{BigInt, Text},
};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    value: String,
}

/// A connection that only looks.
pub struct Database(Connection);

impl Database {
    /// Opens the database.
    pub fn open(location: &Location) -> Result<Self> {
        Ok(Self(dialect::open(location, Purpose::Read)?))
    }

    /// One number; `sql` calls it `value`.
    pub fn number(&mut self, sql: &str) -> Result<i64> {
        let query = sql_query(sql);
        let row: Number = match &mut self.0 {
            Connection::Postgres(connection) => query.get_result(connection),
            Connection::Sqlite(connection) => query.get_result(connection),
        }
        .map_err(|error| anyhow!("{sql}: {error}"))?;
        Ok(row.value)
    }

    /// Texts; `sql` calls them `value`.
    pub fn texts(&mut self, sql: &str) -> Result<Vec<String>> {
        let query = sql_query(sql);
        let rows: Vec<Name> = match &mut self.0 {
            Connection::Postgres(connection) => query.load(connection),
            Connection::Sqlite(connection) => query.load(connection),
        }
        .map_err(|error| anyhow!("{sql}: {error}"))?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// `ok`, or what is wrong with pages and indexes.
    pub fn integrity(&mut self) -> Result<String> {
        Ok(dialect::integrity(&mut self.0)?)
    }
}
