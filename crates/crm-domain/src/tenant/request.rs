//! The request log: every API request, written in batches off the hot path (contract ).

use crate::{
    error::Result,
    fields,
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
};

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it arrived.
    pub received_at: Stamp,
    /// The endpoint family's name.
    pub family: &'static str,
    /// The endpoint's template, e.g. `/api/v1/external/accounts/{id}`; the path itself, cut, where no route matched.
    pub endpoint: String,
    /// The HTTP method.
    pub method: String,
    /// The answer's status code.
    pub status: u16,
    /// From the request's head to the answer's, in microseconds.
    pub latency_micros: i64,
    /// The API key's id, when one was recognised, also a revoked or expired one.
    pub api_key_id: Option<i64>,
    /// The API key's name at the time.
    pub api_key_name: Option<String>,
    /// The user's id, when one was recognised.
    pub user_id: Option<i64>,
    /// The client's address, as trusted proxies report it.
    pub client: String,
    /// The trace id that the answer carried.
    pub trace_id: String,
}

/// A logged request with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Per-tenant id; ascending in the order of logging.
    pub id: i64,
    /// When it arrived.
    pub received_at: Stamp,
    /// The endpoint family's name.
    pub family: String,
    /// The endpoint's template.
    pub endpoint: String,
    /// The HTTP method.
    pub method: String,
    /// The answer's status code.
    pub status: i64,
    /// In microseconds.
    pub latency_micros: i64,
    /// The API key's id.
    pub api_key_id: Option<i64>,
    /// The API key's name at the time.
    pub api_key_name: Option<String>,
    /// The user's id.
    pub user_id: Option<i64>,
    /// The client's address.
    pub client: String,
    /// The trace id.
    pub trace_id: String,
}

fields! {
    /// The fields of logged requests that lists know.
    pub enum RequestField of request: LoggedRequest {
        Id: Spec::id("id").filterable().in_id_order() => request.id;
        ReceivedAt: Spec::stamp("received_at").filterable() => request.received_at;
        Endpoint: Spec::text("endpoint").filterable() => &*request.endpoint;
        Status: Spec::integer("status").filterable() => request.status;
        ApiKeyId: Spec::id("api_key_id").sparse() => request.api_key_id;
    }
}

/// Which requests a list shows; they cannot be searched.
pub type RequestFilter = Filter<RequestField>;

/// Reads the request log.
pub trait RequestReads {
    /// A page of the matching requests.
    fn list(&mut self, filter: &RequestFilter, sort: Sort<RequestField>, window: &Window) -> Result<Page<LoggedRequest>>;
}

/// Writes the request log.
pub trait RequestRepository: RequestReads {
    /// Keeps a batch.
    fn add(&mut self, records: &[RequestRecord]) -> Result<()>;
    /// Forgets up to `limit` requests that arrived before `before`; returns how many.
    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64>;
}
