//! References between records in SQL: the nouns' tables are called by the words of their kinds, and have `id`, `updated_at`, `deleted_at`
//! and a column of each link's name.

use crm_domain::{
    error::Result,
    tenant::{
        change::EntityKind,
        link::{Link, LinkRepository},
    },
};
use diesel::{RunQueryDsl, sql_types::BigInt};

use super::{
    Session, Writing,
    fragment::{Sql, Statement, list},
};
use crate::error::map;

/// Most ids of one statement: databases bound how many values a statement binds.
const IDS_MAX: usize = 1000;

impl LinkRepository for Session<'_, Writing<'_>> {
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>> {
        let mut live = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_MAX) {
            let sql = Sql::new("SELECT id FROM ").sql(kind.as_str()).sql(" WHERE id IN ").then(list(ids));
            let sql = sql.sql(" AND deleted_at IS NULL ORDER BY id");
            live.extend(
                Statement::<BigInt>::new(sql, ids.len() == 1)
                    .load::<i64>(self.connection)
                    .map_err(map)?,
            );
        }
        Ok(live)
    }

    fn referring(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
        referring(self, link, targets, || Sql::new(" AND deleted_at IS NULL"))
    }

    fn referring_after(&mut self, link: Link, target: i64, after: i64, limit: u32) -> Result<Vec<i64>> {
        let sql = Sql::new("SELECT id FROM ")
            .sql(link.from.as_str())
            .sql(" WHERE ")
            .sql(link.field)
            .sql(" = ");
        let sql = sql.integer(target).sql(" AND id > ").integer(after);
        let sql = sql.sql(" AND deleted_at IS NULL ORDER BY id LIMIT ").integer(i64::from(limit));
        Statement::<BigInt>::new(sql, true).load::<i64>(self.connection).map_err(map)
    }

    fn referring_deleted(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
        let stamp = self.state.stamp.micros();
        referring(self, link, targets, || {
            Sql::new(" AND deleted_at IS NOT NULL AND deleted_at < ").integer(stamp)
        })
    }

    fn still(&mut self, link: Link, referrers: &[i64], target: Option<i64>) -> Result<Vec<i64>> {
        let mut still = Vec::with_capacity(referrers.len());
        for ids in referrers.chunks(IDS_MAX) {
            let sql = Sql::new("SELECT id FROM ")
                .sql(link.from.as_str())
                .sql(" WHERE id IN ")
                .then(list(ids));
            let sql = sql.sql(" AND ").sql(link.field);
            let sql = match target {
                Some(target) => sql.sql(" = ").integer(target),
                None => sql.sql(" IS NULL"),
            };
            let statement = Statement::<BigInt>::new(sql.sql(" ORDER BY id"), ids.len() == 1);
            still.extend(statement.load::<i64>(self.connection).map_err(map)?);
        }
        Ok(still)
    }

    fn point(&mut self, link: Link, referrers: &[i64], target: Option<i64>) -> Result<()> {
        for ids in referrers.chunks(IDS_MAX) {
            let sql = Sql::new("UPDATE ").sql(link.from.as_str()).sql(" SET ").sql(link.field).sql(" = ");
            let sql = match target {
                Some(target) => sql.integer(target),
                None => sql.sql("NULL"),
            };
            let sql = sql.sql(", updated_at = ").integer(self.state.stamp.micros());
            let sql = sql.sql(" WHERE id IN ").then(list(ids));
            Statement::<BigInt>::new(sql, ids.len() == 1)
                .execute(self.connection)
                .map_err(map)?;
        }
        Ok(())
    }
}

/// The records that refer to one of the targets and meet a condition, each with its target, by id.
fn referring(session: &mut Session<'_, Writing<'_>>, link: Link, targets: &[i64], condition: impl Fn() -> Sql) -> Result<Vec<(i64, i64)>> {
    let mut referring = Vec::new();
    for targets in targets.chunks(IDS_MAX) {
        let sql = Sql::new("SELECT id, ").sql(link.field).sql(" FROM ").sql(link.from.as_str());
        let sql = sql.sql(" WHERE ").sql(link.field).sql(" IN ").then(list(targets));
        let statement = Statement::<(BigInt, BigInt)>::new(sql.then(condition()).sql(" ORDER BY id"), targets.len() == 1);
        referring.extend(statement.load::<(i64, i64)>(session.connection).map_err(map)?);
    }
    Ok(referring)
}
