//! The request log in SQL.

use crm_domain::{
    error::Result,
    page::{Direction, Page, Window},
    stamp::Stamp,
    tenant::request::{LoggedRequest, RequestFilter, RequestReads, RequestRecord, RequestRepository},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    counter::next,
    fragment::{Bind, Condition},
    schema::request,
    window,
};
use crate::{connection::Connection, error::map, insert_rows, read_counters, sort_sql};

#[derive(Debug, Queryable)]
struct RequestRow {
    id: i64,
    received_at: i64,
    family: String,
    endpoint: String,
    method: String,
    status: i64,
    latency_micros: i64,
    api_key_id: Option<i64>,
    api_key_name: Option<String>,
    user_id: Option<i64>,
    client: String,
    trace_id: String,
}

#[derive(Insertable)]
#[diesel(table_name = request, treat_none_as_default_value = false)]
struct NewRequestRow<'a> {
    id: i64,
    received_at: i64,
    family: &'a str,
    endpoint: &'a str,
    method: &'a str,
    status: i64,
    latency_micros: i64,
    api_key_id: Option<i64>,
    api_key_name: Option<&'a str>,
    user_id: Option<i64>,
    client: &'a str,
    trace_id: &'a str,
}

impl From<RequestRow> for LoggedRequest {
    fn from(row: RequestRow) -> Self {
        Self {
            id: row.id,
            received_at: Stamp::from_micros(row.received_at),
            family: row.family,
            endpoint: row.endpoint,
            method: row.method,
            status: row.status,
            latency_micros: row.latency_micros,
            api_key_id: row.api_key_id,
            api_key_name: row.api_key_name,
            user_id: row.user_id,
            client: row.client,
            trace_id: row.trace_id,
        }
    }
}

fn conditions(filter: &RequestFilter) -> Vec<Condition> {
    let integer = |sql, value: Option<i64>| value.map(|value| Condition::new(vec![(sql, Some(Bind::Integer(value)))]));
    let mut conditions: Vec<Condition> = [
        integer("request.api_key_id = ", filter.api_key_id),
        integer("request.status = ", filter.status),
        integer("request.received_at >= ", filter.since.map(Stamp::micros)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(prefix) = &filter.path_prefix {
        if !window::can_be_stored(prefix) {
            return vec![Condition::new(vec![("FALSE", None)])];
        }
        // A range instead of LIKE: indexes serve it on both backends, and no character is special.
        let end = format!("{prefix}\u{10FFFF}");
        let (from, to) = (Some(Bind::Text(prefix.clone())), Some(Bind::Text(end)));
        conditions.push(Condition::new(vec![
            ("request.endpoint >= ", from),
            (" AND request.endpoint < ", to),
        ]));
    }
    conditions
}

fn count(connection: &mut Connection, filter: &RequestFilter) -> Result<i64> {
    let mut query = request::table.count().into_boxed();
    for condition in conditions(filter) {
        query = query.filter(condition);
    }
    query.get_result(connection).map_err(map)
}

impl<State> RequestReads for Session<'_, State> {
    fn list(&mut self, filter: &RequestFilter, window: &Window) -> Result<Page<LoggedRequest>> {
        // Read before the rows: no stamp may be newer than they are.
        let (total, seen) = read_counters!(self.connection, counter::request_total)?;
        let total = if *filter == RequestFilter::default() {
            total
        } else {
            count(self.connection, filter)?
        };
        let order = sort_sql!("request");
        let mut query = request::table
            .order(order.order(Direction::Descending))
            .limit(window::fetch(window))
            .offset(window::offset(window))
            .into_boxed();
        for condition in conditions(filter) {
            query = query.filter(condition);
        }
        if let Some(after) = window::after(window, order, Direction::Descending)? {
            query = query.filter(after);
        }
        let rows: Vec<RequestRow> = query.load(self.connection).map_err(map)?;
        Ok(window::page(
            rows.into_iter().map(LoggedRequest::from).collect(),
            total,
            seen,
            window,
        ))
    }
}

impl RequestRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, records: &[RequestRecord]) -> Result<()> {
        let counters = &mut *self.state.counters;
        counters.request_total += i64::try_from(records.len()).unwrap_or(i64::MAX);
        let rows: Vec<NewRequestRow<'_>> = records
            .iter()
            .map(|record| NewRequestRow {
                id: next(&mut counters.request_id),
                received_at: record.received_at.micros(),
                family: record.family,
                endpoint: &record.endpoint,
                method: &record.method,
                status: i64::from(record.status),
                latency_micros: record.latency_micros,
                api_key_id: record.api_key_id,
                api_key_name: record.api_key_name.as_deref(),
                user_id: record.user_id,
                client: &record.client,
                trace_id: &record.trace_id,
            })
            .collect();
        insert_rows!(self.connection, request::table, &rows).map_err(map)
    }

    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64> {
        let old = request::table
            .filter(request::received_at.lt(before.micros()))
            .order(request::received_at.asc());
        let ids: Vec<i64> = old.select(request::id).limit(i64::from(limit)).load(self.connection).map_err(map)?;
        let purged = diesel::delete(request::table.filter(request::id.eq_any(ids)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.request_total -= i64::try_from(purged).unwrap_or(0);
        Ok(purged as u64)
    }
}
