//! Custom fields: their definitions.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, refusal, text};

each_server! {
    a_definition_round_trips_with_every_part,
    what_is_wrong_is_told_at_once,
    a_key_is_taken_once,
    lists_tell_the_fields_of_an_entity,
    a_deleted_definition_is_restored,
    only_managers_define_fields,
    another_tenants_definitions_are_unknown,
}

pub(super) const PATH: &str = "/api/custom-fields";

/// Defines a field with nothing but what it needs.
pub(super) fn define(server: &Server, token: &str, entity: &str, key: &str, holds: &str) -> Value {
    let mut body = json!({ "entity": entity, "key": key, "type": holds });
    if holds == "choice" {
        body["choices"] = json!(["Gold", "Silver", "Ärger"]);
    }
    create(server, token, PATH, &body)
}

pub(super) fn item(field: &Value) -> String {
    format!("{PATH}/{}", text(&field["id"]))
}

fn a_definition_round_trips_with_every_part(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let sent = json!({
        "entity": "deals", "key": "risk_Level", "label": "Risiko 🚀", "type": "choice", "required": true, "unique": false,
        "choices": ["Hoch", "niedrig"], "position": 30,
    });
    let answer = server.post(PATH).bearer(&login.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(login.user_id);
    expected["tenantId"] = json!(login.tenant_id);
    assert_eq!(made, expected);
    assert_eq!(server.get(&item(&made)).bearer(&login.token).expect(200).json(), expected);
    // What is not mentioned stays; choices are set as a whole, and a cleared label is the key again.
    let changes = json!({ "Label": null, "choices": ["Hoch", "mittel", "niedrig"], "required": false });
    let changed = server.put(&item(&made)).bearer(&login.token).json(&changes).expect(200).json();
    let shown = ["label", "choices", "required", "position", "type"].map(|member| changed[member].clone());
    assert_eq!(
        json!(shown),
        json!(["risk_Level", ["Hoch", "mittel", "niedrig"], false, 30, "choice"])
    );
    let plain = define(server, &login.token, "companies", "plain", "bool");
    let shown = ["entity", "label", "required", "unique", "choices", "position"].map(|member| plain[member].clone());
    assert_eq!(json!(shown), json!(["companies", "plain", false, false, [], 1]));
    // The feed tells it.
    let changes = server.get("/api/changes").bearer(&login.token).expect(200).json();
    let change = &changes["items"][0];
    assert_eq!((&change["entity"], &change["entityId"]), (&json!("customField"), &made["id"]));
    assert_eq!(change["changes"]["type"], json!([null, "choice"]));
}

fn what_is_wrong_is_told_at_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let nothing = server.post(PATH).bearer(&token).json(&json!({})).send();
    assert_eq!(
        fields(&refusal(server, &nothing, 422, "VALIDATION_ERROR")),
        ["entity", "key", "type"]
    );
    let bad = json!({
        "entity": "invoices", "key": "9 lives", "type": "money", "label": 7, "required": "yes", "choices": [1], "position": 1.5,
    });
    let answer = server.post(PATH).bearer(&token).json(&bad).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(
        fields(&error),
        ["choices", "entity", "key", "label", "position", "required", "type"]
    );
    let allowed = "Entity must be one of: companies, contacts, leads, deals, tickets, activities, tasks";
    assert_eq!(details(&error)[1], ("entity", allowed));
    let choices = json!({ "entity": "leads", "key": "tier", "type": "choice", "choices": ["a", "A", " ", "b,c"] });
    let answer = server.post(PATH).bearer(&token).json(&choices).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["choices[1]", "choices[2]", "choices[3]"]);
    for (key, holds, field) in [
        ("annualRevenue", "number", "key"),
        ("tags", "text", "key"),
        ("flag", "bool", "unique"),
    ] {
        let body = json!({ "entity": "companies", "key": key, "type": holds, "unique": true });
        let answer = server.post(PATH).bearer(&token).json(&body).send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), [field]);
    }
}

fn a_key_is_taken_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    define(server, &token, "companies", "tier", "text");
    let again = json!({ "entity": "companies", "key": "tier", "type": "number" });
    let answer = server.post(PATH).bearer(&token).json(&again).send();
    assert_eq!(fields(&refusal(server, &answer, 409, "DUPLICATE")), ["key"]);
    define(server, &token, "contacts", "tier", "number");
    let other = define(server, &token, "companies", "region", "text");
    let answer = server.put(&item(&other)).bearer(&token).json(&json!({ "key": "tier" })).send();
    refusal(server, &answer, 409, "DUPLICATE");
    let answer = server.put(&item(&other)).bearer(&token).json(&json!({ "entity": "leads" })).send();
    assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["entity"]);
}

