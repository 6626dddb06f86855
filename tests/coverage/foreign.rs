//! Two tenants and every route: what names another tenant's record, in the path, the body or the query, finds nothing and changes nothing.
//!
//! The cases follow from the OpenAPI document, which has every registered route: each path parameter, each member of a body and each query
//! parameter that holds an id. Whoever adds one that is not known here says what it refers to.

use std::collections::{BTreeMap, BTreeSet};

use crm_http::{RouteInfo, families::Credential, openapi};
use crm_tests::{
    http::{Answer, Request},
    server::Server,
    tenant::TestTenant,
};
use serde_json::{Value, json};

use super::{
    deployment::{first_tenants_records, path_of, routes, server, uuids},
    methods::Own,
};

/// What each member or parameter that holds ids refers to: a record of the first tenant that the second has not.
const REFERENCES: &[(&str, &str)] = &[
    ("companyId", "company_3"),
    ("contactId", "contact_3"),
    ("dealId", "deal_3"),
    ("entityId", "company_3"),
    ("leadId", "lead_3"),
    ("managerId", "user_1"),
    ("ownerId", "user_1"),
    ("parentId", "company_3"),
    ("pipelineId", "pipeline_2"),
    ("receiverId", "user_1"),
    ("slaPolicyId", "sla_policy_3"),
    // Both tenants have the stages 1 to 6.
    ("stageId", "stage_7"),
    ("stageIds", "stage_7"),
    ("ticketId", "ticket_3"),
    ("userId", "user_1"),
];

/// Members that end like ids but hold none of a record's.
const NO_REFERENCES: &[&str] = &["externalId"];

/// The second tenant's own record behind the paths of a noun whose routes can refer to others.
const OWN: &[(&str, &str)] = &[
    ("/api/companies", "company_1"),
    ("/api/contacts", "contact_1"),
    ("/api/leads", "lead_1"),
    ("/api/deals", "deal_1"),
    ("/api/activities", "activity_1"),
    ("/api/tasks", "task_1"),
    ("/api/tickets", "ticket_1"),
    ("/api/partners", "partner_1"),
    ("/api/pipelines", "pipeline_1"),
    ("/api/users", ""),
];

/// What a body needs besides the reference, by its schema.
fn rest_of(schema: &str) -> Value {
    match schema {
        "saas.CompanyRequest" | "saas.CompanyChanges" | "saas.DealRequest" | "saas.DealChanges" => json!({ "name": "Bolt's" }),
        "saas.LeadRequest" | "saas.LeadChanges" => json!({ "firstName": "Bolt's", "lastName": "Lead", "email": "new@bolt.test" }),
        "saas.Assignment" | "saas.Conversion" | "saas.TicketAssignment" => json!({}),
        "saas.StageOrder" | "saas.DealMove" | "saas.DealReopening" | "saas.HandoffRequest" | "saas.HandoffChanges" => json!({}),
        "saas.ContactRequest" | "saas.ContactChanges" => json!({ "lastName": "Bolt" }),
        "saas.ActivityRequest" | "saas.ActivityChanges" => json!({ "type": "note", "subject": "Bolt's" }),
        "saas.TicketRequest" | "saas.TicketChanges" => json!({ "subject": "Bolt's" }),
        "saas.PartnerRequest" | "saas.PartnerChanges" => json!({ "name": "Bolt's" }),
        "saas.TaskRequest" | "saas.TaskChanges" => json!({ "title": "Bolt's" }),
        "saas.UserRequest" => json!({ "email": "new@bolt.test", "password": "correct horse battery", "name": "New", "role": "User" }),
        "saas.UserChanges" => json!({ "name": "New" }),
        "saas.InvitationRequest" => json!({ "email": "guest@bolt.test", "role": "User" }),
        "contacts.TagAssignment" | "contacts.BulkDeletion" => json!({}),
        "contacts.EnrichmentJobRequest" => json!({ "linkedinUrl": "https://linkedin.com/in/bolt" }),
        other => panic!("{other} refers to records: it needs a body in {}", file!()),
    }
}

/// The second tenant, with a record of each noun that can be referred to.
struct Stranger<'s> {
    server: &'s Server,
    own: Own,
    user: String,
    contact: String,
}

