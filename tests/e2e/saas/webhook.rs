//! Webhooks (contract C-95 … C-101, X-87, X-100, X-110).

use std::fs;

use crm_domain::{
    clock::SystemEntropy,
    control::user::Role,
    field::{Check, Patch},
    sealing::{Sealer, Vault},
    tenant::webhook::{self, Targets, WebhookDraft, WebhookFamily, WebhookFields, WebhookRules},
};
use crm_tests::{
    database::Backend,
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{create, details, fields, ids, refusal, text};

each_server! {
    a_webhook_round_trips,
    a_webhook_needs_a_url_and_events,
    an_update_changes_what_it_names,
    lists_show_webhooks_of_every_family,
    a_url_is_registered_once,
    a_repeated_registration_makes_no_second_webhook,
}

const PATH: &str = "/api/webhooks";

fn item(webhook: &Value) -> String {
    format!("{PATH}/{}", text(&webhook["id"]))
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "events": ["lead.created"] })
}

// C-95, C-96, C-97, C-98, C-99, C-101
fn a_webhook_round_trips(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let sent = json!({
        "url": "https://Example.com/webhooks/crm?tenant=ä",
        "events": ["deal.won", "lead.created"],
        "description": "Zapier 🚀",
        "isActive": false,
        "secret": "a secret of our own",
        "headers": { "Authorization": "Bearer abc", "X-Custom-Header": "value" },
    });
    let answer = server.post(PATH).bearer(&login.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut expected = sent;
    for (member, value) in [
        ("id", json!("webhook_1")),
        ("family", json!("saas")),
        ("disabledReason", Value::Null),
        ("failingSince", Value::Null),
        ("previousSecretUntil", Value::Null),
        ("createdAt", json!("2025-01-15T10:00:00Z")),
        ("updatedAt", json!("2025-01-15T10:00:00Z")),
        ("createdBy", json!(login.user_id)),
        ("tenantId", json!(login.tenant_id)),
    ] {
        expected[member] = value;
    }
    assert_eq!(made, expected);
    // From now on nobody sees the secret.
    expected.as_object_mut().unwrap().remove("secret");
    let read = server.get(&item(&made)).bearer(&login.token).expect(200);
    assert_eq!(read.json(), expected);
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(server.get(PATH).bearer(&login.token).expect(200).json()["items"], json!([expected]));
    let put = server.put(&item(&made)).bearer(&login.token).json(&json!({ "isActive": true }));
    expected["isActive"] = json!(true);
    assert_eq!(put.expect(200).json(), expected);
    server.delete(&item(&made)).bearer(&login.token).expect(204);
    refusal(server, &server.get(&item(&made)).bearer(&login.token).send(), 404, "NOT_FOUND");
    refusal(server, &server.delete(&item(&made)).bearer(&login.token).send(), 404, "NOT_FOUND");
}

fn a_webhook_needs_a_url_and_events(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &token, PATH, &json!({ "url": "https://example.com", "events": ["*"] }));
    assert_eq!(
        (&made["isActive"], &made["description"], &made["headers"], &made["events"]),
        (&json!(true), &Value::Null, &json!({}), &json!(["*"]))
    );
    assert!(text(&made["secret"]).starts_with("whsec_") && text(&made["secret"]).len() == 50);
    let nulls = json!({
        "url": "https://example.com/2", "events": ["deal.won"], "secret": null, "headers": null, "description": null, "isActive": null,
    });
    let second = create(server, &token, PATH, &nulls);
    assert_ne!(second["secret"], made["secret"]);
    let refused = |body: Value| {
        refusal(
            server,
            &server.post(PATH).bearer(&token).json(&body).send(),
            422,
            "VALIDATION_ERROR",
        )
    };
    assert_eq!(
        details(&refused(json!({}))),
        [("events", "Events is required"), ("url", "Url is required")]
    );
    assert_eq!(fields(&refused(json!({ "url": "https://example.com", "events": [] }))), ["events"]);
    // Every wrong field is told at once.
    let wrong = json!({
        "url": "http://169.254.169.254/latest", "events": ["deal.won", "deal.eaten"], "secret": "short", "isActive": "yes",
        "headers": { "Host": "evil" }, "description": 7,
    });
    let error = refused(wrong);
    assert_eq!(fields(&error), ["description", "events", "headers", "isActive", "secret", "url"]);
    let events = details(&error)[1].1;
    assert!(
        events.contains("deal.stage_changed") && events.contains("handoff.completed") && events.contains('*'),
        "{events}"
    );
    let wrong_types = json!({ "url": 1, "events": "*", "secret": 1, "headers": { "X-A": 1 } });
    assert_eq!(fields(&refused(wrong_types)), ["events", "headers", "secret", "url"]);
}

