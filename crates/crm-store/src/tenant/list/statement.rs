//! The statements of a list.

use std::{collections::BTreeSet, marker::PhantomData};

use diesel::{
    Expression, QueryResult, Queryable, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable},
};

use crm_domain::{
    error::{Error, Result},
    page::{Direction, Sort},
    query::{Condition, Filter, Test},
};

use super::{
    Listed,
    condition::{self, Access},
    custom,
    keyset::{self, Part, Source},
    plan::{Plan, Shape},
};
use crate::{
    connection::{Backend, Connection},
    tenant::fragment::Sql,
};

/// Most conditions of a statement that is kept prepared: there are too many combinations of more to keep them all.
const PREPARED_CONDITIONS: usize = 2;

/// What was counted, and the last stamp and change.
#[derive(Debug, Clone, Copy, Queryable)]
pub(super) struct Counts {
    /// Rows that match.
    pub(super) matches: i64,
    /// Live rows.
    pub(super) live: i64,
    /// The last stamp.
    pub(super) seen: i64,
    /// The last change.
    pub(super) seq: i64,
}

/// `SELECT` the rows of a page, each with the maintained total and the last stamp.
pub(crate) struct Rows<F: Listed> {
    columns: F::Columns,
    rest: Sql,
    is_common: bool,
}

/// `SELECT` the counts.
pub(super) struct Count<F> {
    sql: Sql,
    is_common: bool,
    noun: PhantomData<F>,
}

/// `SELECT` ids.
pub(super) struct Ids {
    sql: Sql,
    is_common: bool,
}

/// Writes the statement of the rows in one part of the order; `window` is how many of them, and how many are skipped before.
pub(super) fn rows<F: Listed>(shape: &Shape<'_, F>, plan: &Plan, part: &Part, window: (i64, i64), connection: &Connection) -> Rows<F> {
    let head = head::<F>(plan).then(from::<F>(part.source)).sql(" WHERE ");
    let wanted = wanted(shape, plan, part, connection);
    let window = limited(window);
    let order = keyset::order(shape.sort, part);
    let rest = if plan.picks_ids(shape) {
        let picked = head
            .sql(F::TABLE.name)
            .sql(".id IN (SELECT ")
            .sql(F::TABLE.name)
            .sql(".id FROM ")
            .sql(F::TABLE.name)
            .sql(" WHERE ");
        let picked = picked.then(wanted).sql(" ORDER BY ").then(pick_order(shape)).then(window);
        picked.sql(") ORDER BY ").then(order)
    } else {
        head.then(wanted).sql(" ORDER BY ").then(order).then(window)
    };
    Rows {
        columns: F::columns(),
        rest,
        is_common: is_common(shape.filter),
    }
}

fn from<F: Listed>(source: Source) -> Sql {
    match source {
        Source::Records => Sql::new(F::TABLE.from),
        Source::RecordsWithValue(field) | Source::RecordsWithoutValue(field) => custom::from_records::<F>(field),
        Source::Values(_) => custom::from_values::<F>(),
    }
}

/// What is asked of the rows of a part.
fn wanted<F: Listed>(shape: &Shape<'_, F>, plan: &Plan, part: &Part, connection: &Connection) -> Sql {
    let visible = condition::visible(shape.filter, if plan.reads_table(shape) { Access::Asked } else { Access::Indexed });
    let visible = match part.source {
        Source::Records | Source::RecordsWithValue(_) => visible,
        Source::RecordsWithoutValue(_) => Sql::new(custom::SORTED).sql(".record_id IS NULL AND ").then(visible),
        Source::Values(field) => custom::of_value::<F>(field).sql(" AND ").then(visible),
    };
    let wanted = condition::filter(visible, shape.filter, |condition| plan.access(shape, condition), connection);
    match &part.range {
        Some(range) => wanted.sql(" AND ").then(range.clone()),
        None => wanted,
    }
}

/// Writes the statement that looks for the rows among the first `budget` ones in the order of ids, behind the cursor where there is one.
pub(super) fn glance<F: Listed>(shape: &Shape<'_, F>, plan: &Plan, budget: i64, connection: &Connection) -> Result<Rows<F>> {
    let part = match shape.parts(plan)?.pop() {
        Some(part) => part,
        None => return Err(Error::Internal("a list has no part of its order".to_owned())),
    };
    let order = || keyset::order(shape.sort, &part);
    let first = head::<F>(plan).sql(F::TABLE.from).sql(" WHERE ");
    let first = first
        .sql(F::TABLE.name)
        .sql(".id IN (SELECT ")
        .sql(F::TABLE.name)
        .sql(".id FROM (SELECT * FROM ")
        .sql(F::TABLE.name);
    let first = match &part.range {
        Some(behind) => first.sql(" WHERE ").then(behind.clone()),
        None => first,
    };
    let first = first.sql(" ORDER BY ").then(order()).sql(" LIMIT ").integer(budget);
    let asked = condition::asked(shape.filter, connection);
    let wanted = first.sql(") AS ").sql(F::TABLE.name).sql(" WHERE ").then(asked);
    let wanted = wanted
        .sql(" ORDER BY ")
        .then(order())
        .then(limited((shape.fetch(), shape.offset())));
    Ok(Rows {
        columns: F::columns(),
        rest: wanted.sql(") ORDER BY ").then(order()),
        is_common: is_common(shape.filter),
    })
}

