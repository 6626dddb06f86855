//! The document's own code examples, run with nothing changed but URL and key (contract A-105 … A-115).
//!
//! They stand in `snippets/` word for word. Where an example is only a function or a fragment, the test adds the lines that call it.

use std::time::Duration;

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    field::Patch,
    tenant::opportunity::OpportunityDraft,
    usecase::single,
};
use crm_tests::{
    client::{Dialogue, Printed, Program},
    database::Backend,
    server::Server,
    tenant::{TestKey, set},
};
use serde_json::json;

use super::{BASE, Desk, documented, documented_opportunity};

/// Puts the server's address and a key where the example has placeholders.
fn filled(text: &str, server: &Server, key: &str) -> String {
    let text = text
        .replace("https://your-crm-domain.com", &server.url())
        .replace("https://your-crm.com", &server.url());
    text.replace("your-api-key-here", key).replace("YOUR_API_KEY", key)
}

/// Runs a CommonJS example.
#[track_caller]
fn node(server: &Server, key: &str, text: &str) -> Printed {
    Program::node(&filled(text, server, key)).env("CRM_API_KEY", key).run()
}

/// Runs an example that is an ES module.
#[track_caller]
fn node_module(server: &Server, key: &str, text: &str) -> Printed {
    Program::node_module(&filled(text, server, key)).run()
}

/// A server that goes by the clock of the clients, with 120 opportunities in the forecast and 10 outside.
fn busy() -> Server {
    let server = Server::with_real_clock(Backend::Sqlite, |_| {});
    {
        let tenant = server.tenant("Acme");
        let account = tenant.account("Acme Healthcare");
        tenant.write(move |unit| {
            for number in 1..=130 {
                let draft = OpportunityDraft {
                    name: set(format!("Opportunity {number}")),
                    account_id: Patch::Set(account.id),
                    include_in_forecast: Patch::Set(number <= 120),
                    ..documented_opportunity()
                };
                single::create::<crm_domain::tenant::opportunity::Opportunity>(
                    unit,
                    draft,
                    account.fields.owner_id,
                    crm_domain::field::Check::new(),
                )?;
            }
            Ok(())
        });
    }
    server
}

/// A further tenant's key is none of the busy one's: this is a key of the first tenant.
fn key_of_first_tenant(server: &Server) -> String {
    let token = server.login("admin@acme.test", crm_tests::tenant::PASSWORD).token;
    let body = json!({ "family": "health_trixss", "name": "Example" });
    let made = server.post("/api/admin/api-keys").bearer(&token).json(&body).expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

// A-105
#[test]
fn test_your_connection() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let script = filled(include_str!("snippets/test_your_connection.sh"), &server, &desk.key.text);
    assert_eq!(Program::bash(&script).run().documents(), [desk.get("/accounts")]);
}

// A-106
#[test]
fn example_1_basic_account_list() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = include_str!("snippets/basic_account_list.js");
    let printed = node(&server, &desk.key.text, text);
    assert_eq!(printed.lines(), ["Found 1 accounts", "ACT-00001: Acme Healthcare"]);
    desk.tenant.revoke(&desk.key);
    let refused = node(&server, &desk.key.text, text);
    assert!(refused.errors.contains("error: 'Invalid API key'"), "{}", refused.errors);
    assert!(
        refused
            .errors
            .contains("message: 'The provided API key is invalid or has been revoked'")
    );
}

// A-107 (X-38: without the parameter the list has the forecast's)
#[test]
fn example_2_paginated_opportunities() {
    let server = busy();
    let key = key_of_first_tenant(&server);
    let text = format!(
        "{}\ngetAllOpportunities().then(all => console.log(JSON.stringify(all.map(opp => opp.name))));\n",
        include_str!("snippets/paginated_opportunities.js")
    );
    let printed = node(&server, &key, &text);
    let expected: Vec<String> = (1..=120).map(|number| format!("Opportunity {number}")).collect();
    assert_eq!(printed.json(), json!(expected));
}

// A-108
#[test]
fn example_3_incremental_sync() {
    let server = busy();
    let key = key_of_first_tenant(&server);
    let text = include_str!("snippets/incremental_sync.js");
    let printed = node(&server, &key, text);
    assert_eq!(printed.lines(), ["50 opportunities updated since last sync"]);
}

// A-109
#[test]
fn example_4_account_with_expanded_opportunities() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = include_str!("snippets/expanded_opportunities.js");
    let printed = node(&server, &desk.key.text, text);
    assert_eq!(
        printed.lines(),
        [
            "Account: Acme Healthcare",
            "Opportunities: 1",
            "  - Enterprise Software License: $150000"
        ]
    );
}

/// What a key of five requests a minute that has sent them all is told to wait, in milliseconds.
const WAIT: u64 = 60_000;

/// A key that has none of its requests left.
fn exhausted(desk: &Desk) -> TestKey {
    let key = desk.tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            rate_limit: set(5),
            ..ApiKeyDraft::default()
        },
    );
    for status in [200, 200, 200, 200, 200, 429] {
        desk.server.get(&format!("{BASE}/accounts")).key(&key.text).expect(status);
    }
    key
}

/// Starts an ES module whose wait lasts until the server's clock was moved by as much.
fn wait_with_the_server(desk: &Desk, key: &TestKey, text: &str) -> Dialogue {
    let text = format!(
        "import {{ createInterface }} from 'node:readline';
const lines = createInterface({{ input: process.stdin }});
const nativeTimeout = setTimeout;
globalThis.setTimeout = (resume, delay, ...rest) => {{
  if (delay !== {WAIT}) return nativeTimeout(resume, delay, ...rest); // one of Node's own
  console.log('waiting');
  lines.once('line', resume);
}};
{text}
lines.close();
"
    );
    let mut node = Program::node_module(&filled(&text, desk.server, &key.text)).start();
    assert_eq!(node.hear(), "waiting");
    desk.server.advance(Duration::from_millis(WAIT));
    node.say("It is time.");
    node
}

