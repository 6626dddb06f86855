//! Every route is tried with every credential that is not in force there: each refusal is the family's own, and what is not refused is
//! known, since it stands in a snapshot.

use std::fmt::Write;

use crm_http::{RouteInfo, families::Credential};
use crm_tests::http::Answer;

use super::deployment::{Presented, credentials, first_tenants_records, path_of, routes, send, server};

#[test]
fn every_route_refuses_every_credential_that_is_not_in_force_there() {
    let server = server();
    let before = first_tenants_records(&server);
    let presented = credentials(&server);
    let mut gaps = String::new();
    for route in routes() {
        let mut let_in = Vec::new();
        for credential in &presented {
            let answer = send(&server, route.method.as_str(), &path_of(&route), credential);
            assert!(
                !String::from_utf8_lossy(&answer.body).contains("Acme"),
                "a first tenant's record: {answer:?}"
            );
            match expected(&route, credential) {
                Expected::Refused => assert_refused(&route, credential, &answer),
                Expected::NotFound => assert_not_found(&route, credential, &answer),
                Expected::Known => let_in.push((credential.name.as_str(), outcome(&answer))),
            }
        }
        for (name, outcome) in summary(let_in, presented.len()) {
            writeln!(gaps, "{} {} | {name} | {outcome}", route.method, route.template).unwrap();
        }
    }
    assert_eq!(first_tenants_records(&server), before, "nobody changed anything");
    insta::assert_snapshot!("open_to_these_credentials", gaps);
}

/// One line where a route answers whoever asks in the same way.
fn summary(let_in: Vec<(&str, String)>, credentials: usize) -> Vec<(&str, String)> {
    match let_in.first() {
        Some((_, first)) if let_in.len() == credentials && let_in.iter().all(|(_, outcome)| outcome == first) => {
            vec![("anybody", first.clone())]
        }
        _ => let_in,
    }
}

enum Expected {
    /// 401 in the family's envelope.
    Refused,
    /// 404: the id is another tenant's.
    NotFound,
    /// Let in; the snapshot says with which outcome.
    Known,
}

fn expected(route: &RouteInfo, presented: &Presented) -> Expected {
    match route.credential {
        Credential::Open => Expected::Known,
        // Family D claims it for browsers.
        _ if is_claimed(route) && presented.good_for.contains(&Credential::Session) => Expected::Known,
        wanted if !opens(presented, wanted) => Expected::Refused,
        // What a role may not do is refused before any record is looked for.
        _ if route.template.contains("{id}") && !presented.limited => Expected::NotFound,
        _ => Expected::Known,
    }
}

fn opens(presented: &Presented, wanted: Credential) -> bool {
    let fits = match wanted {
        Credential::JwtOrSession => &[Credential::Jwt, Credential::Session][..],
        _ => &[wanted],
    };
    fits.iter().any(|credential| presented.good_for.contains(credential))
}

fn is_claimed(route: &RouteInfo) -> bool {
    route.method == "GET" && route.template == "/api/contacts"
}

fn outcome(answer: &Answer) -> String {
    format!("{} {}", answer.status, code(answer)).trim().to_owned()
}

/// What the answer's envelope calls the error, in whichever family.
fn code(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["error"]["code"]
        .as_str()
        .or(body["error"].as_str())
        .or(body["detail"].as_str());
    code.unwrap_or_default().to_owned()
}

#[track_caller]
fn assert_refused(route: &RouteInfo, presented: &Presented, answer: &Answer) {
    let what = format!("{} {} with {}: {answer:?}", route.method, route.template, presented.name);
    assert_eq!(answer.status, 401, "{what}");
    let known: &[&str] = match route.family {
        "health_trixss" => &["API key required", "Invalid API key format", "Invalid API key", "API key expired"],
        "saas" | "admin" => &["AUTH_FAILED", "INVALID_TOKEN"],
        "contacts" => &["UNAUTHORIZED"],
        "halopsa" => &["AUTHENTICATION_ERROR"],
        "elevate" => &[
            "Invalid or missing API key",
            "API keys are managed by an Admin: send an access token or the cookie of a session",
        ],
        // Whoever adds a family says here which errors turn people away.
        other => panic!("{other} is not known in {}", file!()),
    };
    assert!(known.contains(&code(answer).as_str()), "{what}");
    assert_envelope(route.family, answer);
}

#[track_caller]
fn assert_not_found(route: &RouteInfo, presented: &Presented, answer: &Answer) {
    assert_eq!(
        answer.status, 404,
        "{} {} with {}: {answer:?}",
        route.method, route.template, presented.name
    );
    assert_envelope(route.family, answer);
}

/// The shape of a family's errors.
#[track_caller]
pub fn assert_envelope(family: &str, answer: &Answer) {
    let body = answer.json();
    let members: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    let is_text = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.is_empty());
    match family {
        "health_trixss" => {
            assert_eq!(members, ["error", "message"], "{answer:?}");
            assert!(is_text(&body["error"]) && is_text(&body["message"]), "{answer:?}");
        }
        "halopsa" => {
            assert_eq!(members, ["error"], "{answer:?}");
            let error = &body["error"];
            let members: Vec<&str> = error.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(members, ["code", "details", "message", "request_id", "timestamp"], "{answer:?}");
            assert!(
                is_text(&error["code"]) && is_text(&error["message"]) && is_text(&error["timestamp"]),
                "{answer:?}"
            );
            assert!(error["details"].is_object(), "{answer:?}");
            let trace = answer.header("x-trace-id").unwrap_or_default();
            assert_eq!(error["request_id"], trace.replacen("trace_", "req_", 1), "{answer:?}");
        }
        "elevate" => {
            assert_eq!(members, ["detail"], "{answer:?}");
            assert!(is_text(&body["detail"]), "{answer:?}");
        }
        "contacts" => {
            assert_eq!(members, ["error", "success"], "{answer:?}");
            assert_eq!(body["success"], false, "{answer:?}");
            assert!(is_text(&body["error"]["code"]) && is_text(&body["error"]["message"]), "{answer:?}");
            assert_eq!(
                body["error"]["traceId"],
                answer.header("x-trace-id").unwrap_or_default(),
                "{answer:?}"
            );
            assert_eq!(answer.header("x-api-version"), Some("1.0.0"), "{answer:?}");
        }
        _ => {
            assert_eq!(members, ["error", "path", "timestamp", "traceId"], "{answer:?}");
            assert!(is_text(&body["error"]["code"]) && is_text(&body["error"]["message"]), "{answer:?}");
            assert!(body["error"]["details"].is_array(), "{answer:?}");
        }
    }
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-trace-id"] {
        assert!(answer.header(header).is_some(), "{header} of {answer:?}");
    }
}