//
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let mut body = hook("https://example.com/1");
    body["headers"] = json!({ "X-A": "1", "X-B": "2" });
    body["description"] = json!("First");
    let made = create(server, &token, PATH, &body);
    let put = |body: Value| server.put(&item(&made)).bearer(&token).json(&body).send();
    let changed = put(json!({ "events": ["*"] })).expect(200).json();
    assert_eq!(
        (&changed["events"], &changed["headers"], &changed["description"]),
        (&json!(["*"]), &body["headers"], &body["description"])
    );
    let replaced = put(json!({ "headers": { "X-C": "3" }, "description": null })).expect(200).json();
    assert_eq!(
        (&replaced["headers"], &replaced["description"]),
        (&json!({ "X-C": "3" }), &Value::Null)
    );
    assert_eq!(put(json!({ "headers": null })).expect(200).json()["headers"], json!({}));
    let rotated = put(json!({ "secret": "another secret of ours" })).expect(200).json();
    assert_eq!(rotated["secret"], Value::Null, "a secret is shown at creation alone");
    for (body, field) in [
        (json!({ "url": null }), "url"),
        (json!({ "url": "https://localhost/" }), "url"),
        (json!({ "events": null }), "events"),
        (json!({ "events": ["opportunity.won"] }), "events"),
        (json!({ "secret": null }), "secret"),
        (json!({ "headers": { "X-A": "a\r\nHost: evil" } }), "headers"),
    ] {
        assert_eq!(fields(&refusal(server, &put(body), 422, "VALIDATION_ERROR")), [field]);
    }
    // What is read is sent back as a whole.
    let whole = server.get(&item(&made)).bearer(&token).expect(200).json();
    assert_eq!(put(whole.clone()).expect(200).json(), whole);
}

// C-100, B-60, E-50
fn lists_show_webhooks_of_every_family(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    create(server, &token, PATH, &hook("https://example.com/saas"));
    register(
        server,
        &tenant,
        WebhookFamily::Halopsa,
        "https://example.com/halopsa",
        "opportunity.won",
    );
    register(server, &tenant, WebhookFamily::Elevate, "https://example.com/elevate", "*");
    let list = |query: &str| server.get(&format!("{PATH}{query}")).bearer(&token).expect(200).json();
    let all = list("?pageSize=2");
    assert_eq!(
        (&all["totalCount"], &all["totalPages"], &all["hasNextPage"]),
        (&json!(3), &json!(2), &json!(true))
    );
    for (query, expected) in [
        ("?sortBy=updatedAt&sortOrder=desc", &["webhook_3", "webhook_2", "webhook_1"][..]),
        ("?sortBy=family", &["webhook_3", "webhook_2", "webhook_1"]),
        ("?filter[family]=halopsa", &["webhook_2"]),
        ("?filter[isActive]=true&pageSize=1&page=2", &["webhook_2"]),
        ("?filter[isActive]=false", &[]),
        ("?deleted=true", &[]),
    ] {
        assert_eq!(ids(&list(query)), expected, "{query}");
    }
    let sparse = list("?fields=url,headers&pageSize=1")["items"].clone();
    assert_eq!(
        sparse,
        json!([{ "id": "webhook_1", "url": "https://example.com/saas", "headers": {} }])
    );
    // It keeps its family, whose words its events are.
    let second = format!("{PATH}/webhook_2");
    let read = server.get(&second).bearer(&token).expect(200).json();
    assert_eq!((&read["family"], &read["events"]), (&json!("halopsa"), &json!(["opportunity.won"])));
    let put = |body: Value| server.put(&second).bearer(&token).json(&body).send();
    assert_eq!(
        put(json!({ "events": ["prospect.qualified"], "family": "saas" }))
            .expect(200)
            .json()["family"],
        "halopsa"
    );
    assert_eq!(
        fields(&refusal(server, &put(json!({ "events": ["deal.won"] })), 422, "VALIDATION_ERROR")),
        ["events"]
    );
}

