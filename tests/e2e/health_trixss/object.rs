//! The two objects, member by member (contract … ).

use std::time::Duration;

use crm_domain::{
    field::Patch,
    tenant::{account::AccountDraft, opportunity::OpportunityDraft},
};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{BASE, Desk, documented};

each_server! {
    what_nobody_entered_is_null_or_stands_for_nothing,
    opportunities_without_an_account_have_the_reserved_one,
    every_object_has_the_documented_types,
}

const ACCOUNT: [(&str, &str); 18] = [
    ("id", "ACT"),
    ("name", "text"),
    ("category", "text"),
    ("website", "text or null"),
    ("phone", "text or null"),
    ("email", "text or null"),
    ("address", "text or null"),
    ("city", "text or null"),
    ("state", "text or null"),
    ("zipCode", "text or null"),
    ("country", "text or null"),
    ("industry", "text or null"),
    ("employees", "number or null"),
    ("annualRevenue", "number or null"),
    ("description", "text or null"),
    ("ownerId", "number"),
    ("createdAt", "timestamp"),
    ("updatedAt", "timestamp"),
];

const OPPORTUNITY: [(&str, &str); 14] = [
    ("id", "OPP"),
    ("name", "text"),
    ("accountId", "ACT"),
    ("stage", "text"),
    ("amount", "number"),
    ("probability", "per cent"),
    ("expectedCloseDate", "date"),
    ("description", "text or null"),
    ("leadSource", "text or null"),
    ("nextStep", "text or null"),
    ("includeInForecast", "boolean"),
    ("ownerId", "number"),
    ("createdAt", "timestamp"),
    ("updatedAt", "timestamp"),
];

