//! Handing leads over.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{
    super::{create, details, refusal},
    PATH, item, john,
};

each_server! {
    a_lead_is_handed_to_a_user_of_the_tenant,
}

fn a_lead_is_handed_to_a_user_of_the_tenant(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Other"));
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let lead = create(server, &admin.token, PATH, &john("john@example.com"));
    let path = format!("{}/assign", item(&lead));
    let post = |body: &serde_json::Value| server.post(&path).bearer(&admin.token).json(body).send();
    let owner = format!("user_{}", user.id);
    let mut expected = lead.clone();
    expected["ownerId"] = json!(owner);
    assert_eq!(post(&json!({ "ownerId": owner })).expect(200).json(), expected);
    assert_eq!(server.get(&item(&lead)).bearer(&admin.token).expect(200).json(), expected);
    let stranger = format!("user_{}", other.admin.id);
    for (body, message) in [
        (json!({}), "Owner id is required"),
        (json!({ "ownerId": null }), "Owner id is required"),
        (json!({ "ownerId": 5 }), "Owner id must be a string"),
        (json!({ "ownerId": stranger }), "Owner id must name an existing user"),
        (json!({ "ownerId": "company_1" }), "Owner id must name an existing user"),
    ] {
        let error = refusal(server, &post(&body), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("ownerId", message)], "{body}");
    }
    assert_eq!(server.get(&item(&lead)).bearer(&admin.token).expect(200).json(), expected);
}
