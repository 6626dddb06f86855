//! Opportunities added up, each by one statement that reads an index alone.

use crm_domain::{
    error::{Error, Result},
    id::{RecordId, StageId},
    money::Currency,
    tenant::opportunity::{Group, Month},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, SingleValue, SqlType, Text},
};

use crate::{
    connection::{Backend, Connection},
    error::map,
    tenant::fragment::Sql,
};

/// Amounts are added up in two parts, since the sum of many is more than a 64-bit integer holds.
const PART: i128 = 1_000_000;
const COUNT_AND_SUM: &str =
    "COUNT(*), CAST(COALESCE(SUM(amount / 1000000), 0) AS BIGINT), CAST(COALESCE(SUM(amount % 1000000), 0) AS BIGINT)";

/// Key, currency, probability, count, and both parts of the sum.
type Row<Key> = (Key, Option<String>, i64, i64, i64, i64);

/// A statement that answers such rows.
struct Grouped<Key> {
    sql: Sql,
    key: std::marker::PhantomData<Key>,
}

pub(super) fn by_stage(connection: &mut Connection, stages: &[StageId]) -> Result<Vec<Group<StageId>>> {
    let sql = Sql::new("SELECT stage_id, currency, probability, ").sql(COUNT_AND_SUM);
    let sql = sql
        .sql(" FROM opportunity WHERE deleted_at IS NULL AND stage_id IN (")
        .then(list(stages));
    let statement = Grouped::<BigInt>::of(sql.sql(") GROUP BY stage_id, currency, probability"));
    let rows: Vec<Row<i64>> = statement.load(connection).map_err(map)?;
    rows.into_iter().map(|row| group(row, |id| Ok(StageId::from_i64(id)))).collect()
}

pub(super) fn by_month(connection: &mut Connection, stages: &[StageId]) -> Result<Vec<Group<Option<Month>>>> {
    let sql = Sql::new("SELECT substr(expected_close_date, 1, 7), currency, probability, ").sql(COUNT_AND_SUM);
    let sql = sql.sql(" FROM opportunity WHERE deleted_at IS NULL AND include_in_forecast = TRUE");
    // The plus keeps the planners from an index of stages: those hold most rows anyway.
    let sql = sql.sql(" AND +stage_id IN (").then(list(stages));
    let statement = Grouped::<Nullable<Text>>::of(sql.sql(") GROUP BY 1, 2, 3"));
    let rows: Vec<Row<Option<String>>> = statement.load(connection).map_err(map)?;
    let month = |text: String| Month::parse(&text).map_err(|_| Error::Internal(format!("{text:?} is no month")));
    rows.into_iter().map(|row| group(row, |text| text.map(month).transpose())).collect()
}

fn group<Stored, Key>(
    (key, currency, probability, count, high, low): Row<Stored>,
    read: impl FnOnce(Stored) -> Result<Key>,
) -> Result<Group<Key>> {
    let unknown = |code: &str| Error::Internal(format!("{code:?} is no currency"));
    let currency = currency.map(|code| Currency::parse(&code).map_err(|_| unknown(&code)));
    Ok(Group {
        key: read(key)?,
        currency: currency.transpose()?,
        probability,
        count,
        minor: i128::from(high) * PART + i128::from(low),
    })
}

fn list(stages: &[StageId]) -> Sql {
    let separators = std::iter::once("").chain(std::iter::repeat(", "));
    // No stage is in an empty list, which SQL does not know.
    let none = if stages.is_empty() { Sql::new("NULL") } else { Sql::default() };
    let stages = stages.iter().zip(separators);
    stages.fold(none, |sql, (stage, separator)| sql.sql(separator).integer(stage.get()))
}

impl<Key> Grouped<Key> {
    fn of(sql: Sql) -> Self {
        Self {
            sql,
            key: std::marker::PhantomData,
        }
    }
}

impl<Key> QueryFragment<Backend> for Grouped<Key> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // As many texts as there are numbers of stages.
        out.unsafe_to_cache_prepared();
        self.sql.walk_ast(out)
    }
}

impl<Key: SqlType + SingleValue> Query for Grouped<Key> {
    type SqlType = (Key, Nullable<Text>, BigInt, BigInt, BigInt, BigInt);
}

impl<Key> QueryId for Grouped<Key> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Key> RunQueryDsl<Connection> for Grouped<Key> {}
