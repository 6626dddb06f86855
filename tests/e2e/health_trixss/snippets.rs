//! The document's own code examples, run with nothing changed but URL and key (contract A-105 … A-115).
//!
//! They stand in `snippets/` word for word. Where an example is only a function or a fragment, the test adds the lines that call it.

use std::{
    fs,
    process::{Command, Output},
};

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    field::Patch,
    tenant::opportunity::OpportunityDraft,
};
use crm_tests::{database::Backend, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{BASE, Desk, documented, documented_opportunity};

/// What an example printed.
struct Printed(Output);

impl Printed {
    fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.0.stdout).lines().map(str::to_owned).collect()
    }

    fn errors(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// The last line, which the test's own lines print as JSON.
    fn json(&self) -> Value {
        let lines = self.lines();
        serde_json::from_str(lines.last().unwrap_or_else(|| panic!("nothing was printed: {}", self.errors()))).unwrap()
    }
}

/// Puts the server's address and a key where the example has placeholders.
fn filled(text: &str, server: &Server, key: &str) -> String {
    let text = text
        .replace("https://your-crm-domain.com", &server.url())
        .replace("https://your-crm.com", &server.url());
    text.replace("your-api-key-here", key).replace("YOUR_API_KEY", key)
}

/// Runs an example with Node. `None`, said aloud, where Node is not installed.
fn node(server: &Server, key: &str, file: &str, text: &str) -> Option<Printed> {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("Node is not installed: {file} was not run");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let axios = folder.path().join("node_modules/axios");
    fs::create_dir_all(&axios).unwrap();
    fs::write(axios.join("index.js"), include_str!("snippets/axios.js")).unwrap();
    let path = folder.path().join(file);
    fs::write(&path, filled(text, server, key)).unwrap();
    let output = Command::new("node")
        .arg(&path)
        .env("CRM_API_KEY", key)
        .env_remove("NODE_OPTIONS")
        .output()
        .unwrap();
    let printed = Printed(output);
    assert!(printed.0.status.success(), "{file}: {}", printed.errors());
    Some(printed)
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
                crm_domain::tenant::opportunity::create(unit, draft, account.fields.owner_id, crm_domain::field::Check::new())?;
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

//
#[test]
fn test_your_connection() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let script = filled(include_str!("snippets/test_your_connection.sh"), &server, &desk.key.text);
    let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
    let body: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(body, desk.get("/accounts"));
}

//
#[test]
fn example_1_basic_account_list() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = include_str!("snippets/basic_account_list.js");
    let Some(printed) = node(&server, &desk.key.text, "example.js", text) else {
        return;
    };
    assert_eq!(printed.lines(), ["Found 1 accounts", "ACT-00001: Acme Healthcare"]);
    desk.tenant.revoke(&desk.key);
    let refused = node(&server, &desk.key.text, "example.js", text).unwrap();
    assert!(refused.errors().contains("error: 'Invalid API key'"), "{}", refused.errors());
    assert!(
        refused
            .errors()
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
    let Some(printed) = node(&server, &key, "example.js", &text) else {
        return;
    };
    let expected: Vec<String> = (1..=120).map(|number| format!("Opportunity {number}")).collect();
    assert_eq!(printed.json(), json!(expected));
}

//
#[test]
fn example_3_incremental_sync() {
    let server = busy();
    let key = key_of_first_tenant(&server);
    let text = include_str!("snippets/incremental_sync.js");
    let Some(printed) = node(&server, &key, "example.js", text) else {
        return;
    };
    assert_eq!(printed.lines(), ["50 opportunities updated since last sync"]);
}

//
#[test]
fn example_4_account_with_expanded_opportunities() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let text = include_str!("snippets/expanded_opportunities.js");
    let Some(printed) = node(&server, &desk.key.text, "example.js", text) else {
        return;
    };
    assert_eq!(
        printed.lines(),
        [
            "Account: Acme Healthcare",
            "Opportunities: 1",
            "  - Enterprise Software License: $150000"
        ]
    );
}