fn lists_tell_the_fields_of_an_entity(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for (entity, key) in [
        ("companies", "one"),
        ("companies", "two"),
        ("deals", "three"),
        ("companies", "four"),
    ] {
        define(server, &token, entity, key, "text");
    }
    let list = |query: &str| server.get(&format!("{PATH}{query}")).bearer(&token).expect(200).json();
    let keys = |list: &Value| {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["key"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&list("")), ["one", "two", "three", "four"]);
    let of_companies = list("?entity=companies&sortBy=position&sortOrder=desc&pageSize=2");
    assert_eq!(
        (keys(&of_companies), &of_companies["totalCount"]),
        (vec![json!("four"), json!("two")], &json!(3))
    );
    let cursor = text(&of_companies["nextCursor"]).to_owned();
    let rest = list(&format!(
        "?entity=companies&sortBy=position&sortOrder=desc&pageSize=2&cursor={cursor}"
    ));
    assert_eq!(keys(&rest), ["one"]);
    // A cursor of one entity's list is none of another's.
    let other = format!("{PATH}?entity=deals&sortBy=position&sortOrder=desc&pageSize=2&cursor={cursor}");
    refusal(server, &server.get(&other).bearer(&token).send(), 400, "VALIDATION_ERROR");
    let unknown = server.get(&format!("{PATH}?entity=invoices")).bearer(&token).send();
    assert_eq!(fields(&refusal(server, &unknown, 400, "VALIDATION_ERROR")), ["entity"]);
}

fn a_deleted_definition_is_restored(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let field = define(server, &token, "leads", "tier", "choice");
    let restore = format!("{}/restore", item(&field));
    let answer = server.post(&restore).bearer(&token).json(&json!({})).send();
    refusal(server, &answer, 409, "DUPLICATE");
    server.delete(&item(&field)).bearer(&token).expect(204);
    let gone = server.get(&item(&field)).bearer(&token).send();
    assert_eq!(refusal(server, &gone, 404, "NOT_FOUND")["message"], "Custom field not found");
    let back = server.post(&restore).bearer(&token).json(&json!({})).expect(200).json();
    assert_eq!((&back["id"], &back["choices"]), (&field["id"], &field["choices"]));
    server.delete(&item(&field)).bearer(&token).expect(204);
    define(server, &token, "leads", "tier", "text");
    let answer = server.post(&restore).bearer(&token).json(&json!({})).send();
    refusal(server, &answer, 409, "DUPLICATE");
}

fn only_managers_define_fields(server: &Server) {
    let tenant = server.tenant("Acme");
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    let user = tenant.login(&tenant.user(Role::User)).token;
    let field = define(server, &manager, "tickets", "tier", "text");
    server.get(&item(&field)).bearer(&user).expect(200);
    let refused = server.put(&item(&field)).bearer(&user).json(&json!({ "label": "x" })).send();
    refusal(server, &refused, 403, "PERMISSION_DENIED");
    refusal(server, &server.delete(&item(&field)).bearer(&user).send(), 403, "PERMISSION_DENIED");
}

fn another_tenants_definitions_are_unknown(server: &Server) {
    let (acme, bolt) = (server.tenant("Acme").admin_token(), server.tenant("Bolt").admin_token());
    let field = define(server, &acme, "companies", "tier", "text");
    refusal(server, &server.get(&item(&field)).bearer(&bolt).send(), 404, "NOT_FOUND");
    let condition = "/api/companies?filter[customFields.tier]=x";
    server.get(condition).bearer(&acme).expect(200);
    let answer = server.get(condition).bearer(&bolt).send();
    assert_eq!(
        fields(&refusal(server, &answer, 400, "VALIDATION_ERROR")),
        ["filter[customFields.tier]"]
    );
    let order = "/api/companies?sortBy=customFields.tier";
    server.get(order).bearer(&acme).expect(200);
    assert_eq!(
        fields(&refusal(server, &server.get(order).bearer(&bolt).send(), 400, "VALIDATION_ERROR")),
        ["sortBy"]
    );
    // Nor are those of another entity.
    let answer = server.get("/api/contacts?filter[customFields.tier]=x").bearer(&acme).send();
    refusal(server, &answer, 400, "VALIDATION_ERROR");
}
