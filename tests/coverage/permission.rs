//! What each route asks for, in one table; and every route tried with every role.

use std::collections::{BTreeMap, BTreeSet};

use crm_domain::control::{
    api_key::KeyFamily,
    user::{
        Permission::{
            self, Configure, Delete, ManageApiKeys, ManageSettings, ManageUsers, ManageWebhooks, Read, ReadAudit, ReadInvitations,
            ReadRequestLog, Write,
        },
        Role,
    },
};
use crm_http::{RouteInfo, families::Credential};
use serde_json::json;

use super::deployment::{cookie, routes, server};

/// What a caller must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing.
    Nothing,
    /// An API key of the route's family.
    Key,
    /// An API key of family D with the scopes that its own table tells.
    Scopes,
    /// An API key of family B or E with the permission that its own table tells.
    Granted,
    /// An Admin, of the tenant that the query names.
    Admin,
    /// A browser's session of whatever role.
    Cookie,
    /// A role with this permission.
    A(Permission),
}

use Needs::{A, Admin, Cookie, Granted, Key, Nothing, Scopes};

/// Whoever adds a route adds its line.
const TABLE: &[(&str, Needs)] = &[
    ("GET /livez", Nothing),
    ("GET /readyz", Nothing),
    ("GET /metrics", Nothing),
    ("GET /api/v1/external/accounts", Key),
    ("GET /api/v1/external/accounts/{id}", Key),
    ("GET /api/v1/external/opportunities", Key),
    ("GET /api/v1/external/opportunities/{id}", Key),
    ("GET /api/v1/health", Nothing),
    ("POST /api/v1/sync/leads", Granted),
    ("POST /api/v1/sync/leads/bulk", Granted),
    ("POST /api/v1/validate/leads", Granted),
    ("POST /api/v1/prospects/convert/{id}", Granted),
    ("PUT /api/v1/prospects/{id}/status", Granted),
    ("POST /api/v1/opportunities", Granted),
    ("PUT /api/v1/opportunities/{id}", Granted),
    ("GET /api/v1/errors", Granted),
    ("GET /api/v1/webhooks", Granted),
    ("POST /api/v1/webhooks", Granted),
    ("GET /api/external/api-keys", Admin),
    ("POST /api/external/api-keys", Admin),
    ("DELETE /api/external/api-keys/{id}", Admin),
    ("GET /api/external/deals", Granted),
    ("GET /api/external/leads", Granted),
    ("GET /api/external/tasks", Granted),
    ("GET /api/external/kpis", Granted),
    ("GET /api/external/pipeline", Granted),
    ("GET /api/external/activity", Granted),
    ("GET /api/external/partners", Granted),
    ("GET /api/external/webhooks", Granted),
    ("POST /api/external/webhooks", Granted),
    ("POST /api/external/webhooks/test/{id}", Granted),
    ("PUT /api/external/webhooks/{id}", Granted),
    ("DELETE /api/external/webhooks/{id}", Granted),
    ("GET /api/v1/schema/contacts", Nothing),
    ("GET /api/v1/schema/scopes", Nothing),
    ("POST /api/login", Nothing),
    ("POST /api/logout", Cookie),
    ("GET /api/auth/user", Cookie),
    ("GET /api/settings/profile", Cookie),
    ("PUT /api/settings/profile", Cookie),
    ("GET /api/settings/notifications", Cookie),
    ("PUT /api/settings/notifications", Cookie),
    ("GET /api/settings/system", Cookie),
    ("PUT /api/settings/system", Cookie),
    ("GET /api/settings/appearance", Cookie),
    ("PUT /api/settings/appearance", Cookie),
    ("PUT /api/settings/password", Cookie),
    ("DELETE /api/settings/delete-account", Cookie),
    ("GET /api/api-keys", Cookie),
    ("POST /api/api-keys", Cookie),
    ("DELETE /api/api-keys/{id}", Cookie),
    ("GET /api/export", Cookie),
    ("GET /api/export/all", Cookie),
    ("POST /api/import/auto-map", Cookie),
    ("GET /api/import", Cookie),
    ("POST /api/import", Cookie),
    ("GET /api/import/{id}", Cookie),
    ("GET /api/import/{id}/events", Cookie),
    ("GET /api/import/{id}/errors", Cookie),
    ("POST /api/import/{id}/cancel", Cookie),
    ("POST /api/import/{id}/undo", Cookie),
    ("GET /api/v1/contacts", Scopes),
    ("POST /api/v1/contacts", Scopes),
    ("GET /api/v1/contacts/{id}", Scopes),
    ("PATCH /api/v1/contacts/{id}", Scopes),
    ("DELETE /api/v1/contacts/{id}", Scopes),
    ("POST /api/v1/contacts/{id}/restore", Scopes),
    ("POST /api/v1/contacts/bulk", Scopes),
    ("PATCH /api/v1/contacts/bulk", Scopes),
    ("DELETE /api/v1/contacts/bulk", Scopes),
    ("POST /api/v1/enrichment/search", Scopes),
    ("GET /api/v1/enrichment/jobs", Scopes),
    ("POST /api/v1/enrichment/jobs", Scopes),
    ("GET /api/v1/enrichment/jobs/{id}", Scopes),
    ("POST /api/v1/enrichment/jobs/bulk", Scopes),
    ("GET /api/enrichment/jobs", Cookie),
    ("GET /api/contacts/{id}/enrichment-jobs", Cookie),
    ("GET /api/v1/stats", Scopes),
    ("GET /api/v1/stats/comprehensive", Scopes),
    ("GET /api/public/prospects", Scopes),
    ("POST /api/public/contacts", Scopes),
    ("POST /api/public/contacts/bulk", Scopes),
    ("GET /api/contacts/linkedin-search", Cookie),
    ("GET /api/enrichment/status", Cookie),
    ("POST /api/enrichment/search", Cookie),
    ("POST /api/enrichment/create-from-linkedin", Cookie),
    ("POST /api/contacts/{id}/enrich-linkedin", Cookie),
    ("GET /api/companies/{companyName}/template", Cookie),
    ("POST /api/contacts/bulk-autofill", Cookie),
    ("POST /api/fix-fullnames", Cookie),
    ("GET /api/v1/tags", Scopes),
    ("POST /api/v1/tags", Scopes),
    ("DELETE /api/v1/tags/{id}", Scopes),
    ("GET /api/v1/contacts/{id}/tags", Scopes),
    ("POST /api/v1/contacts/{id}/tags", Scopes),
    ("DELETE /api/v1/contacts/{id}/tags/{tagId}", Scopes),
    ("GET /api/v1/activities", Scopes),
    ("GET /api/v1/contacts/{id}/activities", Scopes),
    ("POST /api/auth/register", Nothing),
    ("POST /api/auth/login", Nothing),
    ("POST /api/auth/refresh", Nothing),
    ("POST /api/auth/accept-invitation", Nothing),
    ("POST /api/auth/logout", A(Read)),
    ("POST /api/auth/change-password", A(Read)),
    ("GET /api/auth/me", A(Read)),
    ("GET /api/users", A(Read)),
    ("POST /api/users", A(ManageUsers)),
    ("GET /api/users/{id}", A(Read)),
    ("PUT /api/users/{id}", A(ManageUsers)),
    ("PUT /api/users/{id}/role", A(ManageUsers)),
    ("POST /api/users/{id}/deactivate", A(ManageUsers)),
    ("POST /api/users/{id}/reactivate", A(ManageUsers)),
    ("GET /api/invitations", A(ReadInvitations)),
    ("POST /api/invitations", A(ManageUsers)),
    ("DELETE /api/invitations/{id}", A(ManageUsers)),
    ("GET /api/companies", A(Read)),
    ("POST /api/companies", A(Write)),
    ("GET /api/companies/{id}", A(Read)),
    ("PUT /api/companies/{id}", A(Write)),
    ("DELETE /api/companies/{id}", A(Delete)),
    ("GET /api/deals", A(Read)),
    ("POST /api/deals", A(Write)),
    ("GET /api/deals/{id}", A(Read)),
    ("PUT /api/deals/{id}", A(Write)),
    ("DELETE /api/deals/{id}", A(Delete)),
    ("POST /api/companies/bulk", A(Write)),
    ("PUT /api/companies/bulk", A(Write)),
    ("DELETE /api/companies/bulk", A(Delete)),
    ("POST /api/companies/bulk/delete", A(Delete)),
    ("POST /api/companies/{id}/restore", A(Delete)),
    ("GET /api/companies/{id}/changes", A(Read)),
    ("GET /api/contacts", A(Read)),
    ("POST /api/contacts", A(Write)),
    ("GET /api/contacts/{id}", A(Read)),
    ("PUT /api/contacts/{id}", A(Write)),
    ("DELETE /api/contacts/{id}", A(Delete)),
    ("GET /api/companies/{id}/contacts", A(Read)),
    ("POST /api/contacts/bulk", A(Write)),
    ("PUT /api/contacts/bulk", A(Write)),
    ("DELETE /api/contacts/bulk", A(Delete)),
    ("POST /api/contacts/bulk/delete", A(Delete)),
    ("POST /api/contacts/{id}/restore", A(Delete)),
    ("GET /api/contacts/{id}/changes", A(Read)),
    ("POST /api/deals/bulk", A(Write)),
    ("PUT /api/deals/bulk", A(Write)),
    ("DELETE /api/deals/bulk", A(Delete)),
    ("POST /api/deals/bulk/delete", A(Delete)),
    ("POST /api/deals/{id}/restore", A(Delete)),
    ("GET /api/deals/{id}/changes", A(Read)),
    ("POST /api/activities/bulk", A(Write)),
    ("PUT /api/activities/bulk", A(Write)),
    ("DELETE /api/activities/bulk", A(Delete)),
    ("POST /api/activities/bulk/delete", A(Delete)),
    ("POST /api/activities/{id}/restore", A(Delete)),
    ("GET /api/activities/{id}/changes", A(Read)),
    ("GET /api/webhooks", A(Read)),
    ("POST /api/webhooks", A(ManageWebhooks)),
    ("GET /api/webhooks/{id}", A(Read)),
    ("PUT /api/webhooks/{id}", A(ManageWebhooks)),
    ("DELETE /api/webhooks/{id}", A(ManageWebhooks)),
    ("POST /api/webhooks/{id}/rotate-secret", A(ManageWebhooks)),
    ("POST /api/webhooks/{id}/test", A(ManageWebhooks)),
    ("GET /api/webhooks/{id}/deliveries", A(Read)),
    ("POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver", A(ManageWebhooks)),
    ("POST /api/webhooks/{id}/redeliver", A(ManageWebhooks)),
    ("GET /api/activities", A(Read)),
    ("POST /api/activities", A(Write)),
    ("GET /api/activities/{id}", A(Read)),
    ("PUT /api/activities/{id}", A(Write)),
    ("DELETE /api/activities/{id}", A(Delete)),
    ("POST /api/activities/{id}/complete", A(Write)),
    ("POST /api/activities/{id}/reopen", A(Write)),
    ("GET /api/tasks", A(Read)),
    ("POST /api/tasks", A(Write)),
    ("GET /api/tasks/{id}", A(Read)),
    ("PUT /api/tasks/{id}", A(Write)),
    ("DELETE /api/tasks/{id}", A(Delete)),
    ("POST /api/tasks/{id}/complete", A(Write)),
    ("POST /api/tasks/{id}/reopen", A(Write)),
    ("GET /api/companies/{id}/deals", A(Read)),
    ("GET /api/companies/{id}/leads", A(Read)),
    ("GET /api/companies/{id}/activities", A(Read)),
    ("GET /api/companies/{id}/tasks", A(Read)),
    ("GET /api/contacts/{id}/deals", A(Read)),
    ("GET /api/contacts/{id}/activities", A(Read)),
    ("GET /api/contacts/{id}/tasks", A(Read)),
    ("GET /api/leads/{id}/activities", A(Read)),
    ("GET /api/leads/{id}/tasks", A(Read)),
    ("GET /api/deals/{id}/activities", A(Read)),
    ("GET /api/deals/{id}/tasks", A(Read)),
    ("GET /api/tickets/{id}/tasks", A(Read)),
    ("POST /api/leads/bulk", A(Write)),
    ("PUT /api/leads/bulk", A(Write)),
    ("DELETE /api/leads/bulk", A(Delete)),
    ("POST /api/leads/bulk/delete", A(Delete)),
    ("POST /api/leads/{id}/restore", A(Delete)),
    ("GET /api/leads/{id}/changes", A(Read)),
    ("GET /api/leads", A(Read)),
    ("POST /api/leads", A(Write)),
    ("GET /api/leads/{id}", A(Read)),
    ("PUT /api/leads/{id}", A(Write)),
    ("DELETE /api/leads/{id}", A(Delete)),
    ("POST /api/leads/{id}/assign", A(Write)),
    ("POST /api/leads/assign", A(Write)),
    ("POST /api/leads/{id}/qualify", A(Write)),
    ("POST /api/leads/{id}/disqualify", A(Write)),
    ("POST /api/leads/{id}/convert", A(Write)),
    ("GET /api/deals/board", A(Read)),
    ("GET /api/deals/forecast", A(Read)),
    ("GET /api/deals/{id}/stage-history", A(Read)),
    ("POST /api/deals/{id}/stage", A(Write)),
    ("POST /api/deals/{id}/win", A(Write)),
    ("POST /api/deals/{id}/lose", A(Write)),
    ("POST /api/deals/{id}/reopen", A(Write)),
    ("GET /api/deals/{id}/handoff", A(Read)),
    ("POST /api/deals/{id}/handoff", A(Write)),
    ("PUT /api/deals/{id}/handoff", A(Write)),
    ("POST /api/deals/{id}/handoff/complete", A(Write)),
    ("GET /api/pipelines", A(Read)),
    ("POST /api/pipelines", A(Configure)),
    ("GET /api/pipelines/{id}", A(Read)),
    ("PUT /api/pipelines/{id}", A(Configure)),
    ("DELETE /api/pipelines/{id}", A(Configure)),
    ("GET /api/pipelines/{id}/stages", A(Read)),
    ("POST /api/pipelines/{id}/stages", A(Configure)),
    ("PUT /api/pipelines/{id}/stages/order", A(Configure)),
    ("GET /api/pipelines/{id}/stages/{stageId}", A(Read)),
    ("PUT /api/pipelines/{id}/stages/{stageId}", A(Configure)),
    ("DELETE /api/pipelines/{id}/stages/{stageId}", A(Configure)),
    ("GET /api/companies/{id}/tickets", A(Read)),
    ("GET /api/contacts/{id}/tickets", A(Read)),
    ("GET /api/tickets", A(Read)),
    ("POST /api/tickets", A(Write)),
    ("GET /api/tickets/{id}", A(Read)),
    ("PUT /api/tickets/{id}", A(Write)),
    ("DELETE /api/tickets/{id}", A(Delete)),
    ("POST /api/tickets/{id}/assign", A(Write)),
    ("POST /api/tickets/{id}/close", A(Write)),
    ("POST /api/tickets/{id}/reopen", A(Write)),
    ("POST /api/tickets/{id}/resolve", A(Write)),
    ("GET /api/tickets/{id}/comments", A(Read)),
    ("POST /api/tickets/{id}/comments", A(Write)),
    ("GET /api/tickets/{id}/comments/{commentId}", A(Read)),
    ("PUT /api/tickets/{id}/comments/{commentId}", A(Write)),
    ("DELETE /api/tickets/{id}/comments/{commentId}", A(Delete)),
    ("GET /api/sla-policies", A(Read)),
    ("POST /api/sla-policies", A(Configure)),
    ("GET /api/sla-policies/{id}", A(Read)),
    ("PUT /api/sla-policies/{id}", A(Configure)),
    ("DELETE /api/sla-policies/{id}", A(Configure)),
    ("GET /api/custom-fields", A(Read)),
    ("POST /api/custom-fields", A(Configure)),
    ("GET /api/custom-fields/{id}", A(Read)),
    ("PUT /api/custom-fields/{id}", A(Configure)),
    ("DELETE /api/custom-fields/{id}", A(Configure)),
    ("POST /api/custom-fields/{id}/restore", A(Configure)),
    ("GET /api/partners", A(Read)),
    ("POST /api/partners", A(Configure)),
    ("GET /api/partners/{id}", A(Read)),
    ("PUT /api/partners/{id}", A(Configure)),
    ("DELETE /api/partners/{id}", A(Configure)),
    ("GET /api/audit", A(ReadAudit)),
    ("GET /api/settings", A(Read)),
    ("PUT /api/settings", A(ManageSettings)),
    ("POST /api/tasks/bulk", A(Write)),
    ("PUT /api/tasks/bulk", A(Write)),
    ("DELETE /api/tasks/bulk", A(Delete)),
    ("POST /api/tasks/bulk/delete", A(Delete)),
    ("POST /api/tasks/{id}/restore", A(Delete)),
    ("GET /api/tasks/{id}/changes", A(Read)),
    ("POST /api/tickets/bulk", A(Write)),
    ("PUT /api/tickets/bulk", A(Write)),
    ("DELETE /api/tickets/bulk", A(Delete)),
    ("POST /api/tickets/bulk/delete", A(Delete)),
    ("POST /api/tickets/{id}/restore", A(Delete)),
    ("GET /api/tickets/{id}/changes", A(Read)),
    ("POST /api/partners/bulk", A(Configure)),
    ("PUT /api/partners/bulk", A(Configure)),
    ("DELETE /api/partners/bulk", A(Configure)),
    ("POST /api/partners/bulk/delete", A(Configure)),
    ("POST /api/partners/{id}/restore", A(Configure)),
    ("GET /api/partners/{id}/changes", A(Read)),
    ("POST /api/sla-policies/bulk", A(Configure)),
    ("PUT /api/sla-policies/bulk", A(Configure)),
    ("DELETE /api/sla-policies/bulk", A(Configure)),
    ("POST /api/sla-policies/bulk/delete", A(Configure)),
    ("POST /api/sla-policies/{id}/restore", A(Configure)),
    ("GET /api/sla-policies/{id}/changes", A(Read)),
    ("GET /api/tags", A(Read)),
    ("POST /api/tags", A(Configure)),
    ("GET /api/tags/{id}", A(Read)),
    ("PUT /api/tags/{id}", A(Configure)),
    ("DELETE /api/tags/{id}", A(Configure)),
    ("GET /api/tags/{id}/usage", A(Read)),
    ("POST /api/tags/bulk", A(Configure)),
    ("PUT /api/tags/bulk", A(Configure)),
    ("DELETE /api/tags/bulk", A(Configure)),
    ("POST /api/tags/bulk/delete", A(Configure)),
    ("POST /api/tags/{id}/restore", A(Configure)),
    ("GET /api/tags/{id}/changes", A(Read)),
    ("POST /api/companies/{id}/tags", A(Write)),
    ("DELETE /api/companies/{id}/tags/{tag}", A(Write)),
    ("POST /api/contacts/{id}/tags", A(Write)),
    ("DELETE /api/contacts/{id}/tags/{tag}", A(Write)),
    ("POST /api/deals/{id}/tags", A(Write)),
    ("DELETE /api/deals/{id}/tags/{tag}", A(Write)),
    ("POST /api/leads/{id}/tags", A(Write)),
    ("DELETE /api/leads/{id}/tags/{tag}", A(Write)),
    ("POST /api/tickets/{id}/tags", A(Write)),
    ("DELETE /api/tickets/{id}/tags/{tag}", A(Write)),
    ("GET /api/search", A(Read)),
    ("POST /api/companies/{id}/merge", A(Delete)),
    ("POST /api/contacts/{id}/merge", A(Delete)),
    ("POST /api/leads/{id}/merge", A(Delete)),
    ("GET /api/merges", A(Read)),
    ("GET /api/merges/{id}", A(Read)),
    ("POST /api/merges/{id}/undo", A(Delete)),
    ("GET /api/changes", A(Read)),
    ("GET /api/changes/stream", A(Read)),
    ("GET /api/admin/api-keys", A(ManageApiKeys)),
    ("POST /api/admin/api-keys", A(ManageApiKeys)),
    ("GET /api/admin/api-keys/{id}", A(ManageApiKeys)),
    ("PATCH /api/admin/api-keys/{id}", A(ManageApiKeys)),
    ("DELETE /api/admin/api-keys/{id}", A(ManageApiKeys)),
    ("GET /api/admin/requests", A(ReadRequestLog)),
];

