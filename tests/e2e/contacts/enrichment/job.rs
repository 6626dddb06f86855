//! Lookups as jobs (contract D-124 … D-133, D-203 … D-206, X-130, X-136).

use std::{
    thread,
    time::{Duration, Instant},
};

use crm_tests::{
    http::Answer,
    provider::{Deed, person},
    server::Server,
};
use serde_json::{Value, json};

use super::{ADA, Desk, activities, each_backend_with_provider, enrich, url};
use crate::contacts::{Browser, assert_uuid, contact::make, data, details, full, keys, refusal, scoped, text};

each_backend_with_provider! {
    a_job_fills_a_contact,
    a_job_without_a_contact_finds_or_makes_one,
    many_jobs_are_started_at_once,
    jobs_are_listed_newest_first,
    what_may_pass_is_tried_again,
    what_does_not_pass_fails_with_its_reason,
    a_history_tells_what_pages_waited_for,
    a_repeated_request_starts_one_job,
    ends_are_counted_as_what_they_are,
}

const PATH: &str = "/api/v1/enrichment/jobs";

/// Longest that a test waits for a job.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(server: &Server, key: &str, body: &Value) -> Answer {
    server.post(PATH).bearer(key).json(body).send()
}

fn started(server: &Server, key: &str, body: &Value) -> Value {
    data(server, &start(server, key, body).expect(201))["job"].clone()
}

fn show(server: &Server, key: &str, id: &Value) -> Value {
    let answer = server.get(&format!("{PATH}/{}", text(id))).bearer(key).expect(200);
    data(server, &answer)["job"].clone()
}

/// The job when this holds of it.
fn once(server: &Server, key: &str, id: &Value, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let job = show(server, key, id);
        if holds(&job) {
            return job;
        }
        assert!(begun.elapsed() < PATIENCE, "{job}");
        thread::yield_now();
    }
}

fn over(server: &Server, key: &str, id: &Value) -> Value {
    once(server, key, id, |job| ["completed", "failed"].contains(&text(&job["status"])))
}

