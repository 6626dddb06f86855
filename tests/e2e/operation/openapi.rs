//! The documentation that the server carries.

use crm_tests::server::Server;
use serde_json::Value;

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
