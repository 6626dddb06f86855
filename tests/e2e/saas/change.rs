//! The change feed, `GET /api/changes`: names, ids and money as family C shows them, in order and without a gap.

use crm_domain::tenant::lead::LeadDraft;
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{create, fields, keys, refusal, text};

each_server! {
    what_happened_is_told_in_this_familys_words,
    the_feed_is_read_part_by_part_without_a_gap,
    another_tenants_changes_are_not_in_the_feed,
    a_part_of_the_records_can_be_followed,
    parameters_that_cannot_be_right_are_refused,
}

const PATH: &str = "/api/changes";

/// The part of the feed that a query asks for.
#[track_caller]
fn feed(server: &Server, token: &str, query: &str) -> Value {
    server.get(&format!("{PATH}{query}")).bearer(token).expect(200).json()
}

#[track_caller]
fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

/// The numbers of a part's changes.
#[track_caller]
fn numbers(page: &Value) -> Vec<i64> {
    items(page).iter().map(|change| change["seq"].as_i64().expect("a number")).collect()
}

/// Where the feed ends now: making a tenant leaves changes of its own.
fn end(server: &Server, token: &str) -> i64 {
    let page = feed(server, token, "?limit=1000");
    assert_eq!(page["hasMore"], false);
    page["nextAfter"].as_i64().expect("a number")
}

fn what_happened_is_told_in_this_familys_words(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let before = end(server, &token);
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let body = json!({ "name": "Renewal", "companyId": company["id"], "amount": 12.5, "currency": "USD" });
    let deal = create(server, &token, "/api/deals", &body);
    let item = format!("/api/deals/{}", text(&deal["id"]));
    server
        .put(&item)
        .bearer(&token)
        .json(&json!({ "amount": 20, "nextStep": "Call" }))
        .expect(200);
    server.delete(&item).bearer(&token).expect(204);
    let lead = tenant.lead_of(LeadDraft {
        last_name: set("Lovelace"),
        company: set("Engines"),
        email: set("ada@example.com"),
        ..LeadDraft::default()
    });

    let page = feed(server, &token, &format!("?after={before}"));
    assert_eq!(keys(&page), ["hasMore", "items", "nextAfter"]);
    let told: Vec<_> = items(&page)
        .iter()
        .map(|change| (text(&change["entity"]), text(&change["entityId"]), text(&change["kind"])))
        .collect();
    let (company_id, deal_id, lead_id) = (text(&company["id"]), text(&deal["id"]), format!("lead_{}", lead.id));
    assert_eq!(
        told,
        [
            ("company", company_id, "created"),
            ("deal", deal_id, "created"),
            ("deal", deal_id, "updated"),
            ("deal", deal_id, "deleted"),
            ("lead", lead_id.as_str(), "created"),
        ]
    );
    for change in items(&page) {
        let members = ["actor", "changes", "entity", "entityId", "family", "kind", "seq", "timestamp"];
        assert_eq!(keys(change), members);
        assert_eq!(change["actor"], format!("user:{}", tenant.admin.id));
        assert_eq!(change["family"], "saas");
        // To the microsecond.
        assert_eq!(text(&change["timestamp"]).len(), "2026-01-17T10:30:00.123456Z".len(), "{change}");
    }

    let [_, created, updated, deleted, _] = items(&page) else {
        panic!("{page}")
    };
    let (was, is) = (
        json!({ "amount": 12.5, "currency": "USD" }),
        json!({ "amount": 20, "currency": "USD" }),
    );
    let user = format!("user_{}", tenant.admin.id);
    for (field, value) in [
        ("name", json!("Renewal")),
        ("companyId", company["id"].clone()),
        ("stageId", deal["stageId"].clone()),
        ("ownerId", json!(user)),
        ("amount", was.clone()),
    ] {
        assert_eq!(created["changes"][field], json!([null, value]), "{field}");
    }
    // The feed names fields as the deal itself does.
    assert!(deal.get("amount").is_some() && deal.get("value").is_none(), "{deal}");
    assert!(created["changes"].get("value").is_none(), "{created}");
    assert_eq!(
        (&updated["changes"]["amount"], &updated["changes"]["nextStep"]),
        (&json!([was, is]), &json!([null, "Call"]))
    );
    assert!(updated["changes"].get("name").is_none(), "only what differs: {updated}");
    assert_eq!(deleted["changes"]["amount"], json!([is, null]));
}

