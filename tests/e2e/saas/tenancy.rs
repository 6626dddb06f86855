//! Tenants apart (contract C-138 … C-142, X-108).

use std::fs;

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    tenant::contact::ContactDraft,
};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{create, fields, ids, refusal, text};

each_server! {
    every_list_is_of_the_tokens_tenant,
    another_tenants_records_do_not_exist,
    another_tenants_records_cannot_be_referred_to,
    the_same_id_is_another_record_in_another_tenant,
    tenants_have_databases_of_their_own,
}

const PATHS: [&str; 2] = ["/api/companies", "/api/deals"];

/// The lists of the family, and what of an item tells its tenant.
const LISTS: [(&str, &str); 5] = [
    ("/api/admin/api-keys", "name"),
    ("/api/admin/requests", "apiKeyName"),
    ("/api/changes", "entityId"),
    ("/api/companies", "tenantId"),
    ("/api/deals", "tenantId"),
];

// C-140: nothing in the request names a tenant but the token, and every list is of its tenant
fn every_list_is_of_the_tokens_tenant(server: &Server) {
    let tenants = ["Ours", "Theirs"].map(|name| (name, server.tenant(name)));
    // Made in turns, so that no list is apart by chance; one tenant has more, so that their ids differ.
    for (index, (name, tenant)) in tenants.iter().enumerate() {
        let token = tenant.admin_token();
        for path in PATHS {
            for number in 0..=index * 3 {
                create(server, &token, path, &json!({ "name": format!("{name} {number}") }));
            }
        }
        let key = tenant.key_with(
            KeyFamily::HealthTrixss,
            ApiKeyDraft {
                name: set(name),
                ..ApiKeyDraft::default()
            },
        );
        server.get("/api/v1/external/accounts").key(&key.text).expect(200);
    }
    server.flush_log();
    for (index, (name, tenant)) in tenants.iter().enumerate() {
        let login = tenant.login(&tenant.admin);
        for (path, mark) in LISTS {
            let list = server.get(&format!("{path}?pageSize=100")).bearer(&login.token).expect(200).json();
            let items = list["items"].as_array().unwrap();
            let marks: Vec<&Value> = items.iter().map(|item| &item[mark]).collect();
            match mark {
                "tenantId" => assert_eq!(marks, vec![&json!(login.tenant_id); 1 + index * 3], "{path}"),
                "entityId" => assert_eq!(marks.iter().filter(|id| text(id).starts_with("company_")).count(), 1 + index * 3),
                _ => {
                    let named: Vec<&&Value> = marks.iter().filter(|mark| !mark.is_null()).collect();
                    assert_eq!(named, [&&json!(name)], "{path}");
                }
            }
        }
    }
}

// C-141, X-108
fn another_tenants_records_do_not_exist(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours").admin_token(), server.tenant("Theirs").admin_token());
    for path in PATHS {
        // The first of each are theirs alone.
        let made: Vec<Value> = (0..3)
            .map(|number| create(server, &theirs, path, &json!({ "name": format!("Secret {number}") })))
            .collect();
        for record in &made {
            let item = format!("{path}/{}", text(&record["id"]));
            let tries = [
                server.get(&item).bearer(&ours).send(),
                server.put(&item).bearer(&ours).json(&json!({ "name": "Taken" })).send(),
                server.delete(&item).bearer(&ours).send(),
            ];
            for answer in tries {
                let error = refusal(server, &answer, 404, "NOT_FOUND");
                assert!(!error.to_string().contains("Secret"));
            }
        }
        for query in ["", "?search=Secret", "?sortBy=name", "?page=2&pageSize=1"] {
            let list = server.get(&format!("{path}{query}")).bearer(&ours).expect(200).json();
            assert_eq!((ids(&list).len(), &list["totalCount"]), (0, &json!(0)), "{query}");
        }
        let list = server.get(path).bearer(&theirs).expect(200).json();
        assert_eq!(list["items"], json!(made), "nothing of it was touched");
    }
    // A tenant id in query, header or body changes nothing (C-139).
    let list = server
        .get("/api/companies?tenantId=tenant_2&tenantid=tenant_2")
        .bearer(&ours)
        .header("x-tenant-id", "tenant_2");
    assert_eq!(list.expect(200).json()["totalCount"], 0);
}