// A-110, A-94: over its limit, the example waits as long as it is told and then succeeds.
#[test]
fn example_5_error_handling() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = include_str!("snippets/error_handling.mjs");
    let printed = node_module(&server, &desk.key.text, text);
    assert!(printed.output.starts_with("Success: {"), "{printed:?}");
    assert!(printed.output.contains("Acme Healthcare"), "{printed:?}");

    let mut waiting = wait_with_the_server(&desk, &exhausted(&desk), text);
    assert_eq!(waiting.hear(), "Success: {");
    waiting.finish();

    let refused = node_module(&server, "htx_wrong", &text.replace("maxRetries = 3", "maxRetries = 1"));
    let expected = "Failed after retries: Invalid API key format: The provided API key format is invalid\n";
    assert_eq!(refused.errors, expected);
}

// A-111
#[test]
fn rate_limit_best_practice() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let ask = format!("await fetch('https://your-crm.com{BASE}/accounts', {{ headers: {{ 'x-api-key': 'your-api-key-here' }} }})");
    let text = format!(
        "const response = {ask};\n{}\nconsole.log(response.status, ({ask}).status);",
        include_str!("snippets/rate_limit_best_practice.mjs")
    );
    let mut waiting = wait_with_the_server(&desk, &exhausted(&desk), &text);
    assert_eq!(waiting.hear(), "429 200");
    waiting.finish();
}

// A-112
#[test]
fn handle_api_error() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = format!(
        "{}\nconst axios = require('axios');\n\
         const get = (path, key) => axios.get('https://your-crm.com{BASE}' + path, {{ headers: {{ 'x-api-key': key }} }}).catch(handleApiError);\n\
         get('/accounts/ACT-00404', 'your-api-key-here').then(() => get('/accounts', 'wrong'));\n",
        include_str!("snippets/handle_api_error.js")
    );
    let printed = node(&server, &desk.key.text, &text);
    assert_eq!(
        printed.errors.lines().collect::<Vec<_>>(),
        ["Resource not found", "Authentication failed"]
    );
}

// A-113: after the first sync only what was changed since is delivered
#[test]
fn pattern_1_full_initial_sync_and_incremental_updates() {
    let server = busy();
    let key = key_of_first_tenant(&server);
    let text = format!(
        "{}
CRMSync.prototype.saveToDatabase = async opportunities => console.log(new Set(opportunities.map(opp => opp.id)).size);
CRMSync.prototype.updateDatabase = async opportunities => console.log(JSON.stringify(opportunities.map(opp => opp.name)));
const lines = require('readline').createInterface({{ input: process.stdin }});
(async () => {{
  const sync = new CRMSync('your-api-key-here', 'https://your-crm.com{BASE}');
  await sync.initialSync();
  await sync.incrementalSync();
  lines.once('line', () => sync.incrementalSync().finally(() => lines.close()));
}})();
",
        include_str!("snippets/crm_sync.js")
    );
    let mut node = Program::node(&filled(&text, &server, &key)).start();
    assert_eq!([node.hear(), node.hear()], ["120", "[]"]);
    let token = server.login("admin@acme.test", crm_tests::tenant::PASSWORD).token;
    let renamed = json!({ "name": "Renamed" });
    server.put("/api/deals/deal_7").bearer(&token).json(&renamed).expect(200);
    node.say("Something was changed.");
    assert_eq!(node.hear(), r#"["Renamed"]"#);
    node.finish();
}

// A-114
#[test]
fn pattern_2_real_time_forecast_calculations() {
    let server = Server::sqlite();
    let desk = documented(&server);
    desk.tenant.opportunity_of(documented_opportunity());
    desk.tenant.opportunity_of(OpportunityDraft {
        stage: set("Closed Won"),
        probability: Patch::Keep,
        ..documented_opportunity()
    });
    let text = format!(
        "{}\ncalculateForecast().then(forecast => console.log(JSON.stringify(forecast)));\n",
        include_str!("snippets/calculate_forecast.js")
    );
    let printed = node(&server, &desk.key.text, &text);
    let expected = json!({
        "Proposal Sent": { "count": 2, "total": 3000, "weighted": 2250 },
        "Closed Won": { "count": 1, "total": 1500, "weighted": 1500 },
    });
    assert_eq!(printed.json(), expected);
}

// A-115
#[test]
fn pattern_3_account_centric_analysis() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let account = desk.tenant.account("Second");
    for stage in ["Closed Won", "Closed Won", "Closed Won", "Closed Lost", "Prospecting"] {
        desk.tenant.opportunity_of(OpportunityDraft {
            stage: set(stage),
            account_id: Patch::Set(account.id),
            ..documented_opportunity()
        });
    }
    let text = format!(
        "{}\nanalyzeAccountHealth('ACT-00002').then(metrics => console.log(JSON.stringify(metrics)));\n",
        include_str!("snippets/analyze_account_health.js")
    );
    let printed = node(&server, &desk.key.text, &text);
    let expected = json!({ "totalOpportunities": 5, "totalValue": 7500, "avgDealSize": 1500, "winRate": 75, "openOpportunities": 1 });
    assert_eq!(printed.json(), expected);
}