fn the_feed_is_read_part_by_part_without_a_gap(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    tenant.accounts((0..7).map(|number| format!("Company {number}")));

    let whole = feed(server, &token, "");
    let count = i64::try_from(items(&whole).len()).expect("a small number");
    assert_eq!(numbers(&whole), (1..=count).collect::<Vec<_>>());
    assert_eq!((&whole["nextAfter"], &whole["hasMore"]), (&json!(count), &json!(false)));

    let (mut after, mut read) = (0, Vec::new());
    loop {
        let page = feed(server, &token, &format!("?after={after}&limit=3"));
        read.extend(items(&page).to_vec());
        after = page["nextAfter"].as_i64().expect("a number");
        assert_eq!(numbers(&page).last(), Some(&after));
        if page["hasMore"] == false {
            break;
        }
        assert_eq!(items(&page).len(), 3);
    }
    assert_eq!(json!(read), whole["items"]);

    // At the end one waits where one is, and what comes is the next.
    let nothing = feed(server, &token, &format!("?after={after}"));
    assert_eq!(nothing, json!({ "items": [], "nextAfter": after, "hasMore": false }));
    tenant.account("One more");
    assert_eq!(numbers(&feed(server, &token, &format!("?after={after}"))), [after + 1]);

    // A page that holds just what is left has no more behind it; too small and too large limits are clamped.
    let page = feed(server, &token, &format!("?after={}&limit=1", after - 1));
    assert_eq!((numbers(&page), &page["hasMore"]), (vec![after], &json!(true)));
    let page = feed(server, &token, &format!("?after={after}&limit=1"));
    assert_eq!((numbers(&page), &page["hasMore"]), (vec![after + 1], &json!(false)));
    assert_eq!(numbers(&feed(server, &token, "?limit=0")), [1]);
    assert_eq!(numbers(&feed(server, &token, "?limit=-5")), [1]);
    assert_eq!(numbers(&feed(server, &token, "?limit=100000")).last(), Some(&(after + 1)));
}

// C-138
fn another_tenants_changes_are_not_in_the_feed(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let (our_end, their_end) = (end(server, &token), end(server, &other));
    create(server, &other, "/api/companies", &json!({ "name": "Secret" }));
    let nothing = feed(server, &token, &format!("?after={our_end}"));
    assert_eq!(nothing, json!({ "items": [], "nextAfter": our_end, "hasMore": false }));
    assert!(!feed(server, &token, "").to_string().contains("Secret"));
    assert_eq!(numbers(&feed(server, &other, &format!("?after={their_end}"))), [their_end + 1]);
}

fn a_part_of_the_records_can_be_followed(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let before = end(server, &token);
    for number in 1..=3 {
        create(server, &token, "/api/companies", &json!({ "name": format!("Company {number}") }));
        create(server, &token, "/api/deals", &json!({ "name": format!("Deal {number}") }));
    }
    let read = |query: &str| feed(server, &token, &format!("?{query}"));
    let page = read(&format!("entity=deal&after={before}&limit=2"));
    assert_eq!((numbers(&page), &page["hasMore"]), (vec![before + 2, before + 4], &json!(true)));
    assert_eq!(page["nextAfter"], before + 4);
    // The last part has looked at the feed to its end.
    let page = read(&format!("entity=companies&after={before}"));
    assert_eq!(numbers(&page), [before + 1, before + 3, before + 5]);
    assert_eq!((&page["nextAfter"], &page["hasMore"]), (&json!(before + 6), &json!(false)));
    assert_eq!(
        numbers(&read("entity=company,deal")),
        ((before + 1)..=(before + 6)).collect::<Vec<_>>()
    );
    assert_eq!(numbers(&read("entityId=deal_2")), [before + 4]);
    assert_eq!(numbers(&read("entity=lead")), Vec::<i64>::new());
    let nothing = read(&format!("entity=deal&after={}", before + 6));
    assert_eq!(nothing, json!({ "items": [], "nextAfter": before + 6, "hasMore": false }));
}

fn parameters_that_cannot_be_right_are_refused(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for (query, expected) in [
        ("?after=-1", vec!["after"]),
        ("?after=x", vec!["after"]),
        ("?after=9223372036854775808", vec!["after"]),
        // Beyond the end, as the stream says it too: the client's copy is of another feed.
        ("?after=1000", vec!["after"]),
        ("?entity=deal&after=1000", vec!["after"]),
        ("?after=9223372036854775807", vec!["after"]),
        ("?limit=ten", vec!["limit"]),
        ("?after=1.5&limit=x", vec!["after", "limit"]),
        ("?entity=account", vec!["entity"]),
        ("?entity=deal&entityId=company_1", vec!["entityId"]),
        ("?entity=x&entityId=deal_x", vec!["entity", "entityId"]),
    ] {
        let answer = server.get(&format!("{PATH}{query}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), expected, "{query}");
    }
    refusal(server, &server.get(PATH).send(), 401, "AUTH_FAILED");
}