/// Writes the statement of the rows with these ids, in the list's order.
pub(super) fn rows_of<F: Listed>(shape: &Shape<'_, F>, plan: &Plan, ids: &[i64]) -> Rows<F> {
    let part = of_records();
    let these = head::<F>(plan)
        .then(from::<F>(part.source))
        .sql(" WHERE ")
        .then(one_of::<F>(ids.iter().copied()));
    Rows {
        columns: F::columns(),
        rest: these.sql(" ORDER BY ").then(keyset::order(shape.sort, &part)),
        // Full pages are alike.
        is_common: i64::try_from(ids.len()) == Ok(shape.fetch()),
    }
}

/// The whole of an order by a column of the records.
fn of_records() -> Part {
    Part {
        source: Source::Records,
        range: None,
    }
}

/// What each row carries beside its columns.
fn head<F: Listed>(plan: &Plan) -> Sql {
    Sql::new(", (SELECT ")
        .sql(plan.total::<F>())
        .sql(" FROM counter), (SELECT stamp FROM counter) FROM ")
}

fn limited((limit, offset): (i64, i64)) -> Sql {
    Sql::new(" LIMIT ").integer(limit).sql(" OFFSET ").integer(offset)
}

/// The order of picked ids. Unless they come in it by themselves, the plus keeps the planners from walking all ids in their order until
/// enough match: those that match may all stand at the end.
fn pick_order<F: Listed>(shape: &Shape<'_, F>) -> Sql {
    let direction = match shape.sort.direction {
        Direction::Ascending => " ASC",
        Direction::Descending => " DESC",
    };
    let id = || Sql::new(F::TABLE.name).sql(".id").sql(direction);
    match shape.range_in_id_order() {
        _ if shape.is_point() => id(),
        Some(field) => {
            let column = Sql::new(F::TABLE.name).sql(".").sql(field.column());
            column.sql(direction).sql(", ").then(id())
        }
        None => Sql::new("+").then(id()),
    }
}

/// Writes the statement of the counts.
pub(super) fn count<F: Listed>(shape: &Shape<'_, F>, connection: &Connection) -> Count<F> {
    let matches = match (shape.maintained_total(), only_difference(shape.filter)) {
        (Some(total), _) => Sql::new("(SELECT ").sql(total).sql(" FROM counter)"),
        // All but the few that do not differ.
        (None, Some(same)) => Sql::new("(SELECT ")
            .sql(F::TOTAL)
            .sql(" FROM counter) - ")
            .then(count_of(&Filter::of([same]), connection)),
        (None, None) => count_of(shape.filter, connection),
    };
    beside_counters(matches, is_common(shape.filter))
}

/// Writes the statement of all but the matches, which it tells as 0.
pub(super) fn state<F: Listed>(_of: &Shape<'_, F>) -> Count<F> {
    beside_counters(Sql::new("CAST(0 AS BIGINT)"), true)
}

fn beside_counters<F: Listed>(matches: Sql, is_common: bool) -> Count<F> {
    let sql = Sql::new("SELECT ")
        .then(matches)
        .sql(", (SELECT ")
        .sql(F::TOTAL)
        .sql(" FROM counter), (SELECT stamp FROM counter), (SELECT change_seq FROM counter)");
    Count {
        sql,
        is_common,
        noun: PhantomData,
    }
}

/// Writes the statement that counts the rows of a part.
pub(super) fn count_part<F: Listed>(shape: &Shape<'_, F>, plan: &Plan, part: &Part, connection: &Connection) -> Count<F> {
    let rows = Sql::new("(SELECT COUNT(*) FROM ").then(from::<F>(part.source)).sql(" WHERE ");
    beside_counters(rows.then(wanted(shape, plan, part, connection)).sql(")"), is_common(shape.filter))
}

/// Writes the statement of the ids of everything that matches.
pub(super) fn all_matching<F: Listed>(shape: &Shape<'_, F>, connection: &Connection) -> Ids {
    let visible = condition::visible(shape.filter, Access::Indexed);
    let wanted = condition::filter(visible, shape.filter, |_| Access::Indexed, connection);
    Ids {
        sql: ids_where::<F>(wanted),
        is_common: is_common(shape.filter),
    }
}

