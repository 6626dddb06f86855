//! Family A (contract A-01 … A-119).

mod account_detail;
mod account_list;
mod allowlist;
mod audit;
mod authentication;
mod console;
mod error;
mod expand;
mod key_text;
mod object;
mod opportunity_detail;
mod opportunity_list;
mod outage;
mod paging;
mod polling;
mod rate_limit;
mod snippets;
mod updated_since;

use crm_domain::{
    control::api_key::KeyFamily,
    field::Patch,
    tenant::{account::AccountDraft, opportunity::OpportunityDraft},
};
use crm_tests::{
    http::Answer,
    server::Server,
    tenant::{TestKey, TestTenant, set},
};
use serde_json::Value;

///
const BASE: &str = "/api/v1/external";
/// One path of each endpoint.
const ENDPOINTS: [&str; 4] = ["/accounts", "/accounts/ACT-00001", "/opportunities", "/opportunities/OPP-00001"];

/// A tenant and a key to read it with.
struct Desk<'s> {
    server: &'s Server,
    tenant: TestTenant<'s>,
    key: TestKey,
}

impl<'s> Desk<'s> {
    fn new(server: &'s Server) -> Self {
        Self::named(server, "Acme")
    }

    fn named(server: &'s Server, tenant: &str) -> Self {
        let tenant = server.tenant(tenant);
        let key = tenant.key(KeyFamily::HealthTrixss);
        Self { server, tenant, key }
    }

    /// Sends a request with the key.
    fn ask(&self, path: &str) -> Answer {
        self.server.get(&format!("{BASE}{path}")).key(&self.key.text).send()
    }

    /// What a request with the key is answered, which must succeed.
    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.ask(path).expect(200).json()
    }

    /// As many accounts as wanted: `Account 1`, `Account 2`, …
    fn accounts(&self, count: usize) {
        self.tenant.accounts((1..=count).map(|number| format!("Account {number}")));
    }
}

/// A desk with the account and the opportunity of the document, ids 1 and 1.
fn documented(server: &Server) -> Desk<'_> {
    let desk = Desk::new(server);
    let account = desk.tenant.account_of(documented_account());
    desk.tenant.opportunity_of(OpportunityDraft {
        account_id: Patch::Set(account.id),
        ..documented_opportunity()
    });
    desk
}

fn documented_account() -> AccountDraft {
    AccountDraft {
        name: set("Acme Healthcare"),
        category: set("Hospital"),
        website: set("https://acmehealthcare.com"),
        phone: set("+1-555-0100"),
        email: set("info@acmehealthcare.com"),
        address: set("123 Main St"),
        city: set("Boston"),
        state: set("MA"),
        zip_code: set("02101"),
        country: set("USA"),
        industry: set("Healthcare"),
        employees: set(500),
        annual_revenue: set("500000.00"),
        description: set("Leading healthcare provider"),
        ..AccountDraft::default()
    }
}

fn documented_opportunity() -> OpportunityDraft {
    OpportunityDraft {
        name: set("Enterprise Software License"),
        stage: set("Proposal Sent"),
        amount: set("1500"),
        probability: set(75),
        expected_close_date: set("2025-03-15"),
        description: set("Annual enterprise license renewal"),
        lead_source: set("Referral"),
        next_step: set("Schedule final review meeting"),
        ..OpportunityDraft::default()
    }
}

/// The texts of one member of each element of a list.
fn column<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    let elements = list.as_array().expect("a list");
    elements.iter().map(|element| element[member].as_str().expect("a text")).collect()
}

/// exactly two members, both texts that say something.
#[track_caller]
fn assert_error(answer: &Answer, status: u16, error: &str, message: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.json(),
        serde_json::json!({ "error": error, "message": message }),
        "{answer:?}"
    );
}

/// An error of which only the status and the name are fixed.
#[track_caller]
fn assert_error_named(answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    let message = body["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{answer:?}");
    assert_error(answer, status, error, message);
}
