//! Refresh tokens.

use crm_domain::{
    control::refresh_token::{RefreshTokenRecord, RefreshTokenRepository},
    error::Result,
    id::{RecordId, SessionId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{
    ports::{Ports, can_be_stored},
    schema::refresh_token,
};
use crate::error::map;

#[derive(Queryable, Insertable)]
#[diesel(table_name = refresh_token)]
struct RefreshTokenRow {
    digest: String,
    session_id: i64,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
}

impl From<RefreshTokenRow> for RefreshTokenRecord {
    fn from(row: RefreshTokenRow) -> Self {
        Self {
            digest: row.digest,
            session_id: SessionId::from_i64(row.session_id),
            created_at: Stamp::from_micros(row.created_at),
            expires_at: Stamp::from_micros(row.expires_at),
            used_at: row.used_at.map(Stamp::from_micros),
        }
    }
}

impl From<&RefreshTokenRecord> for RefreshTokenRow {
    fn from(record: &RefreshTokenRecord) -> Self {
        Self {
            digest: record.digest.clone(),
            session_id: record.session_id.get(),
            created_at: record.created_at.micros(),
            expires_at: record.expires_at.micros(),
            used_at: record.used_at.map(Stamp::micros),
        }
    }
}

impl RefreshTokenRepository for Ports<'_> {
    fn lookup(&mut self, digest: &str) -> Result<Option<RefreshTokenRecord>> {
        if !can_be_stored(digest) {
            return Ok(None);
        }
        let row = refresh_token::table
            .find(digest)
            .first::<RefreshTokenRow>(self.connection)
            .optional();
        Ok(row.map_err(map)?.map(RefreshTokenRecord::from))
    }

    fn add(&mut self, record: &RefreshTokenRecord) -> Result<()> {
        diesel::insert_into(refresh_token::table)
            .values(RefreshTokenRow::from(record))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn mark_used(&mut self, digest: &str, at: Stamp) -> Result<()> {
        let unused = refresh_token::table.find(digest).filter(refresh_token::used_at.is_null());
        diesel::update(unused)
            .set(refresh_token::used_at.eq(at.micros()))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }
}
