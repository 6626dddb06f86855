//! The document's functions and classes in JavaScript (C-152 … C-154, C-159 … C-162, C-164, C-165).

use std::time::Duration;

use crm_tests::{
    client::Program,
    database::{Backend, START},
    server::Server,
};
use serde_json::{Value, json};

use super::{super::text, documented_user, filled, leads};

const CREATE_LEAD: &str = include_str!("../snippets/create_lead.js");
const RATE_LIMIT: &str = include_str!("../snippets/rate_limit.js");
const ALL_LEADS: &str = include_str!("../snippets/all_leads.js");
const TOKEN_MANAGER: &str = include_str!("../snippets/token_manager.js");
const ERROR_RETRY: &str = include_str!("../snippets/error_retry.js");
const BATCH_OPERATIONS: &str = include_str!("../snippets/batch_operations.js");
const CACHED_API_CLIENT: &str = include_str!("../snippets/cached_api_client.js");
const LOGGING: &str = include_str!("../snippets/logging.js");
const IDEMPOTENCY: &str = include_str!("../snippets/idempotency.js");

/// An example and its use. Relative URLs get their base, as in a browser (X-112), and Node the server's clock; a `sleep` prints its
/// milliseconds and lasts until the test says something.
fn program(server: &Server, example: &str, usage: &str) -> Program {
    let (base, now) = (server.url(), START.seconds() * 1_000);
    let text = format!(
        "const crypto = require('crypto');
const lines = require('readline').createInterface({{ input: process.stdin }});
const nativeFetch = fetch;
globalThis.fetch = (url, options) => nativeFetch(new URL(url, '{base}'), options);
globalThis.sleep = milliseconds => new Promise(resolve => {{
  console.log(`sleeps ${{milliseconds}}`);
  lines.once('line', resolve);
}});
Date.now = () => {now};
{example}
(async () => {{
{usage}
}})().catch(error => {{ console.error(error); process.exitCode = 1; }}).finally(() => lines.close());
"
    );
    Program::node(&filled(&text, server))
}

/// A server whose tenants may send so many requests a minute, and wait for none.
fn limited(requests: u32) -> Server {
    Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits.saas_tiers = [("default".to_owned(), requests)].into();
        settings.rate_limits.saas_queue = 0;
    })
}

// C-152: it refreshes an expired token and tries again; an invalid field is told
#[test]
fn the_error_handling_example_creates_a_lead() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "globalThis.accessToken = 'expired';
         let refreshes = 0;
         globalThis.refreshToken = async () => {{ refreshes++; accessToken = '{token}'; }};
         const lead = await createLead({{ firstName: 'John', lastName: 'Doe', email: 'john.doe@example.com', source: 'Website' }});
         const refused = await createLead({{ firstName: 'John', lastName: 'Doe', email: 'john.doe' }}).catch(error => error.message);
         console.log(JSON.stringify([refreshes, lead, refused]));"
    );
    let printed = program(&server, CREATE_LEAD, &usage).run();
    let lead = leads(&server, &token)["items"][0].clone();
    assert_eq!(lead["email"], "john.doe@example.com");
    assert_eq!(printed.json(), json!([1, lead, "Invalid email format"]));
    let told = "Validation errors: [ { field: 'email', message: 'Email must be a valid email address' } ]";
    assert!(squeezed(&printed.errors).contains(told), "{}", printed.errors);
}

/// Node breaks what it prints into lines as it thinks best.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

// C-152, C-122
#[test]
fn the_error_handling_example_waits_when_it_was_too_quick() {
    let server = limited(1);
    let token = documented_user(&server);
    leads(&server, &token);
    let usage = format!(
        "globalThis.accessToken = '{token}';
         console.log((await createLead({{ firstName: 'John', lastName: 'Doe', email: 'john.doe@example.com' }})).email);"
    );
    let mut node = program(&server, CREATE_LEAD, &usage).start();
    assert_eq!(node.hear(), "sleeps 5000");
    server.advance(Duration::from_secs(60));
    node.say("awake");
    assert_eq!(node.hear(), "john.doe@example.com");
    node.finish();
}

