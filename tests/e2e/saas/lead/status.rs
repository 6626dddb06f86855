//! Where a lead stands, and what may become of it (contract X-89).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{
    super::{create, details, fields, refusal},
    PATH, item, john,
};

each_server! {
    a_status_is_one_of_the_words_whatever_its_case,
    a_lead_is_qualified_and_disqualified,
    a_reason_is_asked_for,
    an_action_is_taken_once_under_one_key,
}

// X-89
fn a_status_is_one_of_the_words_whatever_its_case(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (index, (given, shown)) in [
        ("new", "New"),
        (" CONTACTED ", "Contacted"),
        ("qualified", "Qualified"),
        ("Disqualified", "Disqualified"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut lead = john(&format!("john{index}@example.com"));
        lead["status"] = json!(given);
        let made = create(server, &token, PATH, &lead);
        assert_eq!(made["status"], shown);
        assert_eq!(made["qualifiedAt"].is_null(), shown != "Qualified");
    }
    let mut lead = john("jane@example.com");
    for (word, message) in [
        ("Hot", "Status must be one of: New, Contacted, Qualified, Disqualified"),
        ("Converted", "Status becomes Converted only by converting the lead"),
    ] {
        lead["status"] = json!(word);
        let error = refusal(
            server,
            &server.post(PATH).bearer(&token).json(&lead).send(),
            422,
            "VALIDATION_ERROR",
        );
        assert_eq!(details(&error), [("status", message)]);
    }
    // An imported lead keeps the word that it came with, also when the rest is edited.
    let imported = tenant.lead_with_status("Nurturing");
    let path = format!("{PATH}/lead_{}", imported.id);
    let put = |body: &Value| server.put(&path).bearer(&token).json(body).send();
    let edited = put(&json!({ "status": "Nurturing", "title": "CTO" })).expect(200).json();
    assert_eq!((&edited["status"], &edited["title"]), (&json!("Nurturing"), &json!("CTO")));
    refusal(server, &put(&json!({ "status": "Hot" })), 422, "VALIDATION_ERROR");
    assert_eq!(put(&json!({ "status": "contacted" })).expect(200).json()["status"], "Contacted");
    refusal(server, &put(&json!({ "status": "Nurturing" })), 422, "VALIDATION_ERROR");
}

fn a_lead_is_qualified_and_disqualified(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let lead = create(server, &token, PATH, &john("john@example.com"));
    let post = |action: &str, body: &Value| server.post(&format!("{}/{action}", item(&lead))).bearer(&token).json(body).send();
    let now = |answer: Value| ["status", "qualifiedAt", "disqualifiedReason"].map(|name| answer[name].clone());
    // An action that needs nothing can be sent without a body, or with an empty one.
    let bare = server.post(&format!("{}/qualify", item(&lead))).bearer(&token).expect(200).json();
    assert_eq!(now(bare), [json!("Qualified"), json!("2025-01-15T10:00:00Z"), Value::Null]);
    let error = refusal(server, &post("qualify", &json!({})), 409, "DUPLICATE");
    assert_eq!(error["message"], "The lead is already qualified");
    let reason = json!({ "reason": "  No budget this year " });
    let gone = post("disqualify", &reason).expect(200).json();
    assert_eq!(now(gone), [json!("Disqualified"), Value::Null, json!("No budget this year")]);
    refusal(server, &post("disqualify", &reason), 409, "DUPLICATE");
    let error = refusal(server, &post("convert", &json!({})), 409, "DUPLICATE");
    assert_eq!(error["message"], "The lead is disqualified and cannot be converted");
    assert_eq!(now(post("qualify", &json!({})).expect(200).json())[0], "Qualified");
    // An edit moves it as well, but leaves no reason behind.
    let edited = server
        .put(&item(&lead))
        .bearer(&token)
        .json(&json!({ "status": "New" }))
        .expect(200)
        .json();
    assert_eq!(now(edited), [json!("New"), Value::Null, Value::Null]);
    for action in ["qualify", "disqualify", "convert", "assign"] {
        let answer = server
            .post(&format!("{PATH}/lead_99/{action}"))
            .bearer(&token)
            .json(&json!({}))
            .send();
        refusal(server, &answer, 404, "NOT_FOUND");
    }
}

fn a_reason_is_asked_for(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let lead = create(server, &token, PATH, &john("john@example.com"));
    for (body, message) in [
        (json!({}), "Reason is required"),
        (json!({ "reason": " " }), "Reason is required"),
        (json!({ "reason": 5 }), "Reason must be a string"),
        (json!({ "reason": "x".repeat(501) }), "Reason must be at most 500 characters long"),
    ] {
        let answer = server
            .post(&format!("{}/disqualify", item(&lead)))
            .bearer(&token)
            .json(&body)
            .send();
        let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!((fields(&error), details(&error)[0].1), (vec!["reason"], message));
    }
}

// C-144, X-109
fn an_action_is_taken_once_under_one_key(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let lead = create(server, &token, PATH, &john("john@example.com"));
    for (action, body) in [("qualify", ""), ("disqualify", r#"{"reason":"x"}"#)] {
        let path = format!("{}/{action}", item(&lead));
        let post = || {
            server
                .post(&path)
                .bearer(&token)
                .header("idempotency-key", "k")
                .body(body)
                .expect(200)
        };
        let (first, again) = (post(), post());
        assert_eq!(
            (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
            (None, Some("true"))
        );
        assert_eq!(again.body, first.body);
    }
}