/// Writes the statement of those among these ids that match.
pub(super) fn matching<F: Listed>(shape: &Shape<'_, F>, among: &BTreeSet<i64>, connection: &Connection) -> Ids {
    let among_these = one_of::<F>(among.iter().copied());
    let wanted = among_these.sql(" AND ").then(condition::asked(shape.filter, connection));
    Ids {
        sql: ids_where::<F>(wanted),
        is_common: among.len() == 1 && is_common(shape.filter),
    }
}

/// Writes the statement of the ids of everything that matches, in the order of a list by a column of the records.
pub(super) fn all_in_order<F: Listed>(shape: &Shape<'_, F>, connection: &Connection) -> Ids {
    let all = all_matching(shape, connection);
    Ids {
        sql: all.sql.sql(" ORDER BY ").then(keyset::order(shape.sort, &of_records())),
        is_common: false,
    }
}

/// Writes the statement of these ids, in such an order.
pub(super) fn sorted<F: Listed>(sort: Sort<F>, ids: impl Iterator<Item = i64>) -> Ids {
    let these = ids_where::<F>(one_of::<F>(ids));
    Ids {
        sql: these.sql(" ORDER BY ").then(keyset::order(sort, &of_records())),
        is_common: false,
    }
}

fn one_of<F: Listed>(ids: impl Iterator<Item = i64>) -> Sql {
    let separators = std::iter::once("").chain(std::iter::repeat(", "));
    let these = Sql::new(F::TABLE.name).sql(".id IN (");
    let these = ids
        .zip(separators)
        .fold(these, |sql, (id, separator)| sql.sql(separator).integer(id));
    these.sql(")")
}

fn ids_where<F: Listed>(wanted: Sql) -> Sql {
    let ids = Sql::new("SELECT ").sql(F::TABLE.name).sql(".id FROM ").sql(F::TABLE.name);
    ids.sql(" WHERE ").then(wanted)
}

fn count_of<F: Listed>(filter: &Filter<F>, connection: &Connection) -> Sql {
    let visible = condition::visible(filter, Access::Indexed);
    let wanted = condition::filter(visible, filter, |_| Access::Indexed, connection);
    Sql::new("(SELECT COUNT(*) FROM ")
        .sql(F::TABLE.name)
        .sql(" WHERE ")
        .then(wanted)
        .sql(")")
}

/// Whether a filter is counted as all but those that do not match.
pub(super) fn is_counted_by_others<F: Listed>(filter: &Filter<F>) -> bool {
    only_difference(filter).is_some()
}

/// The opposite of a filter that asks of live rows nothing but that they differ from a value.
fn only_difference<F: Listed>(filter: &Filter<F>) -> Option<Condition<F>> {
    let ([only], None, [], false) = (filter.conditions.as_slice(), &filter.search, filter.tags.as_slice(), filter.deleted) else {
        return None;
    };
    match (only.test(), only.field().custom()) {
        (Test::Differs(value), _) => Some(Condition::equal(*only.field(), value.clone())),
        (Test::IsNull(false), None) => Some(Condition::null(*only.field(), true)),
        // The values of custom fields are what an index holds, not their absence.
        (Test::IsNull(true), Some(_)) => Some(Condition::null(*only.field(), false)),
        (Test::Compare(..) | Test::NotLess(_) | Test::In(_) | Test::Contains(_) | Test::StartsWith(_) | Test::IsNull(_), _) => None,
    }
}

fn is_common<F>(filter: &Filter<F>) -> bool {
    let is_list = |condition: &Condition<F>| matches!(condition.test(), Test::In(_));
    filter.conditions.len() <= PREPARED_CONDITIONS && filter.tags.iter().flatten().count() <= 1 && !filter.conditions.iter().any(is_list)
}

impl<F: Listed> QueryFragment<Backend> for Rows<F> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_common {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("SELECT ");
        self.columns.walk_ast(out.reborrow())?;
        self.rest.walk_ast(out)
    }
}

impl<F> QueryFragment<Backend> for Count<F> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_common {
            out.unsafe_to_cache_prepared();
        }
        self.sql.walk_ast(out)
    }
}

impl QueryFragment<Backend> for Ids {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_common {
            out.unsafe_to_cache_prepared();
        }
        self.sql.walk_ast(out)
    }
}

impl<F: Listed> Query for Rows<F> {
    type SqlType = (<F::Columns as Expression>::SqlType, Nullable<BigInt>, Nullable<BigInt>);
}

impl<F> Query for Count<F> {
    type SqlType = (BigInt, BigInt, BigInt, BigInt);
}

impl Query for Ids {
    type SqlType = BigInt;
}

impl<F: Listed> QueryId for Rows<F> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<F> QueryId for Count<F> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryId for Ids {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<F: Listed> RunQueryDsl<Connection> for Rows<F> {}
impl RunQueryDsl<Connection> for Ids {}
impl<F> RunQueryDsl<Connection> for Count<F> {}
