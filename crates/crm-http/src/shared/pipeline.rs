//! What happens to every request of every family, once: trace id, client address, credential and rate class by the family's `admit`, a guard
//! against panics, errors in the family's envelope, rate-limit headers, metrics and the request log.

use std::{net::IpAddr, panic::AssertUnwindSafe, rc::Rc, sync::Arc, time::Instant};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, Resource,
    body::BoxBody,
    dev::{HttpServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    http::{
        ConnectionType, Method, StatusCode,
        header::{ALLOW, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::{
    App,
    families::{Credential, FAMILIES, Family, Route, owner},
    shared::{
        call::{Call, Caller},
        client_address::client_address,
        compress::compress,
        fault::Fault,
        metrics::EndpointMetrics,
        request_log::{Endpoint as LoggedEndpoint, Entry},
    },
};

/// The response header that carries the trace id.
const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// What metrics call paths that no route matched.
const UNMATCHED: &str = "unmatched";

/// What the pipeline knows of an endpoint; one per template and worker.
struct Endpoint {
    app: Arc<App>,
    family: &'static dyn Family,
    /// `None` for paths that no route matched.
    template: Option<&'static str>,
    /// What each method asks of its caller.
    credentials: Vec<(Method, Credential)>,
    /// What any other method asks before it is answered 405, or 404 where no route matched.
    other: Credential,
    /// The `Allow` header of a 405.
    allow: Option<HeaderValue>,
    metrics: EndpointMetrics,
}

impl Endpoint {
    fn of_rows(app: &Arc<App>, family: &'static dyn Family, rows: &[Route]) -> Self {
        Self {
            app: Arc::clone(app),
            family,
            template: rows.first().map(|row| row.template),
            credentials: rows.iter().map(|row| (row.method.clone(), row.credential)).collect(),
            other: rows.first().map_or_else(|| family.unknown_path_credential(), |row| row.credential),
            allow: HeaderValue::from_str(&allowed(rows)).ok(),
            metrics: EndpointMetrics::default(),
        }
    }

    fn unmatched(app: &Arc<App>, family: &'static dyn Family) -> Self {
        Self {
            app: Arc::clone(app),
            family,
            template: None,
            credentials: Vec::new(),
            other: family.unknown_path_credential(),
            allow: None,
            metrics: EndpointMetrics::default(),
        }
    }

    fn credential(&self, method: &Method) -> Credential {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let known = self.credentials.iter().find(|(known, _)| known == method);
        known.map_or(self.other, |(_, credential)| *credential)
    }
}

fn allowed(rows: &[Route]) -> String {
    let mut methods: Vec<&str> = rows.iter().map(|row| row.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

/// The rows of a route table that share a template, as one resource at `path` of its scope; a claim is one that only its requests find.
pub(crate) fn resource(app: &Arc<App>, family: &'static dyn Family, path: &str, rows: &[Route]) -> impl HttpServiceFactory + 'static {
    let endpoint = Rc::new(Endpoint::of_rows(app, family, rows));
    let mut resource = web::resource(path);
    let claiming = rows.iter().find_map(|row| row.claim.map(|claim| (claim, row.method.clone())));
    if let Some((claim, method)) = claiming {
        resource = resource.guard(guard::fn_guard(move |context| {
            let head = context.head();
            let is_asked = head.method == method || (method == Method::GET && head.method == Method::HEAD);
            is_asked && claim(head)
        }));
    }
    for row in rows {
        resource = resource.route(with_method((row.handler)(), &row.method));
    }
    let resource = resource.default_service(web::to(async || Err::<HttpResponse, _>(Fault::MethodNotAllowed)));
    resource.wrap(from_fn(move |request, next| run(Rc::clone(&endpoint), request, next)))
}

/// actix cuts the body off an answer to `HEAD` by itself.
fn with_method(route: actix_web::Route, method: &Method) -> actix_web::Route {
    if method == Method::GET {
        return route.guard(guard::Any(guard::Get()).or(guard::Head()));
    }
    route.method(method.clone())
}

/// A path that no family owns and that can only be read: other methods are answered 405 in the form of other errors there.
pub(crate) fn read_only(template: &str, handler: actix_web::Route) -> Resource {
    let answer = async || {
        let mut response = Fault::MethodNotAllowed.answer();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    };
    web::resource(template)
        .route(with_method(handler, &Method::GET))
        .default_service(web::to(answer))
}

/// Answers the paths that no route matches: each in the envelope of the family that owns it.
pub(crate) fn register_unmatched(app: &Arc<App>, config: &mut ServiceConfig) {
    let endpoints: Vec<_> = FAMILIES.iter().map(|family| Rc::new(Endpoint::unmatched(app, *family))).collect();
    let answer = web::to(async || Err::<HttpResponse, _>(Fault::NotFound)).wrap(from_fn(move |request: ServiceRequest, next| {
        let family = owner(request.path()).map(Family::name);
        let endpoint = endpoints.iter().find(|endpoint| Some(endpoint.family.name()) == family);
        let endpoint = endpoint.map(Rc::clone);
        async move {
            match endpoint {
                Some(endpoint) => run(endpoint, request, next).await,
                None => Ok(ServiceResponse::new(request.into_parts().0, Fault::NotFound.answer())),
            }
        }
    }));
    config.default_service(answer);
}

async fn run(endpoint: Rc<Endpoint>, request: ServiceRequest, next: Next<BoxBody>) -> actix_web::Result<ServiceResponse> {
    let started = Instant::now();
    let settings = &endpoint.app.settings;
    let client = client_address(
        request.peer_addr(),
        request.headers(),
        &settings.trusted_proxies,
        settings.forwarded_header,
    );
    let call = Call::new(&endpoint.app, endpoint.family, endpoint.template, client);
    request.extensions_mut().insert(call.clone());
    let http = request.request().clone();
    let span = tracing::error_span!("request", trace_id = %call.trace);
    let outcome = AssertUnwindSafe(serve(&endpoint, &call, request, next).instrument(span.clone()));
    let outcome = outcome.catch_unwind().await.unwrap_or_else(|_| Err(Fault::Panicked.into()));
    let mut response = span.in_scope(|| settle(&endpoint, &call, &http, outcome));
    finish(&endpoint, &call, &mut response);
    let response = compress(&http, response).await;
    note(&endpoint, &call, &http, response.status(), started).await;
    Ok(ServiceResponse::new(http, response))
}

async fn serve(endpoint: &Endpoint, call: &Call, request: ServiceRequest, next: Next<BoxBody>) -> actix_web::Result<HttpResponse> {
    let credential = endpoint.credential(request.method());
    endpoint.family.admit(call, request.request(), credential).await?;
    let response = next.call(request).await?;
    Ok(response.into_parts().1)
}

/// The handler's answer, or what went wrong in the family's envelope.
fn settle(endpoint: &Endpoint, call: &Call, request: &HttpRequest, outcome: actix_web::Result<HttpResponse>) -> HttpResponse {
    match outcome {
        Ok(response) => match response.error() {
            Some(error) => rendered(endpoint, call, request, error),
            None => response,
        },
        Err(error) => rendered(endpoint, call, request, &error),
    }
}

fn rendered(endpoint: &Endpoint, call: &Call, request: &HttpRequest, error: &actix_web::Error) -> HttpResponse {
    let response = endpoint.family.render(call, request.path(), error);
    if response.status().is_server_error() {
        tracing::error!(%error, endpoint = endpoint.template.unwrap_or(UNMATCHED), status = response.status().as_u16(), "a request failed");
    }
    response
}

fn finish(endpoint: &Endpoint, call: &Call, response: &mut HttpResponse) {
    if endpoint.app.is_stopping() || leaves_body_unread(response.status()) {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    let not_allowed = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    if let Some(allow) = endpoint.allow.as_ref().filter(|_| not_allowed) {
        headers.insert(ALLOW, allow.clone());
    }
    if let Some(decision) = call.decision() {
        endpoint.family.rate_headers(call, &decision, headers);
    }
    endpoint.family.own_headers(headers);
    if let Ok(trace) = HeaderValue::from_str(&call.trace.to_string()) {
        headers.insert(X_TRACE_ID, trace);
    }
}

/// The answer to a request that no worker takes, in its family's envelope; it is neither counted nor logged.
pub(crate) fn turned_away(app: &Arc<App>, family: &'static dyn Family, path: &str, client: IpAddr, fault: Fault) -> HttpResponse {
    let endpoint = Endpoint::unmatched(app, family);
    let call = Call::new(app, family, None, client);
    let mut response = family.render(&call, path, &fault.into());
    finish(&endpoint, &call, &mut response);
    response
}

/// What follows the answer on the connection is the rest of a body, not a request.
fn leaves_body_unread(status: StatusCode) -> bool {
    [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ]
    .contains(&status)
}

async fn note(endpoint: &Endpoint, call: &Call, request: &HttpRequest, status: StatusCode, started: Instant) {
    let latency = started.elapsed();
    let template = endpoint.template.unwrap_or(UNMATCHED);
    let status = status.as_u16();
    endpoint
        .metrics
        .note(endpoint.family.name(), template, request.method(), status, latency);
    // Whoever is refused before anybody is known costs a number in the metrics and no row: a flood would fill the disk.
    if status == StatusCode::TOO_MANY_REQUESTS.as_u16() && matches!(call.caller(), Caller::Nobody) {
        return;
    }
    let entry = Entry {
        received_at: call.received_at,
        family: endpoint.family.name(),
        endpoint: match endpoint.template {
            Some(template) => LoggedEndpoint::Template(template),
            None => LoggedEndpoint::unmatched(request.path()),
        },
        method: request.method().clone(),
        status,
        latency,
        caller: call.caller().into(),
        client: call.client,
        trace: call.trace,
    };
    call.app.request_log.note(entry).await;
}

#[cfg(test)]
mod tests;
