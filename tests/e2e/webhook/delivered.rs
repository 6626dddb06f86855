//! What the server delivers, verified by the documents' own receivers and by the published libraries for Standard Webhooks.

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{database::Backend, http::Answer, server::Server};
use serde_json::{Value, json};

use super::Receiver;

/// Registered first, since a receiver knows its secret before it listens: nobody is there.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// A server that delivers to this machine. It goes by the machine's clock, as the receivers do.
fn delivering() -> Server {
    Server::with_real_clock(Backend::Sqlite, |settings| {
        settings.webhooks.allow_private_targets = true;
        settings.webhooks.parallel = 4;
        settings.webhooks.poll_milliseconds = 20;
    })
}

/// A receiver of a webhook that `send` registers at `path`, with the secret as it was shown.
#[track_caller]
fn listening(send: impl Fn(&str, &str, &Value) -> Answer, path: &str, receiver: impl FnOnce(&str) -> Receiver) -> Receiver {
    let made = send("POST", path, &json!({ "url": NOWHERE, "events": ["lead.created"] }))
        .expect(201)
        .json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    let receiver = receiver(secret);
    send("PUT", &format!("{path}/{id}"), &json!({ "url": receiver.url })).expect(200);
    receiver
}

fn create_lead(server: &Server, token: &str, email: &str) -> Value {
    let lead = json!({ "firstName": "Jürgen 🚀", "lastName": "Doe", "email": email });
    server.post("/api/leads").bearer(token).json(&lead).expect(201).json()
}

impl Receiver {
    /// The body of the next delivery that it believes.
    #[track_caller]
    fn hears(&mut self) -> Value {
        let line = self.program.hear();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"))
    }
}

// C-146, C-147, C-148, C-149, C-163, X-10
#[test]
fn the_express_receiver_of_document_002_believes_what_family_c_delivers() {
    let server = delivering();
    let token = server.tenant("Acme").admin_token();
    let send = |method: &str, path: &str, body: &Value| server.request(method, path).bearer(&token).json(body).send();
    let mut receiver = listening(send, "/api/webhooks", Receiver::express);
    let lead = create_lead(&server, &token, "john.doe@example.com");
    let heard = receiver.hears();
    assert_eq!((&heard["event"], &heard["data"]["id"]), (&json!("lead.created"), &lead["id"]));
    assert_eq!(heard["data"]["firstName"], "Jürgen 🚀");
}

// E-80, E-82, E-85, E-99, X-10
#[test]
fn the_python_function_of_document_004_believes_what_family_e_delivers() {
    let server = delivering();
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::Elevate);
    let send = |method: &str, path: &str, body: &Value| server.request(method, path).key(&key.text).json(body).send();
    let mut receiver = listening(send, "/api/external/webhooks", Receiver::verify_signature);
    create_lead(&server, &tenant.admin_token(), "john.doe@example.com");
    let heard = receiver.hears();
    assert_eq!(heard["event_type"], "lead.created");
    for member in ["timestamp", "tenant_id", "data", "metadata"] {
        assert!(heard.get(member).is_some(), "{member}: {heard}");
    }
}

#[test]
fn the_libraries_for_standard_webhooks_believe_what_is_delivered() {
    let server = delivering();
    let token = server.tenant("Acme").admin_token();
    let send = |method: &str, path: &str, body: &Value| server.request(method, path).bearer(&token).json(body).send();
    let libraries: [fn(&str, &str) -> Receiver; 2] = [Receiver::standard_from_npm, Receiver::standard_from_pypi];
    for (make, email) in libraries.into_iter().zip(["one@example.com", "two@example.com"]) {
        let mut receiver = listening(send, "/api/webhooks", |secret| make(secret, ""));
        let lead = create_lead(&server, &token, email);
        assert_eq!(receiver.hears()["data"]["id"], lead["id"]);
    }
}