// C-129, C-153: waiting until the reset is enough
#[test]
fn the_rate_limit_example_waits_and_succeeds() {
    let server = limited(100);
    let token = documented_user(&server);
    for _ in 0..100 {
        leads(&server, &token);
    }
    let usage = format!(
        "const response = await apiCall('/api/leads', {{ headers: {{ 'Authorization': 'Bearer {token}' }} }});
         console.log(response.status);"
    );
    let mut node = program(&server, RATE_LIMIT, &usage).start();
    assert_eq!(node.hear(), "Rate limited. Waiting 60000ms");
    assert_eq!(node.hear(), "sleeps 60000");
    server.advance(Duration::from_secs(60));
    node.say("awake");
    assert_eq!(node.hear(), "200");
    node.finish();
}

// C-154
#[test]
fn the_pagination_helper_gets_every_lead_once() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let made: Vec<Value> = (0..205)
        .map(|number| {
            let lead = format!(r#"{{"firstName":"John","lastName":"Doe","email":"john{number}@example.com"}}"#);
            server.post("/api/leads").bearer(&token).body(lead).expect(201).json()["id"].clone()
        })
        .collect();
    let usage = format!(
        "globalThis.token = '{token}';
         console.log(JSON.stringify((await getAllLeads()).map(lead => lead.id)));"
    );
    assert_eq!(program(&server, ALL_LEADS, &usage).run().json(), json!(made));
}

// C-18, C-19, C-159
#[test]
fn the_token_manager_keeps_its_token_fresh() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let usage = format!(
        "const manager = new TokenManager();
         manager.refreshToken = '{}';
         const first = await manager.getValidToken();
         const same = await manager.getValidToken();
         const later = Date.now() + 56 * 60 * 1000;
         Date.now = () => later;
         const second = await manager.getValidToken();
         console.log(JSON.stringify([first, same, second]));",
        login.refresh_token
    );
    let printed = program(&server, TOKEN_MANAGER, &usage).run().json();
    let [first, same, second] = [0, 1, 2].map(|index| text(&printed[index]));
    assert_eq!(first, same);
    assert_ne!(first, second);
    for token in [first, second] {
        leads(&server, token);
    }
}

// C-160: too quick, it waits and tries again
#[test]
fn the_retry_example_waits_and_succeeds() {
    let server = limited(1);
    let token = documented_user(&server);
    leads(&server, &token);
    let usage = format!(
        "const options = {{ headers: {{ 'Authorization': 'Bearer {token}' }} }};
         console.log((await apiCallWithRetry('/api/leads', options)).totalCount);"
    );
    let mut node = program(&server, ERROR_RETRY, &usage).start();
    assert_eq!(node.hear(), "sleeps 1000");
    node.say("awake, though too early");
    assert_eq!(node.hear(), "sleeps 2000");
    server.advance(Duration::from_secs(60));
    node.say("awake");
    assert_eq!(node.hear(), "0");
    node.finish();
}

// C-123, C-160: a failure inside the server is worth another try, and another; what is refused for good is an error, without a wait
#[test]
fn the_retry_example_tries_again_after_a_failure() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    tenant.damage("DROP TABLE account; DROP TABLE lead;");
    let usage = format!(
        "const options = {{ headers: {{ 'Authorization': 'Bearer {token}' }} }};
         console.log(await apiCallWithRetry('/api/leads', options));
         console.log(await apiCallWithRetry('/api/leads', {{}}).catch(error => error.message));"
    );
    let mut node = program(&server, ERROR_RETRY, &usage).start();
    for milliseconds in [1_000, 2_000, 4_000] {
        assert_eq!(node.hear(), format!("sleeps {milliseconds}"));
        node.say("awake");
    }
    assert_eq!(node.hear(), "undefined");
    assert_eq!(node.hear(), "API error: 401");
    node.finish();
}

