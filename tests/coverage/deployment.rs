//! A server with one record behind every `{id}` of one tenant, and every credential that anybody could come with.

use std::{cell::RefCell, time::Duration};

use crm_domain::{
    control::{
        api_key::{ApiKeyDraft, KeyFamily},
        user::{Role, User},
    },
    enrichment::ProfileUrl,
    id::{ContactId, RecordId, TagId, WebhookId, uuid_of},
    tenant::TenantReader,
    usecase::enrich::{self, Subject},
};
use crm_http::{RouteInfo, families::Credential};
use crm_tests::{
    database::Backend,
    http::Answer,
    server::Server,
    tenant::{PASSWORD, TestTenant, set},
};
use serde_json::json;

/// A kind of credential: what it is called, and which headers it consists of.
pub struct Presented {
    /// In the snapshot.
    pub name: String,
    headers: Vec<(&'static str, String)>,
    /// What the routes ask for for which it is in force.
    pub good_for: Vec<Credential>,
    /// Whether it may do less than an Admin's.
    pub limited: bool,
}

impl Presented {
    fn new(name: impl Into<String>, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            name: name.into(),
            headers,
            good_for: Vec::new(),
            limited: false,
        }
    }

    fn key(name: impl Into<String>, text: &str) -> Self {
        Self::new(name, vec![("x-api-key", text.to_owned())])
    }

    fn bearer(name: impl Into<String>, token: &str) -> Self {
        Self::new(name, vec![("authorization", format!("Bearer {token}"))])
    }

    fn good_for(mut self, credential: Credential) -> Self {
        self.good_for.push(credential);
        self
    }
}

/// Uuids of the first tenant's records, which are others in each deployment.
#[derive(Debug, Clone, Default)]
pub struct Uuids {
    pub contact: String,
    pub tag: String,
    pub key: String,
    pub lookup: String,
    pub import: String,
    pub webhook: String,
    pub elevate_key: String,
    pub elevate_tenant: String,
}

thread_local! {
    static UUIDS: RefCell<Uuids> = RefCell::default();
}

/// Those of the deployment that this thread made last.
pub fn uuids() -> Uuids {
    UUIDS.with_borrow(Clone::clone)
}

/// The path of a route with the id of the first tenant's record, which no other tenant has.
pub fn path_of(route: &RouteInfo) -> String {
    let noun = route.template.split("/{id}").next().unwrap_or_default();
    let uuids = uuids();
    let id = match noun {
        "/api/v1/contacts" => &uuids.contact,
        "/api/v1/tags" => &uuids.tag,
        "/api/v1/enrichment/jobs" => &uuids.lookup,
        "/api/api-keys" => &uuids.key,
        "/api/import" => &uuids.import,
        "/api/external/webhooks" | "/api/external/webhooks/test" => &uuids.webhook,
        "/api/external/api-keys" => &uuids.elevate_key,
        "/api/v1/prospects" | "/api/v1/prospects/convert" => "2",
        "/api/v1/opportunities" => "3",
        "/api/v1/external/accounts" => "ACT-00003",
        "/api/v1/external/opportunities" => "OPP-00003",
        "/api/companies" => "company_3",
        // Family D's, among family C's.
        "/api/contacts" if route.family == "contacts" => &uuids.contact,
        "/api/contacts" => "contact_3",
        "/api/leads" => "lead_3",
        "/api/deals" => "deal_3",
        "/api/pipelines" => "pipeline_2",
        "/api/activities" => "activity_3",
        "/api/tasks" => "task_3",
        "/api/tickets" => "ticket_3",
        "/api/sla-policies" => "sla_policy_3",
        "/api/partners" => "partner_3",
        "/api/custom-fields" => "custom_field_3",
        "/api/tags" => "tag_3",
        "/api/users" => "user_1",
        "/api/merges" => "merge_1",
        "/api/invitations" => "invitation_1",
        "/api/webhooks" => "webhook_1",
        "/api/admin/api-keys" => "key_3",
        // Whoever adds a noun says here which record of the first tenant its routes are tried with.
        _ => {
            let template = route.template;
            let is_named = template.contains("{companyName}");
            assert!(is_named || !template.contains('{'), "{template} needs an id in {}", file!());
            ""
        }
    };
    // Who manages keys says of which tenant.
    let tenant = if noun == "/api/external/api-keys" {
        format!("?tenant_id={}", uuids.elevate_tenant)
    } else {
        String::new()
    };
    route
        .template
        .replace("{id}", id)
        .replace("{stageId}", "stage_7")
        .replace("{commentId}", "comment_1")
        .replace("{deliveryId}", "delivery_1")
        .replace("{tag}", "tag_3")
        .replace("{tagId}", &uuids.tag)
        .replace("{companyName}", "Acme's%20customer%201")
        + &tenant
}