fn another_tenants_records_cannot_be_referred_to(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let company = create(server, &other, "/api/companies", &json!({ "name": "Secret" }));
    let contact = theirs.contact_of(ContactDraft {
        last_name: set("Secret"),
        email: set("secret@example.com"),
        ..ContactDraft::default()
    });
    let own_company = create(server, &other, "/api/companies", &json!({ "name": "Second" }));
    let user = format!("user_{}", theirs.admin.id);
    let company_body = json!({ "name": "x", "parentId": own_company["id"], "ownerId": user });
    let deal_body = json!({
        "name": "x", "companyId": company["id"], "contactId": format!("contact_{}", contact.id), "ownerId": user,
    });
    let own = PATHS.map(|path| create(server, &token, path, &json!({ "name": "Own" })));
    for ((path, own), (body, expected)) in PATHS.into_iter().zip(&own).zip([
        (company_body, vec!["ownerId", "parentId"]),
        (deal_body, vec!["contactId", "ownerId"]),
    ]) {
        let item = format!("{path}/{}", text(&own["id"]));
        for field in expected {
            let one = json!({ "name": "x", field: body[field] });
            for request in [server.post(path), server.put(&item)] {
                let error = refusal(server, &request.bearer(&token).json(&one).send(), 422, "VALIDATION_ERROR");
                assert_eq!(fields(&error), [field]);
            }
        }
        assert_eq!(server.get(&item).bearer(&token).expect(200).json(), *own);
    }
    // company_1 is a company of ours as well: the reference means ours.
    let deal = create(server, &token, "/api/deals", &json!({ "name": "y", "companyId": company["id"] }));
    assert_eq!(deal["companyId"], own[0]["id"]);
}

fn the_same_id_is_another_record_in_another_tenant(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours").admin_token(), server.tenant("Theirs").admin_token());
    for path in PATHS {
        let our = create(server, &ours, path, &json!({ "name": "Our" }));
        let their = create(server, &theirs, path, &json!({ "name": "Their" }));
        assert_eq!(our["id"], their["id"]);
        let item = format!("{path}/{}", text(&our["id"]));
        server
            .put(&item)
            .bearer(&ours)
            .json(&json!({ "name": "Ours, changed" }))
            .expect(200);
        assert_eq!(server.get(&item).bearer(&theirs).expect(200).json(), their);
        server.delete(&item).bearer(&ours).expect(204);
        assert_eq!(server.get(&item).bearer(&theirs).expect(200).json(), their);
        server.get(&item).bearer(&ours).expect(404);
    }
}

// C-138
fn tenants_have_databases_of_their_own(server: &Server) {
    let tenants = [server.tenant("Ours"), server.tenant("Theirs")];
    let [ours, theirs] = &tenants;
    assert_ne!(ours.tenant.location, theirs.tenant.location);
    let names = ["Zanzibar Trading", "Timbuktu Metals"];
    for (tenant, name) in tenants.iter().zip(names) {
        create(server, &tenant.admin_token(), "/api/companies", &json!({ "name": name }));
    }
    // PostgreSQL's files are the server's own affair.
    let Some(file) = ours
        .tenant
        .location
        .strip_prefix("sqlite:")
        .map(|file| server.data_dir().join(file))
    else {
        assert!(ours.tenant.location.starts_with("postgres:"), "{}", ours.tenant.location);
        return;
    };
    let bytes: Vec<u8> = ["", "-wal"]
        .iter()
        .filter_map(|suffix| fs::read(format!("{}{suffix}", file.display())).ok())
        .flatten()
        .collect();
    let holds = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(holds(names[0]), "{} holds what is ours", file.display());
    assert!(!holds(names[1]), "and nothing of theirs");
}
