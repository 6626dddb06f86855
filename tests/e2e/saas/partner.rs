//! Partners (contract ).

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, ids, refusal, text};

each_server! {
    a_partner_round_trips_with_every_field,
    what_is_wrong_is_told_at_once,
    a_name_is_taken_while_its_partner_lives,
    only_managers_make_partners,
}

const PATH: &str = "/api/partners";

fn item(partner: &Value) -> String {
    format!("{PATH}/{}", text(&partner["id"]))
}

//
fn a_partner_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (login, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let sent = json!({
        "name": "Größter Händler", "partnerType": "Reseller", "status": "Paused", "email": "Sales@Acme.example", "phone": "+49 30 1",
        "website": "https://acme.example", "contactName": "Zoë 🚀", "commissionPercent": 12.5, "notes": "Zeile 1\nZeile 2",
        "ownerId": format!("user_{}", user.id),
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
    let changes = json!({ "status": null, "commissionPercent": 7, "notes": null });
    let changed = server.put(&item(&made)).bearer(&login.token).json(&changes).expect(200).json();
    let shown = ["status", "commissionPercent", "notes", "phone"].map(|member| changed[member].clone());
    assert_eq!(json!(shown), json!(["Active", 7, null, "+49 30 1"]));
    for query in ["search=händler", "filter[partnerType]=Reseller", "filter[name][contains]=größt"] {
        let list = server.get(&format!("{PATH}?{query}")).bearer(&login.token).expect(200).json();
        assert_eq!(ids(&list), [text(&made["id"])], "{query}");
    }
}

fn what_is_wrong_is_told_at_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let bad = json!({ "email": "nobody", "website": "ftp://x.example", "commissionPercent": 100.01, "ownerId": "user_999999" });
    let error = refusal(server, &server.post(PATH).bearer(&token).json(&bad).send(), 422, "VALIDATION_ERROR");
    let expected = [
        ("commissionPercent", "Commission percent must be between 0 and 100"),
        ("email", "Email must be a valid email address"),
        ("name", "Name is required"),
        ("ownerId", "Owner id must name an existing user"),
        ("website", "Website must be a valid http or https URL"),
    ];
    assert_eq!(details(&error), expected);
}

// C-121
fn a_name_is_taken_while_its_partner_lives(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let made = create(server, &token, PATH, &json!({ "name": "Acme" }));
    let again = || server.post(PATH).bearer(&token).json(&json!({ "name": "ACME" })).send();
    let error = refusal(server, &again(), 409, "DUPLICATE");
    assert_eq!(error["message"], "A partner with this name already exists");
    server.delete(&item(&made)).bearer(&token).expect(204);
    let gone = server.get(&item(&made)).bearer(&token).send();
    assert_eq!(refusal(server, &gone, 404, "NOT_FOUND")["message"], "Partner not found");
    assert_eq!(again().status, 201);
}

//
fn only_managers_make_partners(server: &Server) {
    let tenant = server.tenant("Acme");
    let [user, manager] = [Role::User, Role::Manager].map(|role| tenant.login(&tenant.user(role)).token);
    refusal(
        server,
        &server.post(PATH).bearer(&user).json(&json!({ "name": "x" })).send(),
        403,
        "PERMISSION_DENIED",
    );
    let partner = create(server, &manager, PATH, &json!({ "name": "Acme" }));
    server.get(PATH).bearer(&user).expect(200);
    refusal(
        server,
        &server.put(&item(&partner)).bearer(&user).body("{}").send(),
        403,
        "PERMISSION_DENIED",
    );
    server.delete(&item(&partner)).bearer(&manager).expect(204);
}