fn line(route: &RouteInfo) -> String {
    format!("{} {}", route.method, route.template)
}

#[test]
fn every_route_has_its_line_and_every_line_its_route() {
    let table: BTreeMap<&str, Needs> = TABLE.iter().copied().collect();
    assert_eq!(table.len(), TABLE.len(), "a line stands twice");
    let registered: BTreeSet<String> = routes().iter().map(line).collect();
    let told: BTreeSet<String> = table.keys().map(|line| (*line).to_owned()).collect();
    let without: Vec<_> = registered.difference(&told).collect();
    let stale: Vec<_> = told.difference(&registered).collect();
    assert!(
        without.is_empty() && stale.is_empty(),
        "routes without a line: {without:?}; lines without a route: {stale:?}"
    );
    for route in routes() {
        let expected: &[Credential] = match table[line(&route).as_str()] {
            Nothing => &[Credential::Open],
            Key => &[Credential::ApiKeyHeader],
            Scopes => &[Credential::ScopedKey, Credential::ScopedKeyHeader],
            Granted => &[Credential::PermittedKey, Credential::BearerKey],
            Admin => &[Credential::JwtOrSession],
            Cookie => &[Credential::Session],
            A(_) => &[Credential::Jwt, Credential::JwtOrSession],
        };
        assert!(expected.contains(&route.credential), "{}", line(&route));
    }
}