// C-161
#[test]
fn the_batch_example_creates_leads_concurrently() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "globalThis.accessToken = '{token}';
         const lead = (_, index) => ({{ firstName: 'John', lastName: 'Doe', email: `john${{index}}@example.com` }});
         console.log(JSON.stringify(await createLeadsConcurrently(Array.from({{ length: 12 }}, lead))));"
    );
    let printed = program(&server, &format!("{CREATE_LEAD}\n{BATCH_OPERATIONS}"), &usage).run().json();
    let emails: Vec<&str> = printed.as_array().unwrap().iter().map(|lead| text(&lead["email"])).collect();
    let expected: Vec<String> = (0..12).map(|index| format!("john{index}@example.com")).collect();
    assert_eq!(emails, expected);
    let by_email = |leads: &Value| {
        let mut leads = leads.as_array().unwrap().clone();
        leads.sort_by(|a, b| text(&a["email"]).cmp(text(&b["email"])));
        leads
    };
    let listed = leads(&server, &token);
    assert_eq!(by_email(&listed["items"]), by_email(&printed), "each was created once");
}

// C-51, C-52, C-161, X-94
#[test]
fn the_batch_example_creates_leads_in_bulk() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "globalThis.token = '{token}';
         const lead = (_, index) => ({{ firstName: 'John', lastName: 'Doe', email: `john${{index}}@example.com` }});
         const response = await createMultipleLeads(Array.from({{ length: 12 }}, lead));
         console.log(response.status);
         console.log(JSON.stringify(await response.json()));"
    );
    let printed = program(&server, BATCH_OPERATIONS, &usage).run();
    assert_eq!(printed.lines()[0], "201");
    let expected = json!({ "items": leads(&server, &token)["items"], "created": 12, "failed": 0, "errors": [] });
    assert_eq!(expected["items"].as_array().unwrap().len(), 12);
    assert_eq!(printed.json(), expected);
}

// C-162, X-97: as it stands, the example sends no token
#[test]
fn the_caching_example_without_a_token_reads_an_error() {
    let server = Server::sqlite();
    documented_user(&server);
    let usage = "console.log(JSON.stringify(await new CachedApiClient().getUsers()));";
    let printed = program(&server, CACHED_API_CLIENT, usage).run().json();
    assert_eq!(printed["error"]["code"], "AUTH_FAILED");
}

// C-110, C-162, X-97
#[test]
fn the_caching_example_asks_for_users_once() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "let requests = 0;
         const bareFetch = fetch;
         globalThis.fetch = url => {{ requests++; return bareFetch(url, {{ headers: {{ 'Authorization': 'Bearer {token}' }} }}); }};
         const client = new CachedApiClient();
         const answers = [await client.getUsers(), await client.getUsers()];
         const later = Date.now() + 6 * 60 * 1000;
         Date.now = () => later;
         await client.getUsers();
         console.log(JSON.stringify([requests, answers[0] === answers[1], answers[0]]));"
    );
    let printed = program(&server, CACHED_API_CLIENT, &usage).run().json();
    assert_eq!((&printed[0], &printed[1]), (&json!(2), &json!(true)));
    let users = &printed[2];
    assert_eq!((&users["totalCount"], &users["items"][0]["role"]), (&json!(1), &json!("Admin")));
    assert_eq!(users["items"][0]["email"], super::EMAIL);
}

// C-164
#[test]
fn the_logging_example_logs_and_answers() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "globalThis.generateRequestId = () => 'request-1';
         const options = {{ method: 'GET', headers: {{ 'Authorization': 'Bearer {token}' }} }};
         console.log(JSON.stringify(await apiCall('/api/leads', options)));"
    );
    let printed = program(&server, LOGGING, &usage).run();
    let expected = ["[request-1] Request: GET /api/leads", "[request-1] Response: 200"];
    assert_eq!(printed.lines()[..2], expected);
    assert_eq!(printed.json()["totalCount"], 0);
}

// C-144, C-145, C-165
#[test]
fn the_idempotency_example_creates_one_lead() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let usage = format!(
        "globalThis.token = '{token}';
         const lead = () => ({{ firstName: 'John', lastName: 'Doe', email: 'john.doe@example.com' }});
         for (const answer of [await createLead(lead()), await createLead(lead())])
           console.log(JSON.stringify([answer.status, answer.headers.get('Idempotent-Replayed'), await answer.json()]));"
    );
    let printed = program(&server, IDEMPOTENCY, &usage).run().documents();
    let listed = leads(&server, &token);
    assert_eq!(listed["totalCount"], 1);
    let lead = &listed["items"][0];
    assert_eq!(printed, [json!([201, null, lead]), json!([201, "true", lead])]);
}
