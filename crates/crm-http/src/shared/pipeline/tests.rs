//! The pipeline on databases that are down: what it answers by itself. Everything else is tried against real stores, end to end.

use std::time::Duration;

use actix_web::{
    App as ActixApp,
    body::to_bytes,
    http::header::HeaderMap,
    test::{TestRequest, call_service, init_service},
};
use crm_domain::{
    Error, Result,
    clock::{ManualClock, SystemEntropy},
    control::{
        ControlReader, ControlStore, ControlUnit, EpochDone,
        api_key::{KeyFamily, KeyText},
        tenant::Tenant,
    },
    stamp::Stamp,
    tenant::{
        OnCommit, TenantStore, Tenants,
        webhook::{
            Judged, TargetJudge, TargetUrl,
            sender::{Outgoing, SendDone, WebhookSender},
        },
    },
};
use serde_json::{Value, json};

use super::*;
use crate::{
    AppParts, HttpSettings, Secrets, configure,
    families::{Admitting, health_trixss::HealthTrixss},
    shared::rate_limit::{Decision, LocalRateLimits},
};

fn down() -> Error {
    Error::Unavailable {
        what: "the database",
        cause: "a test".to_owned(),
        retry_after: Duration::from_millis(1_500),
    }
}

struct Down;

impl ControlStore for Down {
    fn read(&self, _: &mut dyn FnMut(&mut dyn ControlReader) -> Result<()>) -> Result<()> {
        Err(down())
    }
    fn write(&self, _: &mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>) -> Result<()> {
        Err(down())
    }
    fn recent_epoch(&self) -> Option<i64> {
        None
    }
    fn epoch(&self, done: EpochDone) {
        done(Err(down()));
    }
}

impl Tenants for Down {
    fn open(&self, _: &Tenant) -> Result<Arc<dyn TenantStore>> {
        Err(down())
    }
    fn provision(&self) -> Result<String> {
        Err(down())
    }
    fn discard(&self, _: &str) -> Result<()> {
        Err(down())
    }
    fn on_commit(&self, _: OnCommit) {}
    fn close(&self) {}
}

impl WebhookSender for Down {
    fn send(&self, _: Outgoing, done: SendDone) {
        drop(done);
    }
}

impl TargetJudge for Down {
    fn judge(&self, _: &TargetUrl, judged: Judged) {
        drop(judged);
    }
}

fn app() -> Arc<App> {
    let clock = Arc::new(ManualClock::at(Stamp::from_micros(1_000_000_000)));
    App::new(AppParts {
        control: Arc::new(Down),
        tenants: Arc::new(Down),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
        secrets: Secrets {
            jwt: vec![1; 32],
            refresh: vec![2; 32],
            sealing: [3; 32],
            retired_sealing: Vec::new(),
        },
        settings: HttpSettings::default(),
        rate_limits: Arc::new(LocalRateLimits::new(clock)),
        enrichment: None,
        service_desk: None,
        metrics: None,
        executors: Vec::new(),
        webhook_sender: Arc::new(Down),
        target_judge: Arc::new(Down),
    })
}

/// Status, headers and JSON of an answer of the whole application.
async fn ask(request: TestRequest) -> (u16, HeaderMap, Value) {
    let service = init_service(ActixApp::new().configure(configure(app()))).await;
    read(call_service(&service, request.to_request()).await).await
}

async fn read(response: ServiceResponse) -> (u16, HeaderMap, Value) {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn key() -> String {
    KeyText::random(KeyFamily::HealthTrixss, &SystemEntropy).as_str().to_owned()
}

#[actix_web::test]
async fn every_answer_has_a_trace_id_of_its_own_and_rate_limit_headers() {
    let request = TestRequest::get()
        .uri("/api/v1/external/accounts")
        .insert_header(("x-trace-id", "trace_forged"));
    let (status, headers, body) = ask(request).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({ "error": "API key required", "message": "No x-api-key header provided" })
    );
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert!(text("x-trace-id").starts_with("trace_") && text("x-trace-id") != "trace_forged");
    assert_eq!(
        (text("x-ratelimit-limit"), text("x-ratelimit-remaining")),
        ("100".to_owned(), "99".to_owned())
    );
    assert_eq!(text("x-ratelimit-reset"), "1060");
}

#[actix_web::test]
async fn a_database_that_is_down_is_answered_in_the_familys_envelope() {
    let request = TestRequest::get()
        .uri("/api/v1/external/accounts")
        .insert_header(("x-api-key", key()));
    let (status, headers, body) = ask(request).await;
    assert_eq!(status, 503);
    assert_eq!(headers.get("retry-after").unwrap(), "2");
    assert_eq!(body["error"], "Service unavailable");
}

