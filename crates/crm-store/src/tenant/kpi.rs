//! Totals of leads, opportunities and tasks in SQL: one row for what records count for together, written once for a whole turn of the
//! writer.

use std::collections::HashMap;

use crm_domain::{
    error::{Error, Result},
    field::format_date,
    id::{RecordId, StageId},
    money::{Currency, Money},
    stamp::Stamp,
    tenant::{
        kpi::{KpiReads, Mark, Measure, Step, Tally, marks_of_deal, marks_of_lead, marks_of_task},
        lead::Lead,
        opportunity::{Group, Opportunity},
    },
};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, Queryable, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Text},
};
use time::Date;

use super::{
    Session,
    fragment::Sql,
    lead::LeadRow,
    opportunity::{self, OpportunityRow},
    pipeline::StageRow,
    schema::{counter, kpi, lead, opportunity as opportunities, stage, task},
};
use crate::{
    connection::{Backend, Connection},
    error::map,
};

/// The version of the migration that makes the table.
pub(crate) const VERSION: &str = "20261122000170";

/// Amounts are added up in two parts, since the sum of many is more than a 64-bit integer holds.
const PART: i64 = 1_000_000;
const STATUS: &str = "status/";
const STAGE: &str = "stage/";
/// What begins with a word and a slash is less than the word and this, and nothing else is in between.
const BEHIND_SLASH: &str = "0";
/// Most rows of one statement: four values each, of which SQLite takes 32,766.
const ROWS_MAX: usize = 4_000;
/// Records that are counted at once when they are counted again.
const PAGE: i64 = 5_000;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub(crate) struct KpiRow {
    pub(crate) key: String,
    pub(crate) count: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
}

/// How many records, and both parts of the sum of their amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Delta {
    count: i64,
    high: i64,
    low: i64,
}

impl Delta {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.high += other.high;
        self.low += other.low;
    }
}

/// By how much rows are to change.
#[derive(Debug, Default)]
pub(crate) struct KpiDeltas(HashMap<String, Delta>);

impl KpiDeltas {
    /// Counts a lead in, or out.
    pub(crate) fn count_lead(&mut self, lead: &Lead, by: i64) {
        self.count(marks_of_lead(lead), None, by);
    }

    /// Counts an opportunity in, or out.
    pub(crate) fn count_deal(&mut self, deal: &Opportunity, by: i64) {
        let (marks, amount) = marks_of_deal(deal);
        self.count(marks, amount, by);
    }

    /// Counts a task that was created then in, or out.
    pub(crate) fn count_task(&mut self, created_at: Stamp, by: i64) {
        self.count(marks_of_task(created_at), None, by);
    }

    fn count(&mut self, marks: Vec<Mark>, amount: Option<Money>, by: i64) {
        let delta = Delta {
            count: by,
            high: amount.map_or(0, |money| by * (money.minor / PART)),
            low: amount.map_or(0, |money| by * (money.minor % PART)),
        };
        for mark in marks {
            let key = key(&mark, amount.map(|money| money.currency));
            self.0.entry(key).or_default().add(delta);
        }
    }

    /// Moves opportunities, added up as they are in their stage, into another stage of its kind.
    pub(crate) fn move_deals(&mut self, groups: &[Group<StageId>], to: StageId) -> Result<()> {
        let too_much = |_| Error::Internal("the opportunities of a stage are worth more than can be kept".to_owned());
        for group in groups {
            let high = i64::try_from(group.minor / i128::from(PART)).map_err(too_much)?;
            let low = i64::try_from(group.minor % i128::from(PART)).map_err(too_much)?;
            for (stage, by) in [(to, 1), (group.key, -1)] {
                let delta = Delta {
                    count: by * group.count,
                    high: by * high,
                    low: by * low,
                };
                self.0.entry(key(&Mark::Stage(stage), group.currency)).or_default().add(delta);
            }
        }
        Ok(())
    }

    /// Takes over what a unit that succeeded changes.
    pub(crate) fn take(&mut self, unit: Self) {
        if self.0.is_empty() {
            self.0 = unit.0;
        } else {
            unit.0
                .into_iter()
                .for_each(|(key, delta)| self.0.entry(key).or_default().add(delta));
        }
    }

    /// Writes what changes. Rows that nothing counts for go: the table is what counting the records again would make.
    pub(crate) fn save(self, connection: &mut Connection) -> Result<()> {
        let rows = self.rows();
        for chunk in rows.chunks(ROWS_MAX) {
            let now: Vec<(String, i64)> = Upsert(chunk).load(connection).map_err(map)?;
            let gone: Vec<String> = now.into_iter().filter(|(_, count)| *count <= 0).map(|(key, _)| key).collect();
            if !gone.is_empty() {
                diesel::delete(kpi::table.filter(kpi::key.eq_any(gone)))
                    .execute(connection)
                    .map_err(map)?;
            }
        }
        Ok(())
    }

