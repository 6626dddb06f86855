//! The SDKs of this family (contract B-110 … B-114, X-75 … X-77): the document's examples word for word but for URL and key, all that the SDKs
//! offer against this server, and their own tests.

use crm_tests::{client::Program, server::Server};
use serde_json::{Value, json};

use super::Desk;

/// Puts the server's address and a key where an example has placeholders.
fn filled(example: &str, desk: &Desk<'_>) -> String {
    example
        .replace("https://your-domain.com", &desk.server.url())
        .replace("your_api_key", &desk.key.text)
}

/// What the example's lead came to.
fn assert_synced(desk: &Desk<'_>, result: &Value) {
    assert_eq!(
        (&result["success"], &result["actions_taken"]),
        (&json!(true), &json!(["lead_created"]))
    );
    let lead = desk.lead_of_c(result);
    assert_eq!(
        (&lead["firstName"], &lead["email"], &lead["source"]),
        (&json!("John"), &json!("john.doe@company.com"), &json!("apollo"))
    );
}

impl Desk<'_> {
    /// A lead that was taken over, as family C shows it.
    fn lead_of_c(&self, result: &Value) -> Value {
        let path = format!("/api/leads/lead_{}", result["lead_id"]);
        self.server.get(&path).bearer(&self.tenant.admin_token()).expect(200).json()
    }
}

// B-110, B-111, B-114, X-76
#[test]
fn the_javascript_example_syncs_a_lead() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let example = filled(include_str!("snippets/sdk.js"), &desk);
    let text = format!("(async () => {{\n{example}\nconsole.log(JSON.stringify(result));\n}})();");
    assert_synced(&desk, &Program::node(&text).run().json());
}

// B-112, B-113, B-114
#[test]
fn the_python_example_syncs_a_lead() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let example = filled(include_str!("snippets/sdk.py"), &desk);
    let text = format!("{example}\nimport json\nprint(json.dumps(result))");
    assert_synced(&desk, &Program::python(&text).run().json());
}

/// What a walk through everything prints: the same by each SDK.
fn assert_walked(walked: &Value) {
    let expected = json!({
        "health": "healthy",
        "valid": [true, ["Consider adding phone number for better contact rate"]],
        "duplicate": ["ValidationError", 400, "VALIDATION_ERROR", "Duplicate email address", "email"],
        "updated": ["lead_updated"],
        "bulk": [3, 2, 1, "Duplicate email address"],
        "opportunity": true,
        "unknown": ["NotFoundError", 404, "RESOURCE_NOT_FOUND"],
        "stranger": ["AuthenticationError", 401],
        "events": [["lead.created"]],
        "errors": ["Failed to sync lead: email is another lead's already", "Failed to sync lead: email is another lead's already"],
    });
    assert_eq!(walked, &expected);
}

// B-98, B-99, B-100, B-103
#[test]
fn the_typescript_sdk_offers_everything() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let text = filled(include_str!("snippets/walk.ts"), &desk);
    assert_walked(&Program::typescript(&text, "").run().json());
}

// B-98, B-99, B-100, B-103
#[test]
fn the_python_sdk_offers_everything() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let text = filled(include_str!("snippets/walk.py"), &desk);
    assert_walked(&Program::python(&text).run().json());
}

//
#[test]
fn the_sdks_pass_their_own_tests() {
    for text in [
        "node --test sdk/javascript/test/",
        "\"$PYTHON\" -B -m unittest discover -s sdk/python/tests",
    ] {
        Program::bash(&format!("cd \"$PROJECT\"\n{text}"))
            .env("PROJECT", concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env("PYTHON", Program::python_interpreter())
            .run();
    }
}
