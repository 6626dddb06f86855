//! What is shown along (contract … ).

use crm_domain::{
    field::Patch,
    tenant::{account::Account, activity::ActivityDraft, contact::ContactDraft, lead::LeadDraft, opportunity::OpportunityDraft},
};
use crm_tests::{
    each_server,
    server::Server,
    statements,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{Desk, column, documented};

const KINDS: [&str; 4] = ["opportunities", "contacts", "leads", "activities"];

each_server! {
    each_kind_is_shown_when_asked_for,
    related_records_stand_with_their_own_account,
    an_opportunity_shows_its_account,
}

/// One record of each kind, named after the account.
fn furnish(tenant: &TestTenant, account: &Account) {
    let name = account.fields.name.to_string();
    tenant.opportunity(&format!("{name}'s opportunity"), Some(account));
    tenant.contact_of(ContactDraft {
        first_name: set("Carla"),
        last_name: set(format!("of {name}")),
        email: set(format!("carla@a{}.test", account.id)),
        phone: set("+1-555-0101"),
        title: set("CFO"),
        account_id: Patch::Set(account.id),
        ..ContactDraft::default()
    });
    tenant.lead_of(LeadDraft {
        first_name: set("Lea"),
        last_name: set(format!("of {name}")),
        email: set(format!("lea@a{}.test", account.id)),
        company: set(&name),
        source: set("Referral"),
        account_id: Patch::Set(account.id),
        ..LeadDraft::default()
    });
    tenant.activity_of(ActivityDraft {
        activity_type: set("call"),
        subject: set(format!("Call {name}")),
        body: set("They liked it"),
        occurred_at: set("2025-01-14T09:30:00Z"),
        completed: Patch::Set(true),
        account_id: Patch::Set(account.id),
        ..ActivityDraft::default()
    });
}

//
fn each_kind_is_shown_when_asked_for(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Acme Healthcare");
    furnish(&desk.tenant, &account);
    for chosen in 0_u32..1 << KINDS.len() {
        let asked: Vec<&str> = (0..KINDS.len())
            .filter(|index| chosen & (1 << index) != 0)
            .map(|index| KINDS[index])
            .collect();
        let query = asked.join(",");
        let detail = desk.get(&format!("/accounts/ACT-00001?expand={query}"));
        for kind in KINDS {
            assert_eq!(detail.get(kind).is_some(), asked.contains(&kind), "{query}");
        }
        assert_eq!(detail.as_object().unwrap().len(), 18 + asked.len(), "{query}");
        let list = desk.get(&format!("/accounts?expand={query}"));
        assert_eq!(list["accounts"][0], detail, "X-32: the list takes all four too");
    }
    let detail = desk.get("/accounts/ACT-00001?expand=opportunities,contacts,leads,activities");
    assert_eq!(detail["opportunities"], desk.get("/opportunities")["opportunities"]);
    let stamps = json!({ "createdAt": "2025-01-15T10:00:00.000Z", "updatedAt": "2025-01-15T10:00:00.000Z" });
    assert_eq!(
        detail["contacts"],
        json!([with(
            &stamps,
            json!({
                "id": "CON-00001", "firstName": "Carla", "lastName": "of Acme Healthcare", "email": "carla@a1.test", "phone": "+1-555-0101",
                "title": "CFO", "ownerId": 1,
            })
        )])
    );
    assert_eq!(
        detail["leads"],
        json!([with(
            &stamps,
            json!({
                "id": "LEA-00001", "firstName": "Lea", "lastName": "of Acme Healthcare", "email": "lea@a1.test", "phone": null,
                "company": "Acme Healthcare", "source": "Referral", "status": detail["leads"][0]["status"], "ownerId": 1,
            })
        )])
    );
    assert_eq!(
        detail["activities"],
        json!([with(
            &stamps,
            json!({
                "id": "ATV-00001", "type": "call", "subject": "Call Acme Healthcare", "description": "They liked it",
                "occurredAt": "2025-01-14T09:30:00.000Z", "completed": true, "ownerId": 1,
            })
        )])
    );
}

fn with(more: &Value, mut object: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    object
}

// on a whole page, each account with its own and nobody else's.
fn related_records_stand_with_their_own_account(server: &Server) {
    let desk = Desk::new(server);
    let accounts = desk.tenant.accounts((1..=30).map(|number| format!("Account {number}")));
    // Not in the accounts' order, and some have none or two.
    for account in accounts.iter().rev().filter(|account| account.id.to_string() != "7") {
        furnish(&desk.tenant, account);
    }
    desk.tenant.opportunity("second", Some(&accounts[2]));
    desk.tenant.opportunity("of nobody", None);
    let list = desk.get("/accounts?limit=100&expand=opportunities,contacts,leads,activities");
    let shown = list["accounts"].as_array().unwrap();
    assert_eq!(shown.len(), 30);
    for account in shown {
        let name = account["name"].as_str().unwrap();
        let expected = match name {
            "Account 7" => vec![],
            "Account 3" => vec!["Account 3's opportunity".to_owned(), "second".to_owned()],
            _ => vec![format!("{name}'s opportunity")],
        };
        assert_eq!(column(&account["opportunities"], "name"), expected, "{name}");
        assert!(
            column(&account["opportunities"], "accountId").iter().all(|id| account["id"] == *id),
            "{name}"
        );
        let few = usize::from(name != "Account 7");
        assert_eq!(column(&account["contacts"], "lastName"), vec![format!("of {name}"); few]);
        assert_eq!(column(&account["leads"], "lastName"), vec![format!("of {name}"); few]);
        assert_eq!(column(&account["activities"], "subject"), vec![format!("Call {name}"); few]);
    }
}

//
fn an_opportunity_shows_its_account(server: &Server) {
    let desk = documented(server);
    let account = desk.get("/accounts/ACT-00001");
    let detail = desk.get("/opportunities/OPP-00001?expand=account");
    assert_eq!(detail["account"], account);
    assert_eq!(detail.as_object().unwrap().len(), 15);
    let second = desk.tenant.account("Second");
    desk.tenant.opportunity("of the second", Some(&second));
    desk.tenant.opportunity("of the second again", Some(&second));
    let list = desk.get("/opportunities?expand=account");
    for opportunity in list["opportunities"].as_array().unwrap() {
        assert_eq!(opportunity["account"]["id"], opportunity["accountId"]);
        assert_eq!(
            opportunity["account"].as_object().unwrap().len(),
            18,
            "the Account object, nothing along with it"
        );
    }
    assert!(desk.get("/opportunities")["opportunities"][0].get("account").is_none());
}

//
#[test]
fn an_expansion_is_an_array_even_when_it_is_empty() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.tenant.account("Alone");
    let query = "?expand=opportunities,contacts,leads,activities";
    for account in [
        desk.get(&format!("/accounts/ACT-00001{query}")),
        desk.get(&format!("/accounts{query}"))["accounts"][0].clone(),
    ] {
        for kind in KINDS {
            assert_eq!(account[kind], json!([]), "{kind}");
        }
    }
}