    /// What changes, neighbours in the index beside each other, and in the same order on every node.
    pub(crate) fn rows(mut self) -> Vec<KpiRow> {
        self.0.retain(|_, delta| *delta != Delta::default());
        let row = |(key, delta): (String, Delta)| KpiRow {
            key,
            count: delta.count,
            high: delta.high,
            low: delta.low,
        };
        let mut rows: Vec<KpiRow> = self.0.into_iter().map(row).collect();
        rows.sort_unstable();
        rows
    }
}

/// `month/2026-01-01/open_deals/USD`, `stage/7/USD`, `status/New`; what has no amount ends with the slash.
fn key(mark: &Mark, currency: Option<Currency>) -> String {
    let code = currency.as_ref().map_or("", Currency::as_str);
    match mark {
        Mark::Step(measure, step, day) => format!("{}/{}/{}/{code}", step_word(*step), format_date(*day), measure.as_str()),
        Mark::Status(word) => format!("{STATUS}{word}"),
        Mark::Stage(id) => format!("{STAGE}{id}/{code}"),
    }
}

fn step_word(step: Step) -> &'static str {
    match step {
        Step::Week => "week",
        Step::Month => "month",
    }
}

fn tally<Key>(row: &KpiRow, code: &str, read: impl FnOnce() -> Option<Key>) -> Result<Tally<Key>> {
    let broken = || Error::Internal(format!("the kept total {:?} cannot be read", row.key));
    let currency = match code {
        "" => None,
        code => Some(Currency::parse(code).map_err(|_| broken())?),
    };
    Ok(Tally {
        key: read().ok_or_else(broken)?,
        currency,
        count: row.count,
        minor: i128::from(row.high) * i128::from(PART) + i128::from(row.low),
    })
}

/// Adds to rows, which it makes where they are missing, and tells what they come to.
struct Upsert<'a>(&'a [KpiRow]);

impl QueryFragment<Backend> for Upsert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // As many texts as there are numbers of rows.
        out.unsafe_to_cache_prepared();
        out.push_sql("INSERT INTO kpi (key, count, high, low) VALUES ");
        for (index, row) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { ", (" });
            out.push_bind_param::<Text, String>(&row.key)?;
            for number in [&row.count, &row.high, &row.low] {
                out.push_sql(", ");
                out.push_bind_param::<BigInt, i64>(number)?;
            }
            out.push_sql(")");
        }
        out.push_sql(
            " ON CONFLICT (key) DO UPDATE SET count = kpi.count + excluded.count, high = kpi.high + excluded.high, \
             low = kpi.low + excluded.low RETURNING key, count",
        );
        Ok(())
    }
}

impl Query for Upsert<'_> {
    type SqlType = (Text, BigInt);
}

impl QueryId for Upsert<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Connection> for Upsert<'_> {}

/// The end of the keys that begin so; the beginning ends with a slash.
fn end_of(beginning: &str) -> String {
    format!("{}{BEHIND_SLASH}", beginning.trim_end_matches('/'))
}