// D-124, D-125, D-126, D-129, D-130, X-136
fn a_job_fills_a_contact(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let ada = make(server, &key, &json!({ "firstName": "Ada", "title": "Countess" }));
    desk.provider.next([Deed::found(&person("Ada", "Lovelace"), 2).held()]);
    let body = json!({ "linkedinUrl": ADA, "contactId": ada["id"] });
    let job = started(server, &key, &body);
    assert_eq!(
        keys(&job),
        [
            "attempts",
            "completedAt",
            "contactId",
            "createdAt",
            "creditsUsed",
            "error",
            "id",
            "linkedinUrl",
            "result",
            "status"
        ]
    );
    assert_uuid(&job["id"]);
    assert_eq!(
        (&job["linkedinUrl"], &job["contactId"], &job["status"]),
        (&json!(ADA), &ada["id"], &json!("pending"))
    );
    assert_eq!(
        (&job["creditsUsed"], &job["error"], &job["completedAt"], &job["result"]),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(job["createdAt"], server.now().to_second_precision());
    desk.provider.wait_for_held(1);
    assert_eq!(show(server, &key, &job["id"])["status"], "processing");
    desk.provider.release();
    let done = over(server, &key, &job["id"]);
    assert_eq!(
        (
            &done["status"],
            &done["creditsUsed"],
            &done["result"],
            &done["attempts"],
            &done["error"]
        ),
        (&json!("completed"), &json!(2), &json!("enriched"), &json!(1), &Value::Null)
    );
    assert!(done["completedAt"].is_string());
    let shown = server
        .get(&format!("/api/v1/contacts/{}", text(&ada["id"])))
        .bearer(&key)
        .expect(200);
    let contact = data(server, &shown)["contact"].clone();
    assert_eq!((&contact["lastName"], &contact["title"]), (&json!("Lovelace"), &json!("Countess")));
    assert_eq!(activities(server, &key, "activityType=enriched"), ["enriched"]);
    assert_eq!(activities(server, &key, "activityType=updated"), [""; 0]);
    // Another tenant has no such job, nor has anybody an unknown one.
    let other = full(&server.tenant("Bolt"));
    for (key, id) in [
        (&other, text(&job["id"])),
        (&key, "0190a5a0-0000-7000-8000-000000000000"),
        (&key, "none"),
        (&key, text(&ada["id"])),
    ] {
        refusal(server, &server.get(&format!("{PATH}/{id}")).bearer(key).send(), 404, "NOT_FOUND");
    }
}

// D-125
fn a_job_without_a_contact_finds_or_makes_one(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let ada = make(
        server,
        &key,
        &json!({ "fullName": "Ada", "personLinkedIn": "https://www.linkedin.com/in/ADA/" }),
    );
    let job = started(server, &key, &url(ADA));
    assert_eq!(job["contactId"], ada["id"]);
    assert_eq!(over(server, &key, &job["id"])["result"], "enriched");
    // Asked again there is nothing to tell.
    let again = started(server, &key, &json!({ "linkedinUrl": ADA, "contactId": null }));
    assert_eq!(over(server, &key, &again["id"])["result"], "unchanged");
    // Nobody has this one so far.
    desk.provider.always(Deed::found(&person("Bob", "Babbage"), 1));
    let job = started(server, &key, &url("linkedin.com/in/bob"));
    assert_eq!(job["contactId"], Value::Null);
    let done = over(server, &key, &job["id"]);
    assert_eq!((&done["status"], &done["result"]), (&json!("completed"), &json!("created")));
    let shown = server
        .get(&format!("/api/v1/contacts/{}", text(&done["contactId"])))
        .bearer(&key)
        .expect(200);
    let bob = data(server, &shown)["contact"].clone();
    assert_eq!(
        (&bob["fullName"], &bob["personLinkedIn"]),
        (&json!("Bob Babbage"), &json!("linkedin.com/in/bob"))
    );
    assert_eq!(activities(server, &key, &format!("contactId={}", text(&bob["id"]))), ["created"]);
    // What cannot be is refused before there is a job.
    let asked = desk.provider.asked();
    for (body, field, code) in [
        (json!({}), "linkedinUrl", "required"),
        (json!({ "linkedinUrl": 7 }), "linkedinUrl", "invalid_type"),
        (url("https://example.com/ada"), "linkedinUrl", "custom"),
        (json!({ "linkedinUrl": ADA, "contactId": 7 }), "contactId", "invalid_type"),
    ] {
        let error = refusal(server, &start(server, &key, &body), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [(field, code)], "{body}");
    }
    for id in ["0190a5a0-0000-7000-8000-000000000000", "none"] {
        let body = json!({ "linkedinUrl": "linkedin.com/in/x", "contactId": id });
        refusal(server, &start(server, &key, &body), 404, "NOT_FOUND");
    }
    // Ada's profile is not Bob's.
    let body = json!({ "linkedinUrl": ADA, "contactId": bob["id"] });
    refusal(server, &start(server, &key, &body), 409, "DUPLICATE_RESOURCE");
    assert_eq!(desk.provider.asked(), asked);
}

// D-131, D-132, D-133, X-130
fn many_jobs_are_started_at_once(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let ada = make(server, &key, &json!({ "fullName": "Ada" }));
    let bulk = |body: &Value| server.post("/api/v1/enrichment/jobs/bulk").bearer(&key).json(body).send();
    let body = json!({ "jobs": [
        url("https://linkedin.com/in/user1"),
        { "linkedinUrl": "https://linkedin.com/in/user2", "contactId": ada["id"] },
        url("https://example.com/in/user3"),
        { "linkedinUrl": "https://linkedin.com/in/user4", "contactId": "none" },
        url("http://www.linkedin.com/in/User1/"),
        7,
    ]});
    let outcome = data(server, &bulk(&body).expect(201));
    assert_eq!(outcome["summary"], json!({ "total": 6, "created": 2, "failed": 4 }));
    let results = outcome["results"].as_array().unwrap();
    let successes: Vec<bool> = results.iter().map(|result| result["success"].as_bool().unwrap()).collect();
    assert_eq!(successes, [true, true, false, false, false, false]);
    let codes: Vec<&str> = results[2..].iter().map(|result| text(&result["error"]["code"])).collect();
    assert_eq!(codes, ["VALIDATION_ERROR", "NOT_FOUND", "VALIDATION_ERROR", "VALIDATION_ERROR"]);
    for (index, job) in outcome["jobs"].as_array().unwrap().iter().enumerate() {
        assert_eq!(results[index], json!({ "index": index, "success": true, "jobId": job["id"] }));
        assert_eq!(over(server, &key, &job["id"])["status"], "completed");
    }
    assert_eq!(desk.provider.asked(), 2);
    let many = |count: usize| {
        let jobs: Vec<Value> = (0..count)
            .map(|number| url(&format!("https://linkedin.com/in/n{number}")))
            .collect();
        json!({ "jobs": jobs })
    };
    for (body, code) in [
        (many(101), "custom"),
        (many(0), "custom"),
        (json!({}), "required"),
        (json!({ "jobs": null }), "required"),
        (json!({ "jobs": "all" }), "invalid_type"),
    ] {
        let error = refusal(server, &bulk(&body), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("jobs", code)]);
    }
    // A hundred are done, never more than two at once.
    let outcome = data(server, &bulk(&many(100)).expect(201));
    assert_eq!(outcome["summary"], json!({ "total": 100, "created": 100, "failed": 0 }));
    for job in outcome["jobs"].as_array().unwrap() {
        assert_eq!(over(server, &key, &job["id"])["status"], "completed");
    }
    assert_eq!(desk.provider.asked(), 102);
}