/// Every route, those that end the caller's session last.
pub fn routes() -> Vec<RouteInfo> {
    let mut routes = crm_http::routes();
    let last = ["/api/settings/delete-account", "/api/auth/logout", "/api/logout"];
    routes.sort_by_key(|route| last.iter().position(|template| *template == route.template));
    routes
}

/// A session's cookie of a user, as a browser sends it.
pub fn cookie(server: &Server, user: &User) -> String {
    let email = user.email.as_ref().expect("a user who can sign in").as_str();
    let answer = server
        .post("/api/login")
        .json(&json!({ "email": email, "password": PASSWORD }))
        .expect(200);
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().expect("a pair").to_owned()
}

/// A server whose first tenant has a record behind every id.
pub fn server() -> Server {
    // A stream has no end that a test could wait for, and a job should do nothing meanwhile.
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.change_streams.per_tenant = 0;
        settings.jobs.parallel = 0;
    });
    let acme = server.tenant("Acme");
    let token = acme.admin_token();
    for number in 1..=3 {
        let account = acme.account(&format!("Acme's customer {number}"));
        acme.opportunity(&format!("Acme's deal {number}"), Some(&account));
        acme.contact("Acme", &format!("contact{number}@acme.test"), "1");
        for (path, body) in [
            (
                "/api/leads",
                json!({ "firstName": "Acme's", "lastName": "Lead", "email": format!("lead{number}@acme.test") }),
            ),
            ("/api/activities", json!({ "type": "note", "subject": "Acme's note" })),
            ("/api/tasks", json!({ "title": "Acme's task" })),
            ("/api/tickets", json!({ "subject": "Acme's ticket" })),
            ("/api/partners", json!({ "name": format!("Acme's partner {number}") })),
            ("/api/tags", json!({ "name": format!("Acme's tag {number}") })),
            (
                "/api/custom-fields",
                json!({ "entity": "leads", "key": format!("acme{number}"), "label": "Acme's field", "type": "text" }),
            ),
            (
                "/api/sla-policies",
                json!({ "name": format!("Acme's policy {number}"), "appliesTo": "Ticket", "firstResponseMinutes": 60, "resolutionMinutes": 480 }),
            ),
        ] {
            server.post(path).bearer(&token).json(&body).expect(201);
        }
        acme.key(KeyFamily::Contacts);
        acme.key(KeyFamily::Elevate);
    }
    // The other tenants have a first pipeline too, but no second one.
    let pipelines = server.post("/api/pipelines").bearer(&token);
    pipelines.json(&json!({ "name": "Acme's pipeline" })).expect(201);
    let comments = server.post("/api/tickets/ticket_3/comments").bearer(&token);
    comments.json(&json!({ "body": "Acme's comment" })).expect(201);
    let merge = server.post("/api/contacts/contact_1/merge").bearer(&token);
    merge.json(&json!({ "ids": ["contact_2"] })).expect(200);
    let invitation = json!({ "email": "guest@acme.test" });
    let invited = server.post("/api/invitations").bearer(&token).json(&invitation);
    invited.expect(201);
    let webhook = json!({ "url": "https://receiver.invalid/hook", "events": ["*"] });
    server.post("/api/webhooks").bearer(&token).json(&webhook).expect(201);
    // It leads nowhere, which is recorded.
    server.post("/api/webhooks/webhook_1/test").bearer(&token).expect(200);
    let lead = server.post("/api/leads/lead_2/convert").bearer(&token);
    lead.json(&json!({ "createDeal": false })).expect(200);
    let key = acme.key(KeyFamily::Elevate).text;
    server.post("/api/external/webhooks").key(&key).json(&webhook).expect(201);
    UUIDS.set(uuids_of(&server, &acme));
    server
}