// C-30, X-86
#[test]
fn every_route_is_open_to_exactly_the_roles_with_its_permission() {
    let server = server();
    let tenant = server.tenant("Bolt");
    let tokens = Role::ALL.map(|role| {
        let user = tenant.user(role);
        (role, (tenant.login(&user).token, cookie(&server, &user)))
    });
    let (key, scoped) = (tenant.key(KeyFamily::HealthTrixss).text, tenant.key(KeyFamily::Contacts).text);
    let permitted = tenant.key(KeyFamily::Elevate).text;
    let halopsa = tenant.key(KeyFamily::Halopsa).text;
    let table: BTreeMap<&str, Needs> = TABLE.iter().copied().collect();
    // Whoever closes its account may do nothing any more.
    for route in routes()
        .into_iter()
        .filter(|route| route.template != "/api/settings/delete-account")
    {
        // An id that nobody has: what is permitted finds nothing, and nobody's account is changed on the way.
        let path = unknown(&route);
        let send = |credential: Option<&(String, String)>| {
            let request = server.request(route.method.as_str(), &path);
            let request = match (route.credential, credential) {
                (Credential::ApiKeyHeader, _) => request.key(&key),
                (Credential::ScopedKey | Credential::ScopedKeyHeader, _) => request.key(&scoped),
                (Credential::PermittedKey, _) => request.key(&permitted),
                (Credential::BearerKey, _) => request.bearer(&halopsa),
                (Credential::Session, Some((_, cookie))) => request.header("cookie", cookie),
                (_, Some((token, _))) => request.bearer(token),
                (_, None) => request,
            };
            match route.method.as_str() {
                "POST" | "PUT" | "PATCH" => request.json(&json!({})).send(),
                _ => request.send(),
            }
        };
        for (role, token) in &tokens {
            let answer = send(Some(token));
            let what = format!("{} for {role:?}: {answer:?}", line(&route));
            match table.get(line(&route).as_str()) {
                Some(A(permission)) if !role.may(*permission) => {
                    assert_eq!(answer.status, 403, "{what}");
                    assert_eq!(answer.json()["error"]["code"], "PERMISSION_DENIED", "{what}");
                }
                Some(Admin) if *role != Role::Admin => {
                    assert_eq!(answer.status, 403, "{what}");
                    assert_eq!(answer.json()["detail"], "Insufficient permissions", "{what}");
                }
                Some(_) => assert!(![401, 403].contains(&answer.status) && answer.status < 500, "{what}"),
                None => panic!("{} has no line in {}", line(&route), file!()),
            }
        }
        if [Credential::Jwt, Credential::JwtOrSession, Credential::Session].contains(&route.credential) {
            assert_eq!(send(None).status, 401, "{} for nobody", line(&route));
        }
    }
}

/// The route's path with ids that no record has.
fn unknown(route: &RouteInfo) -> String {
    let segments = route
        .template
        .split('/')
        .map(|part| if part.starts_with('{') { "none_999999" } else { part });
    segments.collect::<Vec<_>>().join("/")
}
