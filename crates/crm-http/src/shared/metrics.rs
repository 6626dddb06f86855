//! Counters and latencies of requests, by family, endpoint template, method and status. Handles are kept per endpoint, so that a request
//! costs two atomic additions and no lookup by name.

use std::{cell::RefCell, time::Duration};

use actix_web::http::Method;
use metrics::{Counter, Histogram, counter, histogram};

/// The handles of one endpoint in one worker.
#[derive(Default)]
pub(crate) struct EndpointMetrics {
    known: RefCell<Vec<(&'static str, u16, Counter, Histogram)>>,
}

impl EndpointMetrics {
    /// Counts one answer.
    pub(crate) fn note(&self, family: &'static str, template: &'static str, method: &Method, status: u16, latency: Duration) {
        let name = method_label(method);
        let mut known = self.known.borrow_mut();
        if let Some((_, _, count, seconds)) = known.iter().find(|entry| entry.0 == name && entry.1 == status) {
            count.increment(1);
            seconds.record(latency);
            return;
        }
        let labels = [
            ("family", family.to_owned()),
            ("endpoint", template.to_owned()),
            ("method", name.to_owned()),
            ("status", status.to_string()),
        ];
        let count = counter!("crm_http_requests_total", &labels);
        let seconds = histogram!("crm_http_request_seconds", &labels);
        count.increment(1);
        seconds.record(latency);
        known.push((name, status, count, seconds));
    }
}

/// A client can invent methods: only the usual ones become labels.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
