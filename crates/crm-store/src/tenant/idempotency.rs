//! Kept answers in SQL.

use crm_domain::{
    error::Result,
    stamp::Stamp,
    tenant::idempotency::{IdempotencyRepository, IdempotencyScope, KeptAnswer},
};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::{Session, Writing, schema::idempotency};
use crate::error::map;

#[derive(Insertable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
struct IdempotencyRow<'a> {
    principal: &'a str,
    method: &'a str,
    path: &'a str,
    idempotency_key: &'a str,
    request_digest: &'a str,
    status: i64,
    body: &'a str,
    created_at: i64,
    changed_at: Option<i64>,
}

impl IdempotencyRepository for Session<'_, Writing<'_>> {
    fn lookup(&mut self, scope: &IdempotencyScope, since: Stamp) -> Result<Option<KeptAnswer>> {
        let row = idempotency::table
            .find((&scope.principal, &scope.method, &scope.path, &scope.key))
            .filter(idempotency::created_at.ge(since.micros()))
            .select((
                idempotency::request_digest,
                idempotency::status,
                idempotency::body,
                idempotency::changed_at,
            ));
        let row: Option<(String, i64, String, Option<i64>)> = row.first(self.connection).optional().map_err(map)?;
        Ok(row.map(|(request_digest, status, body, changed_at)| KeptAnswer {
            request_digest,
            status: u16::try_from(status).unwrap_or(500),
            body,
            changed_at: changed_at.map(Stamp::from_micros),
        }))
    }

    fn keep(&mut self, scope: &IdempotencyScope, answer: &KeptAnswer) -> Result<()> {
        let expired = idempotency::table.find((&scope.principal, &scope.method, &scope.path, &scope.key));
        diesel::delete(expired).execute(self.connection).map_err(map)?;
        let row = IdempotencyRow {
            principal: &scope.principal,
            method: &scope.method,
            path: &scope.path,
            idempotency_key: &scope.key,
            request_digest: &answer.request_digest,
            status: i64::from(answer.status),
            body: &answer.body,
            created_at: self.state.stamp.micros(),
            changed_at: answer.changed_at.map(Stamp::micros),
        };
        diesel::insert_into(idempotency::table)
            .values(row)
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn purge(&mut self, before: Stamp) -> Result<u64> {
        let old = idempotency::table.filter(idempotency::created_at.lt(before.micros()));
        diesel::delete(old).execute(self.connection).map(|count| count as u64).map_err(map)
    }
}
