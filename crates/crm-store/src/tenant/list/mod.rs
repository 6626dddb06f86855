//! Lists: one statement for every noun, which filters, sorts, pages and tells the exact total.
//!
//! A noun gives its table and where a field's column has another name ([`Listed`]); the rest follows from the domain's table of its fields.
//! What each shape of list costs is decided in [`plan`]; its SQL is written in [`statement`], [`condition`], [`keyset`] and [`custom`].

mod condition;
mod custom;
mod keyset;
mod plan;
mod statement;
mod tally;
mod text;

use std::time::Instant;

use crm_domain::{
    error::Result,
    page::{Page, Sort, Window},
    query::{Condition, Field, Filter},
    stamp::Stamp,
};
use diesel::{Expression, RunQueryDsl, query_builder::QueryFragment, query_dsl::methods::LoadQuery};

use super::Session;
use crate::{
    connection::{Backend, Connection},
    error::map,
};
use keyset::Part;
use plan::{Plan, Shape};
use statement::{Counts, Rows};

pub(crate) use tally::{DatabaseTallies, Tallies};
pub(crate) use text::{can_be_stored, storable};

/// Where a noun's rows are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    /// The table that has the fields' columns.
    pub(crate) name: &'static str,
    /// The tables that a row is read from: `name` and what is joined to it.
    pub(crate) from: &'static str,
    /// Whether it has a search text and its index.
    pub(crate) is_searchable: bool,
    /// Whether deleted rows stay, marked.
    pub(crate) keeps_deleted: bool,
}

impl Table {
    /// A table of records: searchable, and deleted rows stay.
    pub(crate) const fn of_records(name: &'static str) -> Self {
        Self {
            name,
            from: name,
            is_searchable: true,
            keeps_deleted: true,
        }
    }
}

/// All columns of a table.
pub(crate) type ColumnsOf<T> = <T as diesel::Table>::AllColumns;

/// A noun whose rows can be listed.
pub(crate) trait Listed: Field {
    /// The columns that a row is read from.
    type Columns: QueryFragment<Backend> + Expression;
    /// A row as diesel reads it.
    type Row;
    /// Where the rows are.
    const TABLE: Table;
    /// The total of all live rows, an expression over the `counter` row.
    const TOTAL: &'static str;

    /// The field's column; the field's own name unless stated otherwise.
    fn column(self) -> &'static str {
        self.spec().name
    }

    /// The maintained total that answers these conditions without counting.
    fn maintained_total(conditions: &[Condition<Self>]) -> Option<&'static str> {
        conditions.is_empty().then_some(Self::TOTAL)
    }

    /// The columns.
    fn columns() -> Self::Columns;

    /// The record of a row.
    fn record(row: Self::Row) -> Result<Self::Record>;
}

/// A row with the maintained total and the last stamp, which one statement reads so that the three agree.
pub(crate) type Listing<Row> = (Row, Option<i64>, Option<i64>);

/// A page of a list.
pub(crate) fn page<F: Listed, State>(
    session: &mut Session<'_, State>,
    filter: &Filter<F>,
    sort: Sort<F>,
    window: &Window,
) -> Result<Page<F::Record>>
where
    Rows<F>: for<'q> LoadQuery<'q, Connection, Listing<F::Row>>,
{
    let (tallies, connection) = (session.tallies, &mut *session.connection);
    let shape = Shape::new(filter, sort, window);
    let plan = match shape.maintained_total() {
        Some(total) => Plan::without_counting(total),
        None => Plan::after_counting(tally::count(connection, tallies, &shape)?),
    };
    let (rows, told) = load(connection, tallies, &shape, &plan)?;
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    let items = rows.into_iter().take(limit).map(F::record).collect::<Result<_>>()?;
    Ok(Page {
        items,
        total: u64::try_from(told.matches).unwrap_or(0),
        has_more,
        seen: Stamp::from_micros(told.seen),
    })
}

fn count<F: Listed>(connection: &mut Connection, shape: &Shape<'_, F>) -> Result<Counts> {
    let statement = statement::count(shape, connection);
    statement.get_result(connection).map_err(map)
}

