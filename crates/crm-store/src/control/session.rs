//! Sessions.

use std::time::Duration;

use crm_domain::{
    control::session::{NewSession, Session, SessionReads, SessionRepository},
    error::Result,
    id::{RecordId, SessionId, TenantId, UserId},
    stamp::Stamp,
};
use diesel::{dsl::exists, dsl::not, prelude::*};

use super::{
    ports::{Ports, can_be_stored},
    schema::{refresh_token, session},
};
use crate::{connection::Connection, error::map};

/// How far `last_seen_at` may lag behind, so that a busy session costs one write a minute.
const LAST_SEEN_PRECISION: Duration = Duration::from_secs(60);

#[derive(Queryable)]
struct SessionRow {
    id: i64,
    user_id: i64,
    tenant_id: i64,
    cookie_digest: Option<String>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::from_i64(row.id),
            user_id: UserId::from_i64(row.user_id),
            tenant_id: TenantId::from_i64(row.tenant_id),
            cookie_digest: row.cookie_digest,
            created_at: Stamp::from_micros(row.created_at),
            last_seen_at: Stamp::from_micros(row.last_seen_at),
            expires_at: Stamp::from_micros(row.expires_at),
            ended_at: row.ended_at.map(Stamp::from_micros),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = session)]
struct NewSessionRow {
    user_id: i64,
    tenant_id: i64,
    cookie_digest: Option<String>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
}

impl NewSessionRow {
    fn new(new: NewSession, at: Stamp) -> Self {
        Self {
            user_id: new.user_id.get(),
            tenant_id: new.tenant_id.get(),
            cookie_digest: new.cookie_digest,
            created_at: at.micros(),
            last_seen_at: at.micros(),
            expires_at: new.expires_at.micros(),
        }
    }
}

impl SessionReads for Ports<'_> {
    fn lookup(&mut self, id: SessionId) -> Result<Option<Session>> {
        let row = session::table.find(id.get()).first::<SessionRow>(self.connection).optional();
        Ok(row.map_err(map)?.map(Session::from))
    }

    fn lookup_cookie(&mut self, digest: &str) -> Result<Option<Session>> {
        if !can_be_stored(digest) {
            return Ok(None);
        }
        let row = session::table
            .filter(session::cookie_digest.eq(digest))
            .first::<SessionRow>(self.connection)
            .optional();
        Ok(row.map_err(map)?.map(Session::from))
    }
}

impl SessionRepository for Ports<'_> {
    fn add(&mut self, new: NewSession) -> Result<Session> {
        let row = diesel::insert_into(session::table)
            .values(NewSessionRow::new(new, self.stamp))
            .returning(session::all_columns)
            .get_result::<SessionRow>(self.connection);
        row.map(Session::from).map_err(map)
    }

    fn touch(&mut self, id: SessionId, at: Stamp) -> Result<()> {
        let outdated = session::last_seen_at.le(at.minus(LAST_SEEN_PRECISION).micros());
        diesel::update(session::table.find(id.get()).filter(outdated))
            .set(session::last_seen_at.eq(at.micros()))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn end(&mut self, id: SessionId) -> Result<()> {
        let open = session::table.find(id.get()).filter(session::ended_at.is_null());
        let rows = diesel::update(open)
            .set(session::ended_at.eq(self.stamp.micros()))
            .execute(self.connection)
            .map_err(map)?;
        self.changed(rows);
        Ok(())
    }

    fn end_all(&mut self, user: UserId, keep: Option<SessionId>) -> Result<()> {
        // No session has the id 0: ids begin with 1.
        let others = session::user_id.eq(user.get()).and(session::id.ne(keep.map_or(0, RecordId::get)));
        let rows = diesel::update(session::table.filter(others).filter(session::ended_at.is_null()))
            .set(session::ended_at.eq(self.stamp.micros()))
            .execute(self.connection)
            .map_err(map)?;
        self.changed(rows);
        Ok(())
    }

    fn purge(&mut self, before: Stamp) -> Result<u64> {
        purge_refresh_tokens(self.connection, before)?;
        // A session lives as long as its newest refresh token, and only living tokens are left.
        let refreshable = refresh_token::table.filter(refresh_token::session_id.eq(session::id));
        let expired = session::expires_at.lt(before.micros()).and(not(exists(refreshable)));
        let ended = session::ended_at
            .is_not_null()
            .and(session::ended_at.assume_not_null().lt(before.micros()));
        let rows = diesel::delete(session::table.filter(ended.or(expired)))
            .execute(self.connection)
            .map_err(map)?;
        Ok(rows as u64)
    }
}

/// Forgets the tokens that expired, of whatever session, and those of sessions that ended. An expired token is turned away whether it is
/// remembered or not.
fn purge_refresh_tokens(connection: &mut Connection, before: Stamp) -> Result<()> {
    let expired = refresh_token::table.filter(refresh_token::expires_at.lt(before.micros()));
    diesel::delete(expired).execute(connection).map_err(map)?;
    let ended = session::table.filter(session::ended_at.lt(before.micros())).select(session::id);
    let of_ended = refresh_token::table.filter(refresh_token::session_id.eq_any(ended));
    diesel::delete(of_ended).execute(connection).map_err(map)?;
    Ok(())
}
