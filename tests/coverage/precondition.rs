//! Every route of family C that changes one record heeds `If-Match`: a condition that does not hold is 412, and one that does stands in
//! nobody's way (contract X-93).

use crm_http::{RouteInfo, openapi};
use crm_tests::{http::Answer, server::Server, tenant::PASSWORD};
use serde_json::{Value, json};

use super::{
    access::assert_envelope,
    deployment::{first_tenants_records, path_of, routes, server},
};

/// Routes that name a record and leave it as it is: they only send what there is.
const UNCONDITIONAL: [&str; 2] = ["/api/webhooks/{id}/redeliver", "/api/webhooks/{id}/test"];

/// Routes to records that are shown without an entity tag: no tag is theirs.
const UNTAGGED: [&str; 3] = [
    "/api/admin/api-keys/{id}",
    "/api/invitations/{id}",
    "/api/webhooks/{id}/deliveries/{deliveryId}/redeliver",
];

/// The routes that change one record, those that delete it last, what belongs to a record before the record.
fn changing() -> Vec<RouteInfo> {
    let mut routes = routes();
    routes.retain(|route| {
        let is_ours = ["saas", "admin"].contains(&route.family);
        is_ours && route.method != "GET" && route.template.contains("{id}") && !UNCONDITIONAL.contains(&route.template)
    });
    let depth = |route: &RouteInfo| route.template.split('/').count();
    // Companies come last of all: their deals go with them.
    routes.sort_by_key(|route| (route.method == "DELETE", std::cmp::Reverse((depth(route), route.template))));
    routes
}

struct Admin<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Admin<'s> {
    /// Of the tenant that has a record behind every id.
    fn of(server: &'s Server) -> Self {
        let credentials = json!({ "email": first_admin(server), "password": PASSWORD });
        let login = server.post("/api/auth/login").json(&credentials).expect(200).json();
        let token = login["token"].as_str().expect("a token").to_owned();
        Self { server, token }
    }

    fn send(&self, route: &RouteInfo, condition: &str) -> Answer {
        let request = self.server.request(route.method.as_str(), &path_of(route)).bearer(&self.token);
        let request = request.header("if-match", condition);
        match route.method.as_str() {
            "DELETE" => request.send(),
            _ => request.json(&json!({})).send(),
        }
    }

    /// The entity tag of the record that the route changes.
    fn tag(&self, route: &RouteInfo) -> String {
        let path = path_of(route);
        let segments: Vec<&str> = path.split('/').collect();
        let of_its_own = route.template.contains("{stageId}") || route.template.contains("{commentId}");
        // A handoff that is there is what is changed; to begin one is the deal's business.
        let of_handoff = route.template.contains("/handoff") && (route.method == "PUT" || route.template.ends_with("/complete"));
        let path = match (of_its_own, of_handoff) {
            (true, _) => path.clone(),
            (_, true) => segments[..5].join("/"),
            _ => segments[..4].join("/"),
        };
        let answer = self.server.get(&path).bearer(&self.token).expect(200);
        answer
            .header("etag")
            .unwrap_or_else(|| panic!("{path} has no entity tag"))
            .to_owned()
    }
}

fn first_admin(server: &Server) -> String {
    let email = server.control().reading(|reader| {
        let tenant = reader.tenants().list()?.swap_remove(0);
        let users = reader.users().list(tenant.id)?;
        Ok(users.into_iter().find_map(|user| user.email).expect("an email"))
    });
    email.expect("the first tenant's Admin").as_str().to_owned()
}

#[test]
fn a_condition_that_does_not_hold_is_412_and_changes_nothing() {
    let server = server();
    let admin = Admin::of(&server);
    let handoff = server.post("/api/deals/deal_3/handoff").bearer(&admin.token);
    handoff.json(&json!({ "receiverId": "user_1" })).expect(201);
    let before = first_tenants_records(&server);
    for route in changing() {
        for condition in ["\"1\"", "W/\"1\"", "garbage", ""] {
            let answer = admin.send(&route, condition);
            assert_eq!(
                answer.status, 412,
                "{} {} if {condition:?}: {answer:?}",
                route.method, route.template
            );
            assert_envelope(route.family, &answer);
        }
    }
    assert_eq!(first_tenants_records(&server), before);
}

#[test]
fn a_condition_that_holds_stands_in_nobodys_way() {
    let server = server();
    let admin = Admin::of(&server);
    let handoff = server.post("/api/deals/deal_3/handoff").bearer(&admin.token);
    handoff.json(&json!({ "receiverId": "user_1" })).expect(201);
    let mut effective = 0;
    for route in changing() {
        let condition = if UNTAGGED.contains(&route.template) {
            "*".to_owned()
        } else {
            admin.tag(&route)
        };
        let answer = admin.send(&route, &condition);
        let what = format!("{} {} if {condition}: {answer:?}", route.method, route.template);
        assert!(answer.status < 500 && ![404, 412].contains(&answer.status), "{what}");
        effective += usize::from(answer.status < 300);
    }
    assert!(effective > 30, "{effective}");
}

#[test]
fn the_document_says_which_routes_heed_it() {
    let document = serde_json::to_value(openapi()).unwrap();
    for route in routes().into_iter().filter(|route| route.family == "saas" && route.method != "GET") {
        let operation = &document["paths"][route.template][route.method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let documented = parameters.iter().filter(|parameter| parameter["name"] == "If-Match").count();
        let heeds = changing().contains(&route);
        let heeds = heeds || (route.template, route.method.as_str()) == ("/api/settings", "PUT");
        assert_eq!(documented, usize::from(heeds), "{} {}", route.method, route.template);
        assert_eq!(
            operation["responses"]["412"] != Value::Null,
            heeds,
            "{} {}",
            route.method,
            route.template
        );
    }
}