/// The page's rows, and the counts. The stamp is that of the state in which the rows were read, or an earlier one: a newer one would make
/// a poller skip what was written in between.
fn load<F: Listed>(
    connection: &mut Connection,
    tallies: Option<&DatabaseTallies>,
    shape: &Shape<'_, F>,
    plan: &Plan,
) -> Result<(Vec<F::Row>, Told)>
where
    Rows<F>: for<'q> LoadQuery<'q, Connection, Listing<F::Row>>,
{
    let rows = match (tallies, plan.counts()) {
        (Some(tallies), Some(counts)) => load_kept(connection, tallies, shape, plan, counts)?,
        _ => load_rows(connection, shape, plan)?,
    };
    if let Some(told) = told_by(&rows, plan.counts()).or(plan.counts().map(Told::from)) {
        return Ok((without_counts(rows), told));
    }
    // A page beyond the end carries no counters: they are read before it is read again.
    let before = count(connection, shape)?;
    let rows = load_rows(connection, shape, plan)?;
    let told = told_by(&rows, None).unwrap_or(before.into());
    Ok((without_counts(rows), told))
}

/// The rows of a page whose order is kept, or else as the plan says.
fn load_kept<F: Listed>(
    connection: &mut Connection,
    tallies: &DatabaseTallies,
    shape: &Shape<'_, F>,
    plan: &Plan,
    counts: Counts,
) -> Result<Vec<Listing<F::Row>>>
where
    Rows<F>: for<'q> LoadQuery<'q, Connection, Listing<F::Row>>,
{
    // Also where the order is kept, a cursor must be one of this list.
    shape.parts(plan)?;
    if let Some(ids) = tally::page(connection, tallies, shape, counts)? {
        return match ids.as_slice() {
            [] => Ok(Vec::new()),
            ids => statement::rows_of(shape, plan, ids).load(connection).map_err(map),
        };
    }
    let started = Instant::now();
    let rows = load_rows(connection, shape, plan)?;
    tally::note_time(tallies, shape, started.elapsed());
    Ok(rows)
}

fn load_rows<F: Listed>(connection: &mut Connection, shape: &Shape<'_, F>, plan: &Plan) -> Result<Vec<Listing<F::Row>>>
where
    Rows<F>: for<'q> LoadQuery<'q, Connection, Listing<F::Row>>,
{
    let mut rows = Vec::new();
    if plan.is_empty() {
        return Ok(rows);
    }
    if let Some(budget) = plan.glance(shape) {
        let statement = statement::glance(shape, plan, budget, connection)?;
        let met: Vec<Listing<F::Row>> = statement.load(connection).map_err(map)?;
        if i64::try_from(met.len()) == Ok(shape.fetch()) {
            return Ok(met);
        }
    }
    let mut offset = shape.offset();
    let parts = shape.parts(plan)?;
    for (index, part) in parts.iter().enumerate() {
        let missing = shape.fetch() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if missing <= 0 {
            break;
        }
        let statement = statement::rows(shape, plan, part, (missing, offset), connection);
        let more: Vec<Listing<F::Row>> = statement.load(connection).map_err(map)?;
        // How many rows there were to skip is only asked where the page begins behind them all.
        offset = match more.is_empty() && offset > 0 && index + 1 < parts.len() {
            true => offset - skipped(connection, shape, plan, part)?,
            false => 0,
        };
        rows.extend(more);
    }
    Ok(rows)
}

fn skipped<F: Listed>(connection: &mut Connection, shape: &Shape<'_, F>, plan: &Plan, part: &Part) -> Result<i64> {
    let statement = statement::count_part(shape, plan, part, connection);
    let counts: Counts = statement.get_result(connection).map_err(map)?;
    Ok(counts.matches.min(shape.offset()))
}

/// What a page tells beside its rows.
struct Told {
    matches: i64,
    seen: i64,
}

impl From<Counts> for Told {
    fn from(counts: Counts) -> Self {
        let Counts { matches, seen, .. } = counts;
        Self { matches, seen }
    }
}

/// What the rows tell: the maintained total, unless they were counted, and the last stamp.
fn told_by<Row>(rows: &[Listing<Row>], counted: Option<Counts>) -> Option<Told> {
    let (_, live, seen) = rows.first()?;
    let (live, seen) = ((*live)?, (*seen)?);
    let matches = counted.map_or(live, |counts| counts.matches);
    Some(Told { matches, seen })
}

fn without_counts<Row>(rows: Vec<Listing<Row>>) -> Vec<Row> {
    rows.into_iter().map(|(row, _, _)| row).collect()
}