impl<State> KpiReads for Session<'_, State> {
    fn between(&mut self, step: Step, first: Date, last: Date) -> Result<Vec<Tally<Measure>>> {
        let word = step_word(step);
        let [begin, end] = [first, last].map(|day| format!("{word}/{}/", format_date(day)));
        let rows = kpi::table.filter(kpi::key.ge(begin)).filter(kpi::key.lt(end_of(&end)));
        let rows: Vec<KpiRow> = rows.load(self.connection).map_err(map)?;
        let read = |row: &KpiRow| {
            let mut parts = row.key.splitn(4, '/').skip(2);
            let (measure, code) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            tally(row, code, || Measure::parse(measure))
        };
        rows.iter().map(read).collect()
    }

    fn leads(&mut self) -> Result<i64> {
        let row = counter::table.find(1).select(counter::lead_live);
        row.first(self.connection).map_err(map)
    }

    fn statuses(&mut self, limit: u32) -> Result<Vec<(String, i64)>> {
        let rows = kpi::table.filter(kpi::key.ge(STATUS)).filter(kpi::key.lt(end_of(STATUS)));
        let rows = rows.order((kpi::count.desc(), kpi::key.asc())).limit(i64::from(limit));
        let rows: Vec<(String, i64)> = rows.select((kpi::key, kpi::count)).load(self.connection).map_err(map)?;
        Ok(rows
            .into_iter()
            .map(|(key, count)| (key[STATUS.len()..].to_owned(), count))
            .collect())
    }

    fn stages(&mut self) -> Result<Vec<Tally<StageId>>> {
        let rows = kpi::table.filter(kpi::key.ge(STAGE)).filter(kpi::key.lt(end_of(STAGE)));
        let rows: Vec<KpiRow> = rows.load(self.connection).map_err(map)?;
        let read = |row: &KpiRow| {
            let (id, code) = row.key[STAGE.len()..].split_once('/').unwrap_or_default();
            tally(row, code, || id.parse().ok().map(StageId::from_i64))
        };
        rows.iter().map(read).collect()
    }

    fn overdue_tasks(&mut self, created: Stamp, now: Stamp) -> Result<u64> {
        let count: i64 = Overdue::new(created, now).get_result(self.connection).map_err(map)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Counts the overdue tasks within `task_open_idx`, whose own words must stand here: no planner knows what a bound value will be.
struct Overdue(Sql);

impl Overdue {
    fn new(created: Stamp, now: Stamp) -> Self {
        let open = Sql::new("SELECT COUNT(*) FROM task WHERE deleted_at IS NULL AND status <> 'Completed' AND status <> 'Cancelled'");
        let due = open.sql(" AND due_at < ").integer(now.micros());
        Self(due.sql(" AND created_at >= ").integer(created.micros()))
    }
}

impl QueryFragment<Backend> for Overdue {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl Query for Overdue {
    type SqlType = BigInt;
}

impl QueryId for Overdue {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<Connection> for Overdue {}

/// A lead's tier, for leads that were kept before there was one; counts a live one.
pub(crate) fn tier_of(row: LeadRow, totals: &mut KpiDeltas) -> Result<(i64, &'static str)> {
    let is_live = row.is_live();
    let lead: Lead = row.try_into()?;
    if is_live {
        totals.count_lead(&lead, 1);
    }
    Ok((lead.id.get(), lead.fields.tier().as_str()))
}

/// Counts an opportunity as its row has it.
pub(crate) fn count_deal(row: (OpportunityRow, StageRow), totals: &mut KpiDeltas) -> Result<i64> {
    let deal = opportunity::entity(row)?;
    totals.count_deal(&deal, 1);
    Ok(deal.id.get())
}

/// Where the kept totals and the records disagree.
pub(crate) fn miscounts(connection: &mut Connection) -> Result<Vec<String>> {
    let mut counted = KpiDeltas::default();
    let mut last = 0;
    loop {
        let live = lead::table.filter(lead::id.gt(last)).filter(lead::deleted_at.is_null());
        let rows: Vec<LeadRow> = live.order(lead::id.asc()).limit(PAGE).load(connection).map_err(map)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            last = tier_of(row, &mut counted)?.0;
        }
    }
    last = 0;
    loop {
        let live = opportunities::table
            .inner_join(stage::table)
            .filter(opportunities::deleted_at.is_null());
        let live = live.filter(opportunities::id.gt(last)).order(opportunities::id.asc()).limit(PAGE);
        let rows: Vec<(OpportunityRow, StageRow)> = live.load(connection).map_err(map)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            last = count_deal(row, &mut counted)?;
        }
    }
    last = 0;
    loop {
        let live = task::table.filter(task::id.gt(last)).filter(task::deleted_at.is_null());
        let live = live.order(task::id.asc()).limit(PAGE).select((task::id, task::created_at));
        let rows: Vec<(i64, i64)> = live.load(connection).map_err(map)?;
        if rows.is_empty() {
            break;
        }
        for (id, created_at) in rows {
            counted.count_task(Stamp::from_micros(created_at), 1);
            last = id;
        }
    }
    let kept: Vec<KpiRow> = kpi::table.load(connection).map_err(map)?;
    Ok(differences(kept, counted.rows()))
}

fn differences(kept: Vec<KpiRow>, counted: Vec<KpiRow>) -> Vec<String> {
    // How a sum is split into its parts is of no account.
    let told = |row: KpiRow| (row.key, (row.count, i128::from(row.high) * i128::from(PART) + i128::from(row.low)));
    let mut counted: HashMap<_, _> = counted.into_iter().map(told).collect();
    let mut problems = Vec::new();
    for (key, total) in kept.into_iter().map(told) {
        let rows = counted.remove(&key).unwrap_or_default();
        if rows != total {
            problems.push((key, total, rows));
        }
    }
    problems.extend(counted.into_iter().map(|(key, rows)| (key, (0, 0), rows)));
    problems.sort();
    let tell = |(key, (count, sum), (rows, worth)): (String, (i64, i128), (i64, i128))| {
        format!("{rows} records worth {worth} count for {key}; the total kept says {count} worth {sum}")
    };
    problems.into_iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, high: i64, low: i64) -> KpiRow {
        KpiRow {
            key: key.to_owned(),
            count: 1,
            high,
            low,
        }
    }

    #[test]
    fn a_sum_may_be_split_in_any_way() {
        assert_eq!(differences(vec![row("a", 1, 0)], vec![row("a", 0, PART)]), Vec::<String>::new());
        let told = differences(vec![row("a", 1, 0), row("gone", 0, 0)], vec![row("a", 1, 1), row("new", 0, 2)]);
        assert_eq!(
            told,
            [
                "1 records worth 1000001 count for a; the total kept says 1 worth 1000000",
                "0 records worth 0 count for gone; the total kept says 1 worth 0",
                "1 records worth 2 count for new; the total kept says 0 worth 0",
            ]
        );
    }

    #[test]
    fn keys_tell_what_is_counted() {
        let day = Stamp::parse("2026-01-05").unwrap().date();
        let marks = [
            (Mark::Step(Measure::OpenDeals, Step::Week, day), "week/2026-01-05/open_deals/USD"),
            (Mark::Stage(StageId::from_i64(7)), "stage/7/USD"),
        ];
        for (mark, expected) in marks {
            assert_eq!(key(&mark, Some(Currency::USD)), expected);
        }
        assert_eq!(key(&Mark::Status("a/b".to_owned()), None), "status/a/b");
    }
}