fn uuids_of(server: &Server, acme: &TestTenant<'_>) -> Uuids {
    let (contact, tag, webhook) = acme.read(|reader| {
        let contact = reader.contacts().lookup(ContactId::from_i64(3))?;
        let webhook = reader.webhooks().lookup(WebhookId::from_i64(2))?;
        Ok((contact, reader.tags().lookup(TagId::from_i64(3))?, webhook))
    });
    let (tenant, admin) = (acme.tenant.id, acme.admin.id);
    let keys = server
        .control()
        .reading(|reader| reader.api_keys().list_of_user(tenant, admin, KeyFamily::Contacts));
    let key = keys.expect("the keys").pop().expect("a key");
    let elevate = server
        .control()
        .reading(|reader| reader.api_keys().list_of_user(tenant, admin, KeyFamily::Elevate));
    let elevate = elevate.expect("the keys").pop().expect("a key");
    let lookup = acme.write(move |unit| {
        let person = ProfileUrl::parse("https://linkedin.com/in/acme").expect("a profile");
        let subject = Subject { person, contact: None };
        enrich::job::note(unit, &subject, admin, "contacts", None, Err("Acme's".to_owned()))
    });
    Uuids {
        lookup: lookup.uuid.to_string(),
        contact: contact.expect("a contact").uuid.to_string(),
        tag: tag.expect("a tag").uuid.to_string(),
        key: uuid_of(key.id, key.created_at).to_string(),
        import: import(server, acme),
        webhook: webhook.expect("a webhook").uuid.to_string(),
        elevate_key: uuid_of(elevate.id, elevate.created_at).to_string(),
        elevate_tenant: acme.tenant.uuid.to_string(),
    }
}

/// The id of an import.
fn import(server: &Server, acme: &TestTenant<'_>) -> String {
    let form = "--x\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"x.csv\"\r\n\r\nName\nAcme's\n\r\n--x--\r\n";
    let request = server.post("/api/import").header("cookie", cookie(server, &acme.admin));
    let answer = request
        .header("content-type", "multipart/form-data; boundary=x")
        .body(form)
        .expect(200);
    answer.json()["jobId"].as_str().expect("an id").to_owned()
}

/// Every credential; none of them stops to be what it is while the others are tried.
pub fn credentials(server: &Server) -> Vec<Presented> {
    let (own, other) = (server.tenant("Bolt"), server.tenant("Gamma"));
    let mut all = vec![
        Presented::new("nothing", vec![]),
        Presented::key("garbage as key", "garbage"),
        Presented::bearer("garbage as token", "garbage"),
        Presented::new("basic authentication", vec![("authorization", "Basic YWRhOmFkYQ==".to_owned())]),
        Presented::new("garbage as cookie", vec![("cookie", "session=garbage".to_owned())]),
    ];
    all.extend(keys(&own));
    all.extend(tokens(server, &own));
    // Another tenant's credentials are good ones, elsewhere: every id that is tried is the first tenant's.
    let stranger = other.admin_token();
    all.push(Presented::bearer("JWT of another tenant", &stranger).good_for(Credential::Jwt));
    for role in [Role::Manager, Role::User] {
        let token = other.login(&other.user(role)).token;
        let limited = Presented::bearer(format!("JWT of another tenant's {role:?}"), &token).good_for(Credential::Jwt);
        all.push(Presented { limited: true, ..limited });
    }
    let key = other.key(KeyFamily::HealthTrixss).text;
    all.push(Presented::key("health_trixss key of another tenant", &key).good_for(Credential::ApiKeyHeader));
    let key = other.key(KeyFamily::Contacts).text;
    all.push(Presented::bearer("contacts key of another tenant as token", &key).good_for(Credential::ScopedKey));
    let header = Presented::key("contacts key of another tenant", &key).good_for(Credential::ScopedKey);
    all.push(header.good_for(Credential::ScopedKeyHeader));
    let key = other.key(KeyFamily::Elevate).text;
    all.push(Presented::key("elevate key of another tenant", &key).good_for(Credential::PermittedKey));
    let key = other.key(KeyFamily::Halopsa).text;
    all.push(Presented::bearer("halopsa key of another tenant as token", &key).good_for(Credential::BearerKey));
    let session = vec![("cookie", cookie(server, &other.admin))];
    all.push(Presented::new("cookie of another tenant", session).good_for(Credential::Session));
    all
}