/// Whether the value is of the documented type; a member that is missing is none.
fn is(value: Option<&Value>, kind: &str) -> bool {
    let Some(value) = value else { return false };
    let looks_like = |form: &str| {
        value.as_str().is_some_and(|text| {
            text.len() == form.len()
                && text.bytes().zip(form.bytes()).all(|(byte, expected)| {
                    if expected == b'0' {
                        byte.is_ascii_digit()
                    } else {
                        byte == expected
                    }
                })
        })
    };
    let numbered = |prefix: &str| {
        let digits = value.as_str().and_then(|text| text.strip_prefix(prefix));
        digits.is_some_and(|digits| digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match kind {
        "ACT" => numbered("ACT-"),
        "OPP" => numbered("OPP-"),
        "text" => value.as_str().is_some_and(|text| !text.is_empty()),
        "text or null" => value.is_null() || value.is_string(),
        "number" => value.is_i64(),
        "number or null" => value.is_null() || value.is_i64(),
        "per cent" => value.as_i64().is_some_and(|number| (0..=100).contains(&number)),
        "boolean" => value.is_boolean(),
        "date" => looks_like("0000-00-00"),
        "timestamp" => looks_like("0000-00-00T00:00:00.000Z"),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn assert_types(object: &Value, members: &[(&str, &str)]) {
    for (member, kind) in members {
        assert!(is(object.get(member), kind), "{member} is no {kind}: {object}");
    }
    assert_eq!(object.as_object().unwrap().len(), members.len(), "{object}");
}

// the document's non-null members hold also for what is unknown.
fn what_nobody_entered_is_null_or_stands_for_nothing(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Bare");
    desk.tenant.opportunity("Bare", Some(&account));
    let stamp = "2025-01-15T10:00:00.000Z";
    let expected = json!({
        "id": "ACT-00001", "name": "Bare", "category": "Uncategorized", "website": null, "phone": null, "email": null, "address": null,
        "city": null, "state": null, "zipCode": null, "country": null, "industry": null, "employees": null, "annualRevenue": null,
        "description": null, "ownerId": 1, "createdAt": stamp, "updatedAt": stamp,
    });
    assert_eq!(desk.get("/accounts/ACT-00001"), expected);
    let expected = json!({
        "id": "OPP-00001", "name": "Bare", "accountId": "ACT-00001", "stage": "Prospecting", "amount": 0, "probability": 10,
        "expectedCloseDate": "2025-01-15", "description": null, "leadSource": null, "nextStep": null, "includeInForecast": true,
        "ownerId": 1, "createdAt": stamp, "updatedAt": stamp,
    });
    assert_eq!(desk.get("/opportunities/OPP-00001"), expected);
}

// `accountId` is never null, and what it names can be fetched.
fn opportunities_without_an_account_have_the_reserved_one(server: &Server) {
    let desk = documented(server);
    desk.tenant.opportunity("Of nobody", None);
    let opportunity = desk.get("/opportunities/OPP-00002?expand=account");
    assert_eq!(opportunity["accountId"], "ACT-00000");
    let reserved = desk.get("/accounts/ACT-00000");
    assert_eq!(opportunity["account"], reserved);
    assert_types(&reserved, &ACCOUNT);
    assert_eq!(reserved["name"], "Unassigned");
    let query = "expand=opportunities,contacts,leads,activities";
    let expanded = desk.get(&format!("/accounts/ACT-00000?{query}"));
    assert_eq!(expanded["opportunities"], json!([desk.get("/opportunities/OPP-00002")]));
    for kind in ["contacts", "leads", "activities"] {
        assert_eq!(expanded[kind], json!([]), "{kind}");
    }
    let list = desk.get("/accounts");
    assert_eq!(list["pagination"]["total"], 1, "no list shows it");
    assert_eq!(list["accounts"][0]["id"], "ACT-00001");
    assert_eq!(desk.get("/opportunities?expand=account")["opportunities"][1]["account"], reserved);
}

//
fn every_object_has_the_documented_types(server: &Server) {
    let desk = documented(server);
    let texts = ["Zoë 🚀", "quote \" back \\ slash", "tab\tline\nbreak", "</script>", "שלום"];
    for text in texts {
        let account = desk.tenant.account_of(AccountDraft {
            name: set(text),
            category: set(text),
            description: set(text),
            annual_revenue: set("9999999999999.99"),
            ..AccountDraft::default()
        });
        for stage in ["Prospecting", "Closed Won", "Closed Lost"] {
            desk.tenant.opportunity_of(OpportunityDraft {
                name: set(text),
                account_id: Patch::Set(account.id),
                stage: set(stage),
                amount: set("0.01"),
                next_step: set(text),
                ..OpportunityDraft::default()
            });
        }
        desk.tenant.opportunity(text, None);
    }
    let accounts = desk.get("/accounts?limit=100");
    for account in accounts["accounts"].as_array().unwrap() {
        assert_types(account, &ACCOUNT);
    }
    assert_eq!(accounts["accounts"][1]["name"], texts[0]);
    assert_eq!(
        accounts["accounts"][1]["annualRevenue"], 999_999_999_999_999_i64,
        "A-72: cents, exactly"
    );
    let opportunities = desk.get("/opportunities?limit=100&includeInForecast=all");
    for opportunity in opportunities["opportunities"].as_array().unwrap() {
        assert_types(opportunity, &OPPORTUNITY);
        let id = opportunity["accountId"].as_str().unwrap();
        assert_eq!(desk.get(&format!("/accounts/{id}"))["id"], id, "A-82");
    }
}

// the document's own words for the stages; the probability is the stage's where nobody entered one.
#[test]
fn the_closing_stages_are_spelled_as_documented() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    for (stage, probability) in [("Prospecting", 10), ("Proposal Sent", 50), ("Closed Won", 100), ("Closed Lost", 0)] {
        let opportunity = desk.tenant.opportunity_of(OpportunityDraft {
            name: set(stage),
            stage: set(stage),
            ..OpportunityDraft::default()
        });
        let shown = desk.get(&format!(
            "/opportunities/OPP-{:05}",
            opportunity.id.to_string().parse::<u32>().unwrap()
        ));
        assert_eq!((&shown["stage"], &shown["probability"]), (&json!(stage), &json!(probability)));
    }
}

// an unknown day is the one it was closed on, else the one the talks began on, else the one it was entered on.
#[test]
fn an_unknown_close_date_is_the_next_best_known_day() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let day = |draft: OpportunityDraft| {
        let opportunity = desk.tenant.opportunity_of(OpportunityDraft {
            name: set("Some day"),
            ..draft
        });
        let id = opportunity.id.to_string().parse::<u32>().unwrap();
        desk.get(&format!("/opportunities/OPP-{id:05}"))["expectedCloseDate"].clone()
    };
    let engaged = || OpportunityDraft {
        engaged_on: set("2016-10-20"),
        ..OpportunityDraft::default()
    };
    assert_eq!(day(OpportunityDraft::default()), "2025-01-15");
    assert_eq!(day(engaged()), "2016-10-20");
    let closed = || OpportunityDraft {
        stage: set("Closed Won"),
        closed_on: set("2017-03-01"),
        ..engaged()
    };
    assert_eq!(day(closed()), "2017-03-01");
    let expected = OpportunityDraft {
        expected_close_date: set("2024-02-29"),
        ..closed()
    };
    assert_eq!(day(expected), "2024-02-29");
}

// deleting an account hides its opportunities, so that no `accountId` leads nowhere.
#[test]
fn an_account_takes_its_opportunities_along() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let kept = desk.tenant.account("Kept");
    desk.tenant.opportunity("Kept", Some(&kept));
    let first = desk.tenant.read(|reader| {
        reader
            .accounts()
            .list(&Default::default(), Default::default(), &crm_domain::page::Window::first(1))
    });
    desk.tenant.remove_account(first.items[0].id);
    let list = desk.get("/opportunities?includeInForecast=all&expand=account");
    assert_eq!(list["pagination"]["total"], 1);
    assert_eq!(list["opportunities"][0]["account"]["name"], "Kept");
    assert_eq!(desk.ask("/opportunities/OPP-00001").status, 404);
    assert_eq!(desk.get("/accounts/ACT-00000?expand=opportunities")["opportunities"], json!([]));
}

// a change moves `updatedAt` and leaves `createdAt`; milliseconds are cut, not rounded.
#[test]
fn stamps_follow_the_clock() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    server.advance(Duration::from_micros(1_999));
    let account = desk.tenant.account("Stamped");
    server.advance(Duration::from_secs(24 * 3_600));
    desk.tenant.rename_account(account.id, "Renamed");
    let shown = desk.get("/accounts/ACT-00001");
    assert_eq!(shown["createdAt"], "2025-01-15T10:00:00.001Z");
    assert_eq!(shown["updatedAt"], "2025-01-16T10:00:00.001Z");
    assert_eq!(
        shown["ownerId"].as_i64().unwrap().to_string(),
        desk.tenant.admin.id.to_string(),
        "A-73"
    );
}

// text goes out as UTF-8 JSON, whatever it is, and comes as HEAD without a body.
#[test]
fn a_head_request_is_answered_like_a_get_without_its_body() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for path in ["/accounts", "/opportunities/OPP-00001"] {
        let get = desk.ask(path);
        let head = server.request("HEAD", &format!("{BASE}{path}")).key(&desk.key.text).send();
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.number("content-length"), i64::try_from(get.body.len()).unwrap());
    }
    server.request("HEAD", &format!("{BASE}/accounts")).expect(401);
}