// D-127, D-128, D-203, D-204, D-205, D-206
fn jobs_are_listed_newest_first(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    let list = |query: &str| {
        let answer = server.get(&format!("{PATH}{query}")).bearer(&key).expect(200);
        (data(server, &answer)["jobs"].clone(), answer.json()["meta"].clone())
    };
    let ids = |jobs: &Value| -> Vec<String> {
        let jobs = jobs.as_array().unwrap();
        jobs.iter().map(|job| text(&job["id"]).to_owned()).collect()
    };
    assert_eq!(list("").0, json!([]));
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let ada = make(server, &key, &json!({ "fullName": "Ada", "personLinkedIn": ADA }));
    let mut newest: Vec<String> = (0..23)
        .map(|number| {
            let body = match number {
                5 | 7 => url(ADA),
                _ => url(&format!("https://linkedin.com/in/n{number}")),
            };
            text(&started(server, &key, &body)["id"]).to_owned()
        })
        .collect();
    newest.reverse();
    let (jobs, meta) = list("");
    assert_eq!(ids(&jobs), newest[..20]);
    assert_eq!(
        meta,
        json!({ "page": 1, "pageSize": 20, "totalItems": 23, "totalPages": 2, "apiVersion": "1.0.0" })
    );
    assert_eq!(ids(&list("?page=3&pageSize=7").0), newest[14..21]);
    refusal(
        server,
        &server.get(&format!("{PATH}?page=0")).bearer(&key).send(),
        400,
        "VALIDATION_ERROR",
    );
    // For browsers.
    let history = |path: &str| {
        let body = browser.request("GET", path).expect(200).json();
        assert_eq!((keys(&body), &body["success"]), (vec!["jobs", "success"], &json!(true)));
        body["jobs"].clone()
    };
    assert_eq!(ids(&history("/api/enrichment/jobs")), newest[..20]);
    assert_eq!(ids(&history("/api/enrichment/jobs?limit=3")), newest[..3]);
    assert_eq!(ids(&history("/api/enrichment/jobs?limit=1000")), newest);
    let of_ada = format!("/api/contacts/{}/enrichment-jobs", text(&ada["id"]));
    let own = [newest[15].clone(), newest[17].clone()];
    assert_eq!(ids(&history(&of_ada)), own);
    assert_eq!(ids(&history(&format!("{of_ada}?limit=1"))), own[..1]);
    for path in [
        "/api/enrichment/jobs?limit=0",
        "/api/enrichment/jobs?limit=x",
        &format!("{of_ada}?limit=-1"),
    ] {
        let error = refusal(server, &browser.request("GET", path).send(), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("limit", "custom")]);
    }
    let stranger = Browser::of(server, &server.tenant("Bolt").admin);
    refusal(server, &stranger.request("GET", &of_ada).send(), 404, "NOT_FOUND");
    refusal(
        server,
        &browser.request("GET", "/api/contacts/none/enrichment-jobs").send(),
        404,
        "NOT_FOUND",
    );
    assert_eq!(
        stranger.request("GET", "/api/enrichment/jobs").expect(200).json()["jobs"],
        json!([])
    );
    refusal(server, &server.get("/api/enrichment/jobs").bearer(&key).send(), 401, "UNAUTHORIZED");
}