fn keys(tenant: &TestTenant) -> Vec<Presented> {
    let mut all = Vec::new();
    for family in KeyFamily::ALL {
        let (name, key) = (family.as_str(), tenant.key(family).text);
        // Those are tried as another tenant's.
        if ![KeyFamily::Contacts, KeyFamily::Halopsa].contains(&family) {
            all.push(Presented::bearer(format!("{name} key as token"), &key));
        }
        if family == KeyFamily::Halopsa {
            all.push(Presented::key(format!("{name} key"), &key));
        }
        let revoked = tenant.key(family);
        tenant.revoke(&revoked);
        all.push(Presented::key(format!("revoked {name} key"), &revoked.text));
    }
    all
}

fn tokens(server: &Server, tenant: &TestTenant) -> Vec<Presented> {
    let soon_over = tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            expires_at: set(server.now().plus(Duration::from_secs(60)).to_millisecond_precision()),
            ..ApiKeyDraft::default()
        },
    );
    let expired = tenant.admin_token();
    server.advance(Duration::from_secs(3_601));
    let ended = tenant.admin_token();
    server.post("/api/auth/logout").bearer(&ended).expect(204);
    let dismissed = tenant.user(Role::Admin);
    let of_dismissed = tenant.login(&dismissed).token;
    tenant.change_user(&dismissed, |user| user.is_active = false);
    let good = tenant.login(&tenant.admin);
    vec![
        Presented::key("expired health_trixss key", &soon_over.text),
        Presented::bearer("expired JWT", &expired),
        Presented::bearer("JWT of an ended session", &ended),
        Presented::bearer("JWT of a deactivated user", &of_dismissed),
        Presented::bearer("JWT with a changed signature", &changed_signature(&good.token)),
        Presented::bearer("JWT without a signature", &unsigned(&good.token)),
        Presented::bearer("refresh token as token", &good.refresh_token),
        Presented::key("JWT as key", &good.token),
        Presented::new("JWT without its scheme", vec![("authorization", good.token.clone())]),
        Presented::new("JWT as cookie", vec![("cookie", format!("session={}", good.token))]),
    ]
}

fn changed_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a JWT");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{other}{}", &signature[1..])
}

/// The same claims under `alg: none`.
fn unsigned(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = token.split('.').nth(1).expect("a JWT");
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
}

/// Sends a route's method to its path.
pub fn send(server: &Server, method: &str, path: &str, presented: &Presented) -> Answer {
    let mut request = server.request(method, path);
    for (name, value) in &presented.headers {
        request = request.header(name, value);
    }
    match method {
        "POST" | "PUT" | "PATCH" => request.json(&json!({})).send(),
        _ => request.send(),
    }
}

/// What the first tenant has, to see that nobody else touched it.
pub fn first_tenants_records(server: &Server) -> (u64, u64, usize) {
    let tenants = server.control().reading(|reader| reader.tenants().list()).expect("the tenants");
    let store = server.tenants().open(&tenants[0]).expect("the first tenant");
    let count = |reader: &mut dyn TenantReader| {
        let window = crm_domain::page::Window::first(1);
        let accounts = reader.accounts().list(&Default::default(), Default::default(), &window)?.total;
        let opportunities = reader.opportunities().list(&Default::default(), Default::default(), &window)?.total;
        Ok((accounts, opportunities, reader.changes().list_after(0, u32::MAX)?.len()))
    };
    store.reading(count).expect("its records")
}