#[actix_web::test]
async fn unknown_paths_are_answered_by_who_owns_them() {
    let (status, _, body) = ask(TestRequest::get().uri("/api/v1/external/nope")).await;
    assert_eq!((status, &body["error"]), (401, &json!("API key required")));
    let (status, _, body) = ask(TestRequest::get().uri("/api/nope")).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("AUTH_FAILED")));
    let (status, headers, body) = ask(TestRequest::get().uri("/nope")).await;
    assert_eq!((status, &body["error"]), (404, &json!("Not Found")));
    assert!(!headers.contains_key("x-ratelimit-limit"));
}

#[actix_web::test]
async fn strangers_are_turned_away_at_their_limit() {
    let service = init_service(ActixApp::new().configure(configure(app()))).await;
    for _ in 0..100 {
        let request = TestRequest::get().uri("/api/v1/external/accounts").to_request();
        assert_eq!(call_service(&service, request).await.status(), 401);
    }
    let request = TestRequest::get().uri("/api/v1/external/accounts").to_request();
    let (status, headers, body) = read(call_service(&service, request).await).await;
    assert_eq!(status, 429);
    assert_eq!(body, json!({ "error": "Too many requests", "message": "Rate limit exceeded" }));
    assert_eq!(headers.get("retry-after").unwrap(), "60");
    assert_eq!(headers.get("x-ratelimit-remaining").unwrap(), "0");
}

#[actix_web::test]
async fn probes_tell_life_from_readiness() {
    assert_eq!(ask(TestRequest::get().uri("/livez")).await.0, 200);
    let (status, headers, _) = ask(TestRequest::get().uri("/readyz")).await;
    assert_eq!((status, headers.get("retry-after").unwrap().to_str().unwrap()), (503, "2"));
    assert_eq!(ask(TestRequest::get().uri("/metrics")).await.0, 404);
}

/// Family A without its door.
struct Unlocked;

impl Family for Unlocked {
    fn name(&self) -> &'static str {
        HealthTrixss.name()
    }
    fn prefixes(&self) -> &'static [&'static str] {
        HealthTrixss.prefixes()
    }
    fn routes(&self) -> Vec<Route> {
        vec![Route::new(Method::GET, "/api/v1/external/accounts", Credential::Open, || {
            web::to(async || -> HttpResponse { panic!("as a test") })
        })]
    }
    fn unknown_path_credential(&self) -> Credential {
        Credential::Open
    }
    fn admit<'a>(&'static self, _: &'a Call, _: &'a HttpRequest, _: Credential) -> Admitting<'a> {
        Box::pin(async { Ok(()) })
    }
    fn render(&self, call: &Call, path: &str, error: &actix_web::Error) -> HttpResponse {
        HealthTrixss.render(call, path, error)
    }
    fn rate_headers(&self, _: &Call, _: &Decision, _: &mut HeaderMap) {}
    fn openapi(&self) -> utoipa::openapi::OpenApi {
        HealthTrixss.openapi()
    }
}

async fn ask_unlocked(request: TestRequest) -> (u16, HeaderMap, Value) {
    let app = app();
    let mount = move |config: &mut ServiceConfig| {
        config.service(resource(&app, &Unlocked, "/api/v1/external/accounts", &Unlocked.routes()));
    };
    let service = init_service(ActixApp::new().configure(mount)).await;
    read(call_service(&service, request.to_request()).await).await
}

#[actix_web::test]
async fn a_panic_is_answered_in_the_familys_envelope() {
    let (status, headers, body) = ask_unlocked(TestRequest::get().uri("/api/v1/external/accounts")).await;
    assert_eq!(status, 500);
    assert_eq!(
        body,
        json!({ "error": "Failed to fetch accounts", "message": "Error listing accounts" })
    );
    assert!(headers.contains_key("x-trace-id"));
}

#[actix_web::test]
async fn another_method_is_answered_with_those_that_are_allowed() {
    let (status, headers, body) = ask_unlocked(TestRequest::post().uri("/api/v1/external/accounts")).await;
    assert_eq!((status, &body["error"]), (405, &json!("Method not allowed")));
    assert_eq!(headers.get("allow").unwrap(), "GET, HEAD");
}

#[actix_web::test]
async fn the_documentation_needs_no_other_server() {
    let (status, _, document) = ask(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!((status, &document["info"]["title"]), (200, &json!("CRM server")));
    let service = init_service(ActixApp::new().configure(configure(app()))).await;
    let response = call_service(&service, TestRequest::get().uri("/docs/swagger-initializer.js").to_request()).await;
    let script = to_bytes(response.into_body()).await.unwrap();
    assert!(String::from_utf8_lossy(&script).contains("/openapi.json"));
    for bare in ["/", "/docs"] {
        let response = call_service(&service, TestRequest::get().uri(bare).to_request()).await;
        assert_eq!(response.headers().get("location").unwrap(), "/docs/");
    }
}