impl<'s> Stranger<'s> {
    fn new(server: &'s Server, tenant: &TestTenant<'_>) -> Self {
        let account = tenant.account("Bolt's customer");
        tenant.opportunity("Bolt's deal", Some(&account));
        let contact = tenant.contact("Bolt", "contact@bolt.test", "1");
        let token = tenant.admin_token();
        for (path, body) in [
            (
                "/api/leads",
                json!({ "firstName": "Bolt's", "lastName": "Lead", "email": "lead@bolt.test" }),
            ),
            ("/api/activities", json!({ "type": "note", "subject": "Bolt's note" })),
            ("/api/tasks", json!({ "title": "Bolt's task" })),
            ("/api/tickets", json!({ "subject": "Bolt's ticket" })),
            ("/api/partners", json!({ "name": "Bolt's partner" })),
        ] {
            server.post(path).bearer(&token).json(&body).expect(201);
        }
        let user = format!("user_{}", tenant.admin.id);
        tenant.opportunity("Bolt's deal in handover", Some(&account));
        let handoff = server.post("/api/deals/deal_2/handoff").bearer(&token);
        handoff.json(&json!({ "receiverId": user })).expect(201);
        Self {
            server,
            own: Own::of(tenant),
            user,
            contact: contact.uuid.to_string(),
        }
    }

    fn request(&self, route: &RouteInfo, path: &str) -> Request<'s> {
        self.own.with(route.credential, self.server.request(route.method.as_str(), path))
    }

    /// The path of a route to a record of its own.
    fn own_path(&self, route: &RouteInfo) -> String {
        if !route.template.contains('{') {
            return route.template.to_owned();
        }
        if route.method == "PUT" && route.template == "/api/deals/{id}/handoff" {
            // Only a deal that is being handed over has one to change.
            return "/api/deals/deal_2/handoff".to_owned();
        }
        let noun = route.template.split("/{id}").next().unwrap_or_default();
        if noun == "/api/v1/contacts" {
            return route.template.replace("{id}", &self.contact);
        }
        let own = OWN.iter().find(|(path, _)| *path == noun);
        let (_, id) = own.unwrap_or_else(|| panic!("{} needs a record of one's own in {}", route.template, file!()));
        let id = if id.is_empty() { &self.user } else { *id };
        route.template.replace("{id}", id)
    }
}

// C-141, X-108
#[test]
fn nothing_finds_or_takes_another_tenants_records() {
    let server = server();
    let tenant = server.tenant("Bolt");
    let stranger = Stranger::new(&server, &tenant);
    let before = first_tenants_records(&server);
    let document = serde_json::to_value(openapi()).unwrap();
    let mut tried = BTreeMap::new();
    for route in routes() {
        // Who is not let in has no tenant; and nobody's session is to end.
        if route.credential == Credential::Open || ["/api/auth/logout", "/api/logout"].contains(&route.template) {
            continue;
        }
        let operation = &document["paths"][route.template][route.method.as_str().to_lowercase()];
        let cases = [
            try_path(&stranger, &route),
            try_query(&stranger, &route, operation),
            try_body(&stranger, &route, operation, &document),
        ];
        for (kind, count) in ["path", "query", "body"].into_iter().zip(cases) {
            *tried.entry(kind).or_insert(0) += count;
        }
    }
    assert_eq!(first_tenants_records(&server), before, "nobody changed anything");
    assert!(tried["path"] >= 10 && tried["query"] >= 5 && tried["body"] >= 8, "{tried:?}");
}

fn try_path(stranger: &Stranger<'_>, route: &RouteInfo) -> usize {
    if !route.template.contains('{') {
        return 0;
    }
    let request = stranger.request(route, &path_of(route));
    let answer = match route.method.as_str() {
        "POST" | "PUT" | "PATCH" => request.json(&json!({})).send(),
        _ => request.send(),
    };
    if route.template.contains("{companyName}") {
        assert_eq!(answer.expect(200).json()["template"], Value::Null);
    } else {
        assert_eq!(answer.status, 404, "{} {}: {answer:?}", route.method, route.template);
    }
    1
}

