//! Handing deals over (contract X-174).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, refusal, text};

each_server! {
    a_deal_is_handed_over,
    what_is_wrong_with_a_handoff_is_told,
}

fn path(deal: &Value) -> String {
    format!("/api/deals/{}/handoff", text(&deal["id"]))
}

fn a_deal_is_handed_over(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let token = &login.token;
    let receiver = format!("user_{}", tenant.user(Role::User).id);
    let deal = create(server, token, "/api/deals", &json!({ "name": "Deal" }));
    let sent = json!({
        "receiverId": receiver,
        "notes": "Größter Kunde 🎯",
        "checklist": [{ "title": "Call" }, { "Title": "Contract", "done": true }],
    });
    let answer = server.post(&path(&deal)).bearer(token).json(&sent).expect(201);
    assert_eq!(answer.header("location"), Some(path(&deal).as_str()));
    let mut expected = json!({
        "id": "handoff_1", "dealId": deal["id"], "receiverId": receiver, "initiatorId": login.user_id, "notes": "Größter Kunde 🎯",
        "checklist": [{ "title": "Call", "done": false }, { "title": "Contract", "done": true }], "status": "pending",
        "initiatedAt": "2025-01-15T10:00:00Z", "completedAt": null, "createdAt": "2025-01-15T10:00:00Z",
        "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id, "tenantId": login.tenant_id,
    });
    assert_eq!(answer.json(), expected);
    let shown = server.get(&path(&deal)).bearer(token).expect(200);
    assert_eq!(shown.json(), expected);
    server.advance(Duration::from_secs(60));
    let done = json!({ "notes": null, "checklist": [{ "title": "Call", "done": true }] });
    let put = |tag: &str| server.put(&path(&deal)).bearer(token).header("if-match", tag).json(&done).send();
    refusal(server, &put("\"0\""), 412, "VALIDATION_ERROR");
    let tag = shown.header("etag").unwrap().to_owned();
    expected["notes"] = Value::Null;
    expected["checklist"] = json!([{ "title": "Call", "done": true }]);
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(put(&tag).json(), expected);
    server.advance(Duration::from_secs(60));
    let completed = server.post(&format!("{}/complete", path(&deal))).bearer(token).expect(200).json();
    expected["status"] = json!("completed");
    expected["completedAt"] = json!("2025-01-15T10:02:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:02:00Z");
    assert_eq!(completed, expected);
    assert_eq!(server.get(&path(&deal)).bearer(token).expect(200).json(), expected);
    // The owner stays, and a deal can be handed over again.
    let item = format!("/api/deals/{}", text(&deal["id"]));
    assert_eq!(server.get(&item).bearer(token).expect(200).json()["ownerId"], deal["ownerId"]);
    let again = server
        .post(&path(&deal))
        .bearer(token)
        .json(&json!({ "receiverId": receiver }))
        .expect(201)
        .json();
    assert_eq!((&again["id"], &again["checklist"]), (&json!("handoff_2"), &json!([])));
    assert_eq!(server.get(&path(&deal)).bearer(token).expect(200).json(), again);
    let changes = server.get("/api/changes?limit=1000").bearer(token).expect(200).json();
    let told: Vec<_> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["entity"] == "handoff")
        .collect();
    let kinds: Vec<_> = told.iter().map(|change| text(&change["kind"])).collect();
    assert_eq!(kinds, ["created", "updated", "updated", "created"]);
    assert_eq!(told[0]["changes"]["receiverId"], json!([null, receiver]));
    assert_eq!(told[2]["changes"]["status"], json!(["pending", "completed"]));
}

fn what_is_wrong_with_a_handoff_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Deal" }));
    let post = |body: Value| server.post(&path(&deal)).bearer(&token).json(&body).send();
    let complete = || server.post(&format!("{}/complete", path(&deal))).bearer(&token).send();
    for answer in [
        server.get(&path(&deal)).bearer(&token).send(),
        complete(),
        server.put(&path(&deal)).bearer(&token).json(&json!({})).send(),
    ] {
        assert_eq!(refusal(server, &answer, 404, "NOT_FOUND")["message"], "Handoff not found");
    }
    let stranger = server.tenant("Bolt").admin.id;
    for (body, expected) in [
        (json!({}), vec![("receiverId", "Receiver id is required")]),
        (
            json!({ "receiverId": format!("user_{stranger}"), "checklist": [{ "title": " " }, { "title": "x", "done": "yes" }] }),
            vec![
                ("checklist[0].title", "Checklist[0].title is required"),
                ("checklist[1].done", "Checklist[1].done must be true or false"),
                ("receiverId", "Receiver id must name an existing user"),
            ],
        ),
        (
            json!({ "receiverId": tenant_user(&tenant), "checklist": ["Call"] }),
            vec![("checklist", "Checklist must be a list of objects")],
        ),
        (
            json!({ "receiverId": tenant_user(&tenant), "checklist": vec![json!({ "title": "x" }); 101] }),
            vec![("checklist", "Checklist must be at most 100 items")],
        ),
    ] {
        assert_eq!(details(&refusal(server, &post(body), 422, "VALIDATION_ERROR")), expected);
    }
    let good = json!({ "receiverId": tenant_user(&tenant) });
    assert_eq!(post(good.clone()).status, 201);
    let pending = refusal(server, &post(good), 409, "DUPLICATE");
    assert_eq!(pending["message"], "The handoff is pending and cannot be initiated");
    assert_eq!(complete().status, 200);
    assert_eq!(
        refusal(server, &complete(), 409, "DUPLICATE")["message"],
        "The handoff is already completed"
    );
    let late = server.put(&path(&deal)).bearer(&token).json(&json!({ "notes": "x" })).send();
    assert_eq!(
        refusal(server, &late, 409, "DUPLICATE")["message"],
        "The handoff is completed and cannot be changed"
    );
    for missing in ["/api/deals/deal_99/handoff", "/api/deals/x/handoff"] {
        assert_eq!(
            refusal(server, &server.get(missing).bearer(&token).send(), 404, "NOT_FOUND")["message"],
            "Deal not found"
        );
    }
}

fn tenant_user(tenant: &crm_tests::tenant::TestTenant<'_>) -> String {
    format!("user_{}", tenant.admin.id)
}
