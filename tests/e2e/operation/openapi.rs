//! The documentation that the server carries.

use crm_tests::server::Server;
use serde_json::{Value, json};

#[test]
fn the_document_is_served_to_everybody() {
    let server = Server::sqlite();
    let served = server.get("/openapi.json").expect(200).json();
    let made: Value = serde_json::to_value(crm_http::openapi()).unwrap();
    assert_eq!(served, made);
}

// Nothing is fetched from elsewhere: a server without the internet shows the same page.
#[test]
fn the_page_is_whole_by_itself() {
    let server = Server::sqlite();
    for path in ["/", "/docs"] {
        let answer = server.get(path).send();
        assert!((300..400).contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("location"), Some("/docs/"), "{path}");
    }
    let page = server.get("/docs/").expect(200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let text = page.text();
    let links: Vec<&str> = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| text.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!links.is_empty());
    for link in links {
        assert!(!link.contains("//"), "{link} leads to another host");
        let path = format!("/docs/{}", link.trim_start_matches("./"));
        server.get(&path).expect(200);
    }
    let script = server.get("/docs/swagger-initializer.js").expect(200);
    assert!(script.text().contains("/openapi.json"), "{script:?}");
    assert_eq!(server.get("/docs/nothing-here.js").send().status, 404);
}

// C-04: whoever fills in the address and signs in by the collection's own request can send the others as they stand.
#[test]
fn the_postman_collection_works_as_it_is_served() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let collection = server.get("/docs/CRM_SaaS_API.postman_collection.json").expect(200).json();
    let made = crm_http::openapi::postman::collection(&serde_json::to_value(crm_http::openapi()).unwrap());
    assert_eq!(collection, made);
    assert!(collection["info"]["schema"].as_str().unwrap().contains("v2.1.0"));
    let folders = collection["item"].as_array().unwrap();
    let items: Vec<&Value> = folders.iter().flat_map(|folder| folder["item"].as_array().unwrap()).collect();
    assert!(items.len() > 100, "all endpoints");
    let path_of = |item: &Value| item["request"]["url"]["raw"].as_str().unwrap().replace("{{baseUrl}}", "");
    let body_of = |item: &Value| -> Value { serde_json::from_str(item["request"]["body"]["raw"].as_str().unwrap()).unwrap() };
    let find = |method: &str, path: &str| {
        let is_it = |item: &&&Value| item["request"]["method"] == method && path_of(item) == path;
        *items.iter().find(is_it).unwrap_or_else(|| panic!("{method} {path}"))
    };
    let login = find("POST", "/api/auth/login");
    let mut body = body_of(login);
    body["email"] = json!(tenant.admin.email.as_ref().unwrap().as_str());
    body["password"] = json!(crm_tests::tenant::PASSWORD);
    let answer = server.post(&path_of(login)).json(&body).expect(200).json();
    let token = answer["token"].as_str().unwrap();
    for path in [
        "/api/companies",
        "/api/contacts",
        "/api/leads",
        "/api/deals",
        "/api/tasks",
        "/api/tickets",
        "/api/partners",
    ] {
        let item = find("POST", path);
        server.post(&path_of(item)).bearer(token).json(&body_of(item)).expect(201);
    }
    let mut sent = 0;
    for item in items.iter().filter(|item| item["request"]["method"] == "GET") {
        let path = path_of(item);
        // A stream does not end, a search needs a text, and keys of family E the tenant.
        let needs_more = ["/stream", "/search", "/api/external/api-keys"]
            .iter()
            .any(|end| path.ends_with(end));
        if path.contains(':') || needs_more {
            continue;
        }
        server.get(&path).bearer(token).expect(200);
        sent += 1;
    }
    assert!(sent > 10);
}