fn try_query(stranger: &Stranger<'_>, route: &RouteInfo, operation: &Value) -> usize {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = parameters.iter().filter(|parameter| parameter["in"] == "query");
    let names: Vec<&str> = names.map(|parameter| parameter["name"].as_str().unwrap()).collect();
    let mut tried = 0;
    for name in names {
        let inner = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let Some(id) = foreign(inner, route).or_else(|| own_kind(inner, route)) else {
            continue;
        };
        let path = format!("{}?{name}={id}", stranger.own_path(route));
        let answer = stranger.request(route, &path).send();
        assert_found_nothing(&answer, &path);
        tried += 1;
    }
    tried
}

/// `filter[id]` of a list: the record that its item's path is tried with.
fn own_kind(name: &str, route: &RouteInfo) -> Option<String> {
    if name != "id" {
        return None;
    }
    let template = format!("{}/{{id}}", route.template);
    let item = routes().into_iter().find(|other| other.template == template)?;
    path_of(&item).rsplit('/').next().map(str::to_owned)
}

fn try_body(stranger: &Stranger<'_>, route: &RouteInfo, operation: &Value, document: &Value) -> usize {
    let Some(reference) = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str() else {
        return 0;
    };
    let schema = reference.rsplit('/').next().unwrap();
    let properties = document["components"]["schemas"][schema]["properties"]
        .as_object()
        .expect("an object");
    let mut tried = 0;
    for member in properties.keys() {
        let Some(id) = foreign(member, route) else { continue };
        let mut body = rest_of(schema);
        body[member] = if member.ends_with("Ids") || member == "ids" {
            json!([id])
        } else {
            json!(id)
        };
        let answer = stranger.request(route, &stranger.own_path(route)).json(&body).send();
        let what = format!("{} {} with {body}", route.method, route.template);
        if member == "ids" {
            let summary = &answer.json()["data"]["summary"];
            assert_eq!((&summary["deleted"], &summary["failed"]), (&json!(0), &json!(1)), "{what}");
        } else if route.family == "contacts" {
            assert_eq!(answer.status, 404, "{what}: {answer:?}");
        } else {
            assert_refused(&answer, member, &what);
        }
        tried += 1;
    }
    tried
}

/// The first tenant's record that a member of this name could refer to.
fn foreign(name: &str, route: &RouteInfo) -> Option<String> {
    let is_reference = name.ends_with("Id") || name.ends_with("Ids") || name == "ids";
    if !is_reference || NO_REFERENCES.contains(&name) {
        return None;
    }
    if route.family == "contacts" {
        let uuids = uuids();
        return Some(match name {
            "contactId" => uuids.contact,
            "ids" => uuids.contact,
            "tagId" => uuids.tag,
            _ => panic!("what {name} refers to is not known in {}", file!()),
        });
    }
    let known = REFERENCES.iter().find(|(known, _)| *known == name);
    let (_, id) = known.unwrap_or_else(|| panic!("what {name} refers to is not known in {}", file!()));
    Some((*id).to_owned())
}

#[track_caller]
fn assert_found_nothing(answer: &Answer, what: &str) {
    assert!(!String::from_utf8_lossy(&answer.body).contains("Acme"), "{what}: {answer:?}");
    match answer.status {
        200 => {
            let list = answer.json();
            if list["success"] == true {
                assert_eq!(list["meta"]["totalItems"], 0, "{what}");
                return;
            }
            assert_eq!(list["items"].as_array().map(Vec::len), Some(0), "{what}");
            // Feeds are not counted.
            assert!(list.get("totalCount").is_none_or(|total| total == 0), "{what}");
        }
        status => assert!(matches!(status, 404 | 422), "{what}: {answer:?}"),
    }
}

#[track_caller]
fn assert_refused(answer: &Answer, member: &str, what: &str) {
    assert_eq!(answer.status, 422, "{what}: {answer:?}");
    let body = answer.json();
    let details = body["error"]["details"].as_array().expect("details");
    let fields: BTreeSet<&str> = details.iter().map(|detail| detail["field"].as_str().unwrap()).collect();
    assert_eq!(fields, BTreeSet::from([member]), "{what}");
}
