//! Totals of contacts in SQL: one row for each value that live contacts share, written once for a whole turn of the writer.

use std::collections::HashMap;

use crm_domain::{
    error::Result,
    tenant::contact::{Contact, ContactStats, ContactTotals, StatKind, Tally, stat_keys},
};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Text},
};

use super::{ContactRow, contact};
use crate::{
    connection::{Backend, Connection},
    error::map,
    tenant::{
        Session,
        schema::{contact_stat, counter},
    },
};

/// Sums beside the counts: distinct companies, contacts with an email, lead scores in tenths.
const COMPANIES: &str = "total/company";
const EMAILS: &str = "total/email";
const SCORES: &str = "total/score";
/// Most rows of one statement: two values each, of which SQLite takes 32,766.
const ROWS_MAX: usize = 8_000;
/// Contacts that are counted at once when they are counted again.
const PAGE: i64 = 5_000;

/// By how much rows are to change.
#[derive(Debug, Default)]
pub(crate) struct Deltas(HashMap<String, i64>);

impl Deltas {
    /// Counts a contact in, or out.
    pub(crate) fn count(&mut self, contact: &Contact, by: i64) {
        for (kind, key) in stat_keys(contact) {
            self.add(format!("{}/{key}", kind.as_str()), by);
        }
        self.add(SCORES.to_owned(), by * contact.fields.lead_score());
    }

    fn add(&mut self, key: String, by: i64) {
        *self.0.entry(key).or_default() += by;
    }

    /// Takes over what a unit that succeeded changes.
    pub(crate) fn take(&mut self, unit: Self) {
        if self.0.is_empty() {
            self.0 = unit.0;
        } else {
            unit.0.into_iter().for_each(|(key, by)| self.add(key, by));
        }
    }

    /// Writes what changes. Rows that come to nothing go: the table is what counting the contacts again would make.
    pub(crate) fn save(mut self, connection: &mut Connection) -> Result<()> {
        self.0.retain(|_, by| *by != 0);
        if self.0.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<(String, i64)> = self.0.into_iter().collect();
        // Neighbours in the index, and the same order on every node.
        rows.sort_unstable();
        let (mut companies, mut gone) = (0, Vec::new());
        for chunk in rows.chunks(ROWS_MAX) {
            let now: Vec<(String, i64)> = Upsert(chunk).load(connection).map_err(map)?;
            let by: HashMap<&str, i64> = chunk.iter().map(|(key, by)| (key.as_str(), *by)).collect();
            for (key, count) in now {
                if is_company(&key) {
                    let before = count - by.get(key.as_str()).copied().unwrap_or(0);
                    companies += i64::from(count > 0) - i64::from(before > 0);
                }
                if count <= 0 {
                    gone.push(key);
                }
            }
        }
        if companies != 0 {
            let now: Vec<(String, i64)> = Upsert(&[(COMPANIES.to_owned(), companies)]).load(connection).map_err(map)?;
            gone.extend(now.into_iter().filter(|(_, count)| *count <= 0).map(|(key, _)| key));
        }
        for chunk in gone.chunks(ROWS_MAX) {
            let rows = contact_stat::table.filter(contact_stat::key.eq_any(chunk));
            diesel::delete(rows).execute(connection).map_err(map)?;
        }
        Ok(())
    }

    /// What counting makes of it, as the table's rows.
    pub(crate) fn counted(mut self) -> HashMap<String, i64> {
        let companies = self.0.iter().filter(|(key, count)| is_company(key) && **count > 0).count();
        self.add(COMPANIES.to_owned(), i64::try_from(companies).unwrap_or(i64::MAX));
        self.0.retain(|_, count| *count != 0);
        self.0
    }
}

fn is_company(key: &str) -> bool {
    key.strip_prefix(StatKind::Company.as_str())
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Adds to rows, which it makes where they are missing, and tells what they come to.
struct Upsert<'a>(&'a [(String, i64)]);

impl QueryFragment<Backend> for Upsert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // As many texts as there are numbers of rows.
        out.unsafe_to_cache_prepared();
        out.push_sql("INSERT INTO contact_stat (key, count) VALUES ");
        for (index, (key, by)) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { ", (" });
            out.push_bind_param::<Text, String>(key)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, i64>(by)?;
            out.push_sql(")");
        }
        out.push_sql(" ON CONFLICT (key) DO UPDATE SET count = contact_stat.count + excluded.count RETURNING key, count");
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

impl<State> ContactStats for Session<'_, State> {
    fn totals(&mut self) -> Result<ContactTotals> {
        let rows = contact_stat::table.filter(contact_stat::key.eq_any([COMPANIES, EMAILS, SCORES]));
        let rows: Vec<(String, i64)> = rows.load(self.connection).map_err(map)?;
        let contacts: i64 = counter::table
            .find(1)
            .select(counter::contact_live)
            .first(self.connection)
            .map_err(map)?;
        let unsigned = |count: i64| u64::try_from(count).unwrap_or(0);
        let of = |wanted: &str| rows.iter().find(|(key, _)| key == wanted).map_or(0, |(_, count)| unsigned(*count));
        Ok(ContactTotals {
            contacts: unsigned(contacts),
            companies: of(COMPANIES),
            emails: of(EMAILS),
            score_sum: of(SCORES),
        })
    }

    fn tallies(&mut self, kind: StatKind, limit: u32) -> Result<Vec<Tally>> {
        let (begin, end) = (format!("{}/", kind.as_str()), format!("{}0", kind.as_str()));
        let rows = contact_stat::table
            .filter(contact_stat::key.ge(&begin))
            .filter(contact_stat::key.lt(end))
            .order((contact_stat::count.desc(), contact_stat::key.asc()))
            .limit(i64::from(limit));
        let rows: Vec<(String, i64)> = rows.load(self.connection).map_err(map)?;
        let tally = |(key, count): (String, i64)| Tally {
            key: key[begin.len()..].to_owned(),
            count: u64::try_from(count).unwrap_or(0),
        };
        Ok(rows.into_iter().map(tally).collect())
    }
}

/// Where the kept totals and the contacts disagree.
pub(crate) fn miscounts(connection: &mut Connection) -> Result<Vec<String>> {
    let (mut counted, mut last) = (Deltas::default(), 0);
    loop {
        let live = contact::table.filter(contact::id.gt(last)).filter(contact::deleted_at.is_null());
        let rows: Vec<ContactRow> = live.order(contact::id.asc()).limit(PAGE).load(connection).map_err(map)?;
        let Some(end) = rows.last().map(|row| row.id) else { break };
        last = end;
        for row in rows {
            counted.count(&row.try_into()?, 1);
        }
    }
    let kept: Vec<(String, i64)> = contact_stat::table.load(connection).map_err(map)?;
    let mut counted = counted.counted();
    let mut problems = Vec::new();
    for (key, count) in kept {
        let rows = counted.remove(&key).unwrap_or(0);
        if rows != count {
            problems.push((key, count, rows));
        }
    }
    problems.extend(counted.into_iter().map(|(key, rows)| (key, 0, rows)));
    problems.sort();
    let tell = |(key, count, rows): (String, i64, i64)| format!("contacts count {rows} for {key}; the total kept says {count}");
    Ok(problems.into_iter().map(tell).collect())
}
