//! References between records in SQL: the nouns' tables are called by the words of their kinds, and have `id`, `updated_at`, `deleted_at`
//! and a column of each link's name.

use std::marker::PhantomData;

use crm_domain::{
    error::Result,
    tenant::{
        change::EntityKind,
        link::{Link, LinkRepository},
    },
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::BigInt,
};

use super::{Session, Writing, fragment::Sql};
use crate::{
    connection::{Backend, Connection},
    error::map,
};

/// Most ids of one statement: databases bound how many values a statement binds.
const IDS_MAX: usize = 1000;

impl LinkRepository for Session<'_, Writing<'_>> {
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>> {
        let mut live = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_MAX) {
            let sql = Sql::new("SELECT id FROM ").sql(kind.as_str()).sql(" WHERE id IN ").then(list(ids));
            let sql = sql.sql(" AND deleted_at IS NULL ORDER BY id");
            live.extend(Statement::<BigInt>::of(sql, ids).load::<i64>(self.connection).map_err(map)?);
        }
        Ok(live)
    }

    fn referring(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
        referring(self, link, targets, || Sql::new(" AND deleted_at IS NULL"))
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
            let statement = Statement::<BigInt>::of(sql.sql(" ORDER BY id"), ids);
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
            Statement::<BigInt>::of(sql, ids).execute(self.connection).map_err(map)?;
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
        let statement = Statement::<(BigInt, BigInt)>::of(sql.then(condition()).sql(" ORDER BY id"), targets);
        referring.extend(statement.load::<(i64, i64)>(session.connection).map_err(map)?);
    }
    Ok(referring)
}

/// `(?, ?, …)`.
fn list(ids: &[i64]) -> Sql {
    let mut sql = Sql::new("(");
    for (index, id) in ids.iter().enumerate() {
        sql = sql.sql(if index == 0 { "" } else { ", " }).integer(*id);
    }
    sql.sql(")")
}

/// A statement with columns of these types. Only that of a single id is kept prepared: there are too many numbers of ids.
struct Statement<Columns> {
    sql: Sql,
    is_common: bool,
    columns: PhantomData<Columns>,
}

impl<Columns> Statement<Columns> {
    fn of(sql: Sql, ids: &[i64]) -> Self {
        Self {
            sql,
            is_common: ids.len() == 1,
            columns: PhantomData,
        }
    }
}

impl<Columns> QueryFragment<Backend> for Statement<Columns> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_common {
            out.unsafe_to_cache_prepared();
        }
        self.sql.walk_ast(out)
    }
}

impl<Columns> Query for Statement<Columns> {
    type SqlType = Columns;
}

impl<Columns> QueryId for Statement<Columns> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Columns> RunQueryDsl<Connection> for Statement<Columns> {}
