//! The request log in SQL.

use crm_domain::{
    error::Result,
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::request::{LoggedRequest, RequestField, RequestFilter, RequestReads, RequestRecord, RequestRepository},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    counter::next,
    list::{self, ColumnsOf, Listed, Table},
    schema::request,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Queryable)]
pub(crate) struct RequestRow {
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

impl Listed for RequestField {
    type Columns = ColumnsOf<request::table>;
    type Row = RequestRow;
    const TABLE: Table = Table {
        is_searchable: false,
        keeps_deleted: false,
        ..Table::of_records("request")
    };
    const TOTAL: &'static str = "request_total";

    fn columns() -> Self::Columns {
        request::all_columns
    }

    fn record(row: RequestRow) -> Result<LoggedRequest> {
        Ok(row.into())
    }
}

impl<State> RequestReads for Session<'_, State> {
    fn list(&mut self, filter: &RequestFilter, sort: Sort<RequestField>, window: &Window) -> Result<Page<LoggedRequest>> {
        list::page(self, filter, sort, window)
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