// over its limit, the example waits as long as it is told and then succeeds.
#[test]
fn example_5_error_handling() {
    let server = Server::with_real_clock(Backend::Sqlite, |_| {});
    let desk = Desk::new(&server);
    desk.tenant.account("Acme Healthcare");
    let text = include_str!("snippets/error_handling.mjs");
    let Some(printed) = node(&server, &desk.key.text, "example.mjs", text) else {
        return;
    };
    assert!(printed.lines()[0].starts_with("Success:"), "{:?}", printed.lines());

    let limited = desk.tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            rate_limit: set(60),
            ..ApiKeyDraft::default()
        },
    );
    while server.get(&format!("{BASE}/accounts")).key(&limited.text).send().status != 429 {}
    let printed = node(&server, &limited.text, "example.mjs", text).unwrap();
    assert!(
        printed.lines()[0].starts_with("Success:"),
        "{:?} {}",
        printed.lines(),
        printed.errors()
    );

    let refused = node(
        &server,
        "htx_wrong",
        "example.mjs",
        &text.replace("maxRetries = 3", "maxRetries = 1"),
    )
    .unwrap();
    let expected = "Failed after retries: Invalid API key format: The provided API key format is invalid";
    assert!(refused.errors().contains(expected), "{}", refused.errors());
}

//
#[test]
fn rate_limit_best_practice() {
    let server = Server::with_real_clock(Backend::Sqlite, |_| {});
    let desk = Desk::new(&server);
    let limited = desk.tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            rate_limit: set(60),
            ..ApiKeyDraft::default()
        },
    );
    let path = format!("{BASE}/accounts");
    while server.get(&path).key(&limited.text).send().status != 429 {}
    let ask = format!("await fetch('https://your-crm.com{path}', {{ headers: {{ 'x-api-key': 'your-api-key-here' }} }})");
    let text = format!(
        "const response = {ask};\nconst first = response.status;\n{}\nconsole.log(JSON.stringify([first, ({ask}).status]));\n",
        include_str!("snippets/rate_limit_best_practice.mjs")
    );
    let Some(printed) = node(&server, &limited.text, "example.mjs", &text) else {
        return;
    };
    // The loop above may have ended just before a request came back.
    assert!(
        [json!([429, 200]), json!([200, 200])].contains(&printed.json()),
        "{}",
        printed.json()
    );
}

//
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
    let Some(printed) = node(&server, &desk.key.text, "example.js", &text) else {
        return;
    };
    assert_eq!(
        printed.errors().lines().collect::<Vec<_>>(),
        ["Resource not found", "Authentication failed"]
    );
}

//
#[test]
fn pattern_1_full_initial_sync_and_incremental_updates() {
    let server = busy();
    let key = key_of_first_tenant(&server);
    let text = format!(
        "{}
const saved = new Map();
CRMSync.prototype.saveToDatabase = async opportunities => opportunities.forEach(opp => saved.set(opp.id, opp));
CRMSync.prototype.updateDatabase = CRMSync.prototype.saveToDatabase;
(async () => {{
  const sync = new CRMSync('your-api-key-here', 'https://your-crm.com{BASE}');
  await sync.initialSync();
  const first = saved.size;
  await sync.incrementalSync();
  console.log(JSON.stringify([first, saved.size, typeof sync.lastSyncTime]));
}})();
",
        include_str!("snippets/crm_sync.js")
    );
    let Some(printed) = node(&server, &key, "example.js", &text) else {
        return;
    };
    assert_eq!(printed.json(), json!([120, 120, "string"]));
}

//
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
    let Some(printed) = node(&server, &desk.key.text, "example.js", &text) else {
        return;
    };
    let expected = json!({
        "Proposal Sent": { "count": 2, "total": 3000, "weighted": 2250 },
        "Closed Won": { "count": 1, "total": 1500, "weighted": 1500 },
    });
    assert_eq!(printed.json(), expected);
}

//
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
    let Some(printed) = node(&server, &desk.key.text, "example.js", &text) else {
        return;
    };
    let expected = json!({ "totalOpportunities": 5, "totalValue": 7500, "avgDealSize": 1500, "winRate": 75, "openOpportunities": 1 });
    assert_eq!(printed.json(), expected);
}
