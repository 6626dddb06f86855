//! A server with one record behind every `{id}` of one tenant, and every credential that anybody could come with.

use std::time::Duration;

use crm_domain::{
    control::{
        api_key::{ApiKeyDraft, KeyFamily},
        user::Role,
    },
    tenant::TenantReader,
};
use crm_http::{RouteInfo, families::Credential};
use crm_tests::{
    database::Backend,
    http::Answer,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::json;

/// A kind of credential: what it is called, and which headers it consists of.
pub struct Presented {
    /// In the snapshot.
    pub name: String,
    headers: Vec<(&'static str, String)>,
    /// Whether it is in force for routes that ask for this.
    pub good_for: Option<Credential>,
    /// Whether it may do less than an Admin's.
    pub limited: bool,
}

impl Presented {
    fn new(name: impl Into<String>, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            name: name.into(),
            headers,
            good_for: None,
            limited: false,
        }
    }

    fn key(name: impl Into<String>, text: &str) -> Self {
        Self::new(name, vec![("x-api-key", text.to_owned())])
    }

    fn bearer(name: impl Into<String>, token: &str) -> Self {
        Self::new(name, vec![("authorization", format!("Bearer {token}"))])
    }

    fn good_for(self, credential: Credential) -> Self {
        Self {
            good_for: Some(credential),
            ..self
        }
    }
}

/// The path of a route with the id of the first tenant's record, which no other tenant has.
pub fn path_of(route: &RouteInfo) -> String {
    let noun = route.template.split("/{id}").next().unwrap_or_default();
    let id = match noun {
        "/api/v1/external/accounts" => "ACT-00003",
        "/api/v1/external/opportunities" => "OPP-00003",
        "/api/companies" => "company_3",
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
            assert!(!template.contains('{'), "{template} needs an id in {}", file!());
            ""
        }
    };
    route
        .template
        .replace("{id}", id)
        .replace("{stageId}", "stage_7")
        .replace("{commentId}", "comment_1")
        .replace("{tag}", "tag_3")
}

/// Every route, the one that ends the caller's session last.
pub fn routes() -> Vec<RouteInfo> {
    let mut routes = crm_http::routes();
    routes.sort_by_key(|route| route.template == "/api/auth/logout");
    routes
}

/// A server whose first tenant has a record behind every id.
pub fn server() -> Server {
    // A stream has no end that a test could wait for.
    let server = Server::with(Backend::Sqlite, |settings| settings.change_streams.per_tenant = 0);
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
    let webhook = json!({ "url": "https://example.com/hook", "events": ["*"] });
    server.post("/api/webhooks").bearer(&token).json(&webhook).expect(201);
    server
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
    all
}

fn keys(tenant: &TestTenant) -> Vec<Presented> {
    let mut all = Vec::new();
    for family in KeyFamily::ALL {
        let (name, key) = (family.as_str(), tenant.key(family).text);
        all.push(Presented::bearer(format!("{name} key as token"), &key));
        if family != KeyFamily::HealthTrixss {
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
