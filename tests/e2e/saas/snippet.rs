//! The document's own examples, word for word but for URL and credential (contract C-151 … C-165).
//!
//! They stand in `snippets/`. Where an example is only a function or a class, the test adds the lines that call it. C-157, the client in
//! C#, is represented by the requests that it sends; C-163, which receives webhooks, stands in `../webhook/`.

mod javascript;
mod sdk;

use crm_domain::usecase::register::RegistrationPolicy;
use crm_tests::{client::Program, database::Backend, server::Server};
use serde_json::{Value, json};

use super::{keys, refusal, text};

/// The document's own user.
const EMAIL: &str = "admin@company.com";
const PASSWORD: &str = "Admin@123";

/// Puts the server's address where an example has a placeholder.
fn filled(text: &str, server: &Server) -> String {
    text.replace("https://api.yourdomain.com", &server.url())
        .replace("http://localhost:5000", &server.url())
}

/// Registers the document's user and answers an access token.
fn documented_user(server: &Server) -> String {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "tenantName": "My Company", "companyName": "Acme Corp" });
    let registered = server.post("/api/auth/register").json(&body).expect(201).json();
    text(&registered["token"]).to_owned()
}

/// The first hundred leads.
fn leads(server: &Server, token: &str) -> Value {
    server.get("/api/leads?pageSize=100").bearer(token).expect(200).json()
}

// C-05, C-08, C-15, C-21, C-151: on a server as it comes
#[test]
fn the_quick_start_registers_signs_in_and_lists() {
    let server = Server::with(Backend::Sqlite, |settings| settings.auth.registration = RegistrationPolicy::First);
    let (start, rest) = include_str!("snippets/quick_start.sh").split_once("# Response:\n").unwrap();
    let (shown, end) = rest.split_once("\n\n").unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();

    let answers = Program::bash(&filled(start, &server)).run().documents();
    let [registered, signed_in] = &answers[..] else {
        panic!("{answers:?}")
    };
    for answer in [registered, signed_in] {
        assert_eq!(keys(answer), keys(&shown));
        assert_eq!(answer["expiresIn"], shown["expiresIn"]);
    }
    assert_eq!(registered["tenantId"], signed_in["tenantId"]);
    assert_eq!(registered["userId"], signed_in["userId"]);

    let placeholder = text(&shown["token"]);
    assert!(end.contains(placeholder));
    for answer in [registered, signed_in] {
        let listed = Program::bash(&filled(&end.replace(placeholder, text(&answer["token"])), &server)).run();
        assert_eq!(listed.json()["totalCount"], 0);
    }
    // What the document asks to be sent with every request must be sent.
    let listed = Program::bash(&filled(end, &server)).run();
    assert_eq!(listed.json()["error"]["code"], "INVALID_TOKEN");
    refusal(&server, &server.get("/api/leads").send(), 401, "AUTH_FAILED");
}