// all opportunities, also those outside the forecast; deleted ones not.
#[test]
fn expanded_opportunities_know_no_forecast_filter() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let account = desk.tenant.account("Second");
    for (name, forecast) in [("in", true), ("out", false)] {
        desk.tenant.opportunity_of(OpportunityDraft {
            name: set(name),
            account_id: Patch::Set(account.id),
            include_in_forecast: Patch::Set(forecast),
            ..OpportunityDraft::default()
        });
    }
    let gone = desk.tenant.opportunity("gone", Some(&account));
    desk.tenant.remove_opportunity(gone.id);
    for query in ["expand=opportunities", "expand=opportunities&includeInForecast=true"] {
        let detail = desk.get(&format!("/accounts/ACT-00002?{query}"));
        assert_eq!(column(&detail["opportunities"], "name"), ["in", "out"], "{query}");
    }
}

// : unknown words are ignored, repeats count once, blanks do not matter, letters do.
#[test]
fn the_words_of_expand_are_read_forgivingly() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for (query, expected) in [
        ("expand=", &[][..]),
        ("expand", &[]),
        ("expand=,,,", &[]),
        ("expand=nonsense", &[]),
        ("expand=Opportunities", &[]),
        ("expand=opportunities,opportunities,opportunities", &["opportunities"]),
        ("expand=opportunities,nonsense,contacts", &["opportunities", "contacts"]),
        ("expand=opportunities,%20contacts%20,leads", &["opportunities", "contacts", "leads"]),
        ("expand=opportunities,+contacts", &["opportunities", "contacts"]),
        ("expand=opportunities%2Ccontacts", &["opportunities", "contacts"]),
        ("expand=opportunities&expand=activities", &["opportunities", "activities"]),
        ("expand=account", &[]),
        ("expand[]=opportunities", &[]),
        ("expand=%00", &[]),
        ("expand=%FF", &[]),
    ] {
        let detail = desk.get(&format!("/accounts/ACT-00001?{query}"));
        let shown: Vec<&str> = KINDS.into_iter().filter(|kind| detail.get(kind).is_some()).collect();
        assert_eq!(shown, expected, "{query}");
        assert_eq!(desk.get(&format!("/accounts?{query}"))["accounts"][0], detail, "{query}");
    }
    for query in ["expand=opportunities", "expand=Account", "expand=nonsense"] {
        assert!(
            desk.get(&format!("/opportunities/OPP-00001?{query}")).get("account").is_none(),
            "{query}"
        );
    }
    assert!(
        desk.get("/opportunities/OPP-00001?expand=nonsense,account,account")
            .get("account")
            .is_some()
    );
}

// a page with fifty accounts costs as many statements as one with one.
#[test]
fn an_expansion_costs_the_same_statements_for_one_account_and_for_fifty() {
    statements::count_from_now_on();
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    for account in desk.tenant.accounts((1..=50).map(|number| format!("Account {number}"))) {
        furnish(&desk.tenant, &account);
    }
    // The control plane is asked for the credential epoch now and then, whatever is requested.
    let folder = server.data_dir().join("tenants").display().to_string();
    let cost = |path: &str| {
        desk.get(path); // what a first request prepares is not counted
        let before = statements::of(&folder);
        desk.get(path);
        statements::of(&folder) - before
    };
    for (few, many) in [
        (
            "/accounts?limit=1&expand=opportunities,contacts,leads,activities",
            "/accounts?limit=50&expand=opportunities,contacts,leads,activities",
        ),
        ("/opportunities?limit=1&expand=account", "/opportunities?limit=50&expand=account"),
    ] {
        let (of_one, of_fifty) = (cost(few), cost(many));
        assert!(of_one > 0, "statements are counted");
        assert_eq!(of_one, of_fifty, "{many}");
    }
}
