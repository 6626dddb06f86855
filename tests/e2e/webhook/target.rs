//! Where webhooks may lead, judged when they are registered and changed (contract X-23).

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{
    database::Backend,
    each_server,
    http::Request,
    server::Server,
    tenant::{TestKey, TestTenant},
};
use serde_json::{Value, json};

each_server! {
    a_name_that_leads_here_is_refused,
    a_webhook_is_not_moved_to_a_name_that_leads_here,
    what_a_webhook_has_is_not_judged_again,
}

const PRIVATE: &str = "must not lead to a loopback, private or special address";
const URL: &str = "https://receiver.example/hook";

/// Both families that register webhooks.
struct Desk<'s> {
    server: &'s Server,
    token: String,
    key: TestKey,
}

impl<'s> Desk<'s> {
    fn new(server: &'s Server) -> Self {
        let tenant: TestTenant<'s> = server.tenant("Acme");
        let (token, key) = (tenant.admin_token(), tenant.key(KeyFamily::Elevate));
        Self { server, token, key }
    }

    fn saas(&self, method: &str, path: &str, body: &Value) -> Request<'s> {
        let request = self.server.request(method, &format!("/api/webhooks{path}"));
        request.bearer(&self.token).json(body)
    }

    fn elevate(&self, method: &str, path: &str, body: &Value) -> Request<'s> {
        let request = self.server.request(method, &format!("/api/external/webhooks{path}"));
        request.key(&self.key.text).json(body)
    }

    /// Has both families refuse what `ask` asks them.
    #[track_caller]
    fn refused(&self, [saas, elevate]: [Request<'s>; 2], case: &str) {
        let error = saas.expect(422).json();
        let details = &error["error"]["details"];
        assert_eq!(
            (details[0]["field"].as_str(), details.as_array().map(Vec::len)),
            (Some("url"), Some(1)),
            "{case}: {error}"
        );
        assert!(
            details[0]["message"].as_str().is_some_and(|told| told.ends_with(PRIVATE)),
            "{case}: {error}"
        );
        assert_eq!(elevate.expect(400).json(), json!({ "detail": format!("url {PRIVATE}") }), "{case}");
    }
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "events": ["deal.won"] })
}

fn a_name_that_leads_here_is_refused(server: &Server) {
    let desk = Desk::new(server);
    let register = || [desk.saas("POST", "", &hook(URL)), desk.elevate("POST", "", &hook(URL))];
    for answer in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:10.0.0.1"],
        &["169.254.169.254"],
        // One address of several is enough.
        &["8.8.8.8", "192.168.0.1"],
        &["fd00::1", "2606:4700::1111"],
    ] {
        server.names.lead("receiver.example", answer);
        desk.refused(register(), &format!("{answer:?}"));
    }
    // It is told along with what else is wrong.
    let error = desk.saas("POST", "", &json!({ "url": URL, "events": [] })).expect(422).json();
    let fields = ["events", "url"].map(|field| json!(field));
    assert_eq!([0, 1].map(|place| error["error"]["details"][place]["field"].clone()), fields);
    server.names.lead("receiver.example", &["8.8.8.8", "2606:4700::1111"]);
    desk.saas("POST", "", &hook(URL)).expect(201);
    // A name may be made after its webhook.
    desk.elevate("POST", "", &hook("https://not-yet.example/hook")).expect(201);
}

fn a_webhook_is_not_moved_to_a_name_that_leads_here(server: &Server) {
    let desk = Desk::new(server);
    server.names.lead("receiver.example", &["8.8.8.8"]);
    let own = desk.saas("POST", "", &hook(URL)).expect(201).json();
    let theirs = desk.elevate("POST", "", &hook("https://receiver.example/other")).expect(201).json();
    let [own, theirs] = [own, theirs].map(|made| format!("/{}", made["id"].as_str().unwrap()));
    server.names.lead("inside.example", &["10.0.0.1"]);
    let inside = json!({ "url": "https://inside.example/hook" });
    desk.refused([desk.saas("PUT", &own, &inside), desk.elevate("PUT", &theirs, &inside)], "inside");
    let read = desk.saas("GET", &own, &json!({})).expect(200).json();
    assert_eq!(read["url"], URL);
    server.names.lead("inside.example", &["2606:4700::1111"]);
    desk.saas("PUT", &own, &inside).expect(200);
    desk.elevate("PUT", "/00000000-0000-7000-8000-000000000000", &inside).expect(404);
    desk.saas("PUT", "/webhook_999", &inside).expect(404);
}

fn what_a_webhook_has_is_not_judged_again(server: &Server) {
    let desk = Desk::new(server);
    let made = desk.saas("POST", "", &hook(URL)).expect(201).json();
    server.names.lead("receiver.example", &["127.0.0.1"]);
    let put = json!({ "url": URL, "description": "moved" });
    let item = format!("/{}", made["id"].as_str().unwrap());
    assert_eq!(desk.saas("PUT", &item, &put).expect(200).json()["description"], "moved");
}

#[test]
fn a_deployment_may_allow_them() {
    let server = Server::with(Backend::Sqlite, |settings| settings.webhooks.allow_private_targets = true);
    let desk = Desk::new(&server);
    server.names.lead("receiver.example", &["127.0.0.1"]);
    desk.saas("POST", "", &hook(URL)).expect(201);
    desk.elevate("POST", "", &hook("http://receiver.example/other")).expect(201);
}
