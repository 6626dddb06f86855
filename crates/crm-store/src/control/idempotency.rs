//! Sealed answers kept for repeated requests.

use crm_domain::{
    control::idempotency::SealedAnswers, error::Result, sealing::Sealed, stamp::Stamp, tenant::idempotency::IdempotencyScope,
};
use diesel::prelude::*;

use super::{ports::Ports, schema::idempotency};
use crate::error::map;

impl SealedAnswers for Ports<'_> {
    fn lookup(&mut self, scope: &IdempotencyScope, since: Stamp) -> Result<Option<Sealed>> {
        let row = idempotency::table
            .find((&scope.principal, &scope.method, &scope.path, &scope.key))
            .filter(idempotency::created_at.ge(since.micros()))
            .select(idempotency::answer);
        let answer: Option<String> = row.first(self.connection).optional().map_err(map)?;
        Ok(answer.map(Sealed::from_store))
    }

    fn keep(&mut self, scope: &IdempotencyScope, answer: Sealed) -> Result<()> {
        let expired = idempotency::table.find((&scope.principal, &scope.method, &scope.path, &scope.key));
        diesel::delete(expired).execute(self.connection).map_err(map)?;
        let row = (
            idempotency::principal.eq(&scope.principal),
            idempotency::method.eq(&scope.method),
            idempotency::path.eq(&scope.path),
            idempotency::idempotency_key.eq(&scope.key),
            idempotency::answer.eq(answer.into_inner()),
            idempotency::created_at.eq(self.stamp.micros()),
        );
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