// D-130
fn what_may_pass_is_tried_again(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    desk.provider.next([Deed::status(503).with("retry-after", 600), Deed::Truncate]);
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let job = started(server, &key, &url(ADA));
    let waiting = |attempts: u32| move |job: &Value| job["status"] == "pending" && job["attempts"] == attempts;
    let first = once(server, &key, &job["id"], waiting(1));
    assert_eq!(first["error"], "The enrichment provider failed with status 503");
    // It comes when it was told to, not before.
    server.advance(Duration::from_secs(599));
    assert_eq!(desk.provider.asked(), 1);
    // Stamps run ahead of a clock that stands still.
    server.advance(Duration::from_secs(2));
    let second = once(server, &key, &job["id"], waiting(2));
    assert_eq!(second["error"], "The connection to the enrichment provider broke off");
    server.advance(Duration::from_secs(61));
    let done = over(server, &key, &job["id"]);
    assert_eq!(
        (&done["status"], &done["attempts"], &done["creditsUsed"], &done["error"]),
        (&json!("completed"), &json!(3), &json!(1), &Value::Null)
    );
    // What may have been paid for is not tried for ever.
    desk.provider.always(Deed::status(500));
    let job = started(server, &key, &url("linkedin.com/in/bob"));
    for attempts in 1..3 {
        once(server, &key, &job["id"], waiting(attempts));
        server.advance(Duration::from_secs(3_600));
    }
    let failed = over(server, &key, &job["id"]);
    assert_eq!(
        (&failed["status"], &failed["attempts"], &failed["error"]),
        (
            &json!("failed"),
            &json!(3),
            &json!("The enrichment provider failed with status 500")
        )
    );
}

// D-130, X-153
fn what_does_not_pass_fails_with_its_reason(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    for (deed, reason, credits) in [
        (
            Deed::status(404).with("x-proxycurl-credit-cost", 1),
            "LinkedIn profile not found",
            json!(1),
        ),
        (
            Deed::status(401),
            "The enrichment provider refuses this server's API key",
            Value::Null,
        ),
        (
            Deed::status(402),
            "The enrichment provider has no credits left for this server",
            Value::Null,
        ),
        (
            Deed::Answer(200, vec![("x-proxycurl-credit-cost", "3".to_owned())], b"<html>".to_vec()),
            "The enrichment provider's answer cannot be understood",
            json!(3),
        ),
        (Deed::Flood, "The enrichment provider's answer is too large", Value::Null),
    ] {
        desk.provider.next([deed]);
        let asked = desk.provider.asked();
        let job = started(server, &key, &url(ADA));
        let failed = over(server, &key, &job["id"]);
        assert_eq!(
            (&failed["status"], &failed["error"], &failed["creditsUsed"]),
            (&json!("failed"), &json!(reason), &credits)
        );
        assert_eq!((&failed["result"], &failed["contactId"]), (&Value::Null, &Value::Null));
        assert!(failed["completedAt"].is_string());
        assert_eq!(desk.provider.asked(), asked + 1);
    }
    // A contact that is deleted meanwhile.
    let ada = make(server, &key, &json!({ "fullName": "Ada", "personLinkedIn": ADA }));
    desk.provider.next([Deed::found(&person("Ada", "Lovelace"), 1).held()]);
    let job = started(server, &key, &url(ADA));
    desk.provider.wait_for_held(1);
    server
        .delete(&format!("/api/v1/contacts/{}", text(&ada["id"])))
        .bearer(&key)
        .expect(200);
    desk.provider.release();
    let failed = over(server, &key, &job["id"]);
    assert_eq!((&failed["status"], &failed["creditsUsed"]), (&json!("failed"), &json!(1)));
}