/// Registers a webhook as another family would.
fn register(server: &Server, tenant: &TestTenant<'_>, family: WebhookFamily, url: &str, event: &str) {
    let sealer = Sealer::new(sealing_key(server), &[], std::sync::Arc::new(SystemEntropy));
    let rules = WebhookRules {
        targets: Targets::Public,
        vault: Vault::new(std::sync::Arc::new(sealer), tenant.tenant.id),
    };
    let draft = WebhookDraft {
        url: set(url),
        events: Patch::Set(vec![event.to_owned()]),
        ..WebhookDraft::default()
    };
    let (fields, _) = WebhookFields::parse(draft, family, &rules, &SystemEntropy, Check::new()).unwrap();
    tenant.write(move |unit| webhook::create(unit, fields));
}

/// The deployment's, from its file.
fn sealing_key(server: &Server) -> [u8; 32] {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let kept: Value = serde_json::from_str(&fs::read_to_string(server.data_dir().join("secrets")).unwrap()).unwrap();
    STANDARD.decode(text(&kept["sealing"])).unwrap().try_into().unwrap()
}

//
fn a_url_is_registered_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &token, PATH, &hook("https://example.com/hook"));
    let other = create(server, &token, PATH, &hook("https://example.com/other"));
    for url in ["https://example.com/hook", "https://EXAMPLE.com.:443/x/../hook"] {
        let answers = [
            server.post(PATH).bearer(&token).json(&hook(url)).send(),
            server.put(&item(&other)).bearer(&token).json(&hook(url)).send(),
        ];
        for answer in answers {
            refusal(server, &answer, 409, "DUPLICATE");
        }
    }
    server.delete(&item(&made)).bearer(&token).expect(204);
    create(server, &token, PATH, &hook("https://example.com/hook"));
}

fn a_repeated_registration_makes_no_second_webhook(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let post = |url: &str, key: &str| {
        server
            .post(PATH)
            .bearer(&token)
            .header("idempotency-key", key)
            .json(&hook(url))
            .send()
    };
    let made = post("https://example.com/1", "one").expect(201).json();
    let error = refusal(server, &post("https://example.com/1", "one"), 409, "DUPLICATE");
    assert!(text(&error["message"]).contains("shown only once"), "{error}");
    refusal(server, &post("https://example.com/2", "one"), 422, "VALIDATION_ERROR");
    // A refused registration took no effect: its key may be used again.
    refusal(server, &post("https://example.com/1", "two"), 409, "DUPLICATE");
    server.delete(&item(&made)).bearer(&token).expect(204);
    post("https://example.com/1", "two").expect(201);
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 1);
}

#[test]
fn what_authorises_deliveries_is_shown_to_whom_may_change_it() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let [user, manager, admin] = Role::ALL.map(|role| tenant.login(&tenant.user(role)).token);
    let mut body = hook("https://example.com/hook");
    body["headers"] = json!({ "Authorization": "Bearer abc" });
    let made = create(&server, &admin, PATH, &body);
    for (token, shown) in [(&admin, json!("Bearer abc")), (&manager, Value::Null), (&user, Value::Null)] {
        let one = server.get(&item(&made)).bearer(token).expect(200).json();
        let list = server.get(PATH).bearer(token).expect(200).json();
        for webhook in [&one, &list["items"][0]] {
            assert_eq!(webhook["headers"], json!({ "Authorization": shown }));
        }
    }
    for token in [&manager, &user] {
        let answers = [
            server.post(PATH).bearer(token).json(&hook("https://example.com/mine")).send(),
            server.put(&item(&made)).bearer(token).json(&json!({ "isActive": false })).send(),
            server.delete(&item(&made)).bearer(token).send(),
        ];
        for answer in answers {
            refusal(&server, &answer, 403, "PERMISSION_DENIED");
        }
    }
}