// D-203, D-205
fn a_history_tells_what_pages_waited_for(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    desk.provider.next([Deed::found(&person("Ada", "Lovelace"), 1), Deed::status(404)]);
    let created = browser.request("POST", "/api/enrichment/create-from-linkedin").json(&url(ADA));
    let ada = created.expect(201).json()["contact"].clone();
    enrich(&browser, &ada["id"], &json!({})).expect(404);
    for path in [
        "/api/enrichment/jobs",
        &format!("/api/contacts/{}/enrichment-jobs", text(&ada["id"])),
    ] {
        let jobs = browser.request("GET", path).expect(200).json()["jobs"].clone();
        let told: Vec<Value> = jobs
            .as_array()
            .unwrap()
            .iter()
            .map(|job| json!([job["status"], job["result"], job["creditsUsed"], job["error"]]))
            .collect();
        assert_eq!(
            told,
            [
                json!(["failed", null, null, "LinkedIn profile not found"]),
                json!(["completed", "created", 1, null])
            ],
            "{path}"
        );
        assert!(
            jobs.as_array()
                .unwrap()
                .iter()
                .all(|job| job["contactId"] == ada["id"] && job["linkedinUrl"] == ADA)
        );
    }
    let listed = data(server, &server.get(PATH).bearer(&key).expect(200));
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 2);
}

//
fn a_repeated_request_starts_one_job(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let send = || {
        server
            .post(PATH)
            .bearer(&key)
            .header("idempotency-key", "k1")
            .json(&url(ADA))
            .expect(201)
    };
    let (first, again) = (send(), send());
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    over(server, &key, &first.json()["data"]["job"]["id"]);
    assert_eq!(desk.provider.asked(), 1);
}

// D-24, D-124, D-131, X-153
#[test]
fn jobs_ask_for_their_scope_and_a_provider() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let (read, run) = (scoped(&tenant, &["enrichment:read"]), scoped(&tenant, &["enrichment:run"]));
    let bulk = json!({ "jobs": [url(ADA)] });
    for (path, body) in [(PATH, &url(ADA)), ("/api/v1/enrichment/jobs/bulk", &bulk)] {
        let refused = server.post(path).bearer(&read).json(body).send();
        refusal(&server, &refused, 403, "INSUFFICIENT_SCOPE");
        let unconfigured = server.post(path).bearer(&run).json(body).send();
        let error = refusal(&server, &unconfigured, 400, "BAD_REQUEST");
        assert_eq!(error["message"], "LinkedIn enrichment is not configured");
    }
    refusal(&server, &server.get(PATH).bearer(&run).send(), 403, "INSUFFICIENT_SCOPE");
    assert_eq!(data(&server, &server.get(PATH).bearer(&read).expect(200))["jobs"], json!([]));
}

/// How many lookups have ended so, as `/metrics` tells.
fn counted(server: &Server, outcome: &str) -> f64 {
    let metrics = server.get("/metrics").expect(200);
    let is_ours = |line: &&str| {
        line.starts_with("crm_jobs_total{") && line.contains("kind=\"enrichment\"") && line.contains(&format!("outcome=\"{outcome}\""))
    };
    let line = metrics.text().lines().find(is_ours).map(str::to_owned);
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

fn ends_are_counted_as_what_they_are(desk: &Desk) {
    let server = &desk.server;
    let key = full(&server.tenant("Acme"));
    for (deed, outcome) in [
        (Deed::status(404), "failed"),
        (Deed::status(503).with("retry-after", 600), "queued"),
        (Deed::found(&person("Ada", "Lovelace"), 1), "completed"),
    ] {
        let before = counted(server, outcome);
        desk.provider.next([deed]);
        started(server, &key, &url(&format!("linkedin.com/in/{outcome}")));
        let begun = Instant::now();
        while counted(server, outcome) <= before {
            assert!(begun.elapsed() < PATIENCE, "nothing is counted as {outcome}");
            thread::yield_now();
        }
    }
}