// webhook secrets are recoverable by the server, by nobody else
#[test]
fn secrets_and_headers_lie_nowhere_in_the_clear() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let mut body = hook("https://example.com/hook");
    body["secret"] = json!("Zanzibar's own secret");
    body["headers"] = json!({ "Authorization": "Bearer Timbuktu" });
    let post = server.post(PATH).bearer(&token).header("idempotency-key", "one").json(&body);
    let made = post.expect(201).json();
    server
        .put(&item(&made))
        .bearer(&token)
        .json(&json!({ "secret": "Zanzibar's other secret" }))
        .expect(200);
    server.flush_log();
    let changes = server.get("/api/changes").bearer(&token).expect(200);
    let changes = changes.text();
    assert!(
        changes.contains("webhook_1") && !changes.contains("Zanzibar") && !changes.contains("Timbuktu"),
        "{changes}"
    );
    let mut seen = 0;
    let mut folders = vec![server.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            seen += usize::from(holds("example.com/hook"));
            assert!(!holds("Zanzibar") && !holds("Timbuktu"), "{}", path.display());
        }
    }
    assert!(seen > 0, "the webhook itself is there");
}

#[test]
fn the_sealing_key_can_be_replaced() {
    let server = Server::sqlite();
    let email = server.tenant("Acme").admin.email.unwrap();
    let token = server.login(email.as_str(), crm_tests::tenant::PASSWORD).token;
    let mut body = hook("https://example.com/hook");
    body["headers"] = json!({ "X-A": "kept" });
    let made = create(&server, &token, PATH, &body);
    let file = server.data_dir().join("secrets");
    let change = |change: &dyn Fn(&mut Value)| {
        let mut kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        change(&mut kept);
        fs::write(&file, kept.to_string()).unwrap();
    };
    let fresh = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let server = server.restart_after(|| {
        change(&|kept| {
            kept["retired_sealing"] = json!([kept["sealing"]]);
            kept["sealing"] = json!(fresh);
        });
    });
    let read = || server.get(&item(&made)).bearer(&token).send();
    assert_eq!(read().expect(200).json()["headers"]["X-A"], "kept");
    // What is written from now on needs the new key alone.
    let put = json!({ "headers": { "X-A": "new" }, "secret": "a secret of our own" });
    server.put(&item(&made)).bearer(&token).json(&put).expect(200);
    let server = server.restart_after(|| change(&|kept| kept["retired_sealing"] = json!([])));
    let read = server.get(&item(&made)).bearer(&token).expect(200).json();
    assert_eq!(read["headers"]["X-A"], "new");
    // Without the key that sealed it, nothing is made up.
    let server = server.restart_after(|| change(&|kept| kept["sealing"] = json!("BBECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")));
    for path in [item(&made), PATH.to_owned()] {
        refusal(&server, &server.get(&path).bearer(&token).send(), 500, "INTERNAL_ERROR");
    }
}

//
#[test]
fn private_targets_are_for_deployments_that_allow_them() {
    let urls = [
        "http://127.0.0.1:9000/hook",
        "https://localhost/",
        "http://example.com/",
        "https://[::1]/",
    ];
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for url in urls {
        let error = refusal(
            &server,
            &server.post(PATH).bearer(&token).json(&hook(url)).send(),
            422,
            "VALIDATION_ERROR",
        );
        assert_eq!(fields(&error), ["url"], "{url}");
    }
    let server = Server::with(Backend::Sqlite, |settings| settings.webhooks.allow_private_targets = true);
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for url in urls {
        assert_eq!(create(&server, &token, PATH, &hook(url))["url"], url);
    }
}
