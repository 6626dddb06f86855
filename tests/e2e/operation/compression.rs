//! gzip, where the client asks for it and no secret is in the answer.

use std::io::Read;

use crm_tests::{http::Answer, server::Server};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

fn unpacked(answer: &Answer) -> Value {
    let mut text = String::new();
    GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_list_is_compressed_for_who_asks() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for number in 0..20 {
        let body = json!({ "name": format!("Company {number}") });
        server.post("/api/companies").bearer(&token).json(&body).expect(201);
    }
    let list = || server.get("/api/companies").bearer(&token);
    let plain = list().expect(200);
    assert_eq!(
        (plain.header("content-encoding"), plain.header("vary")),
        (None, Some("accept-encoding"))
    );
    let packed = list().header("accept-encoding", "gzip, deflate, br, zstd").expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    assert_eq!(packed.number("content-length"), packed.body.len() as i64);
    assert!(packed.body.len() < plain.body.len() / 2);
    assert_eq!(unpacked(&packed), plain.json());
    let refused = list().header("accept-encoding", "gzip;q=0, identity").expect(200);
    assert_eq!(refused.json(), plain.json());
}

#[test]
fn the_answer_to_a_login_never_is() {
    let server = Server::sqlite();
    let body = json!({
        "email": "a@acme.example", "password": "Admin@123", "firstName": "A".repeat(100), "lastName": "B".repeat(100),
        "tenantName": "Acme",
    });
    server
        .post("/api/auth/register")
        .header("accept-encoding", "gzip")
        .json(&body)
        .expect(201);
    let login = json!({ "email": "a@acme.example", "password": "Admin@123" });
    let answer = server
        .post("/api/auth/login")
        .header("accept-encoding", "gzip")
        .json(&login)
        .expect(200);
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.json()["token"].is_string());
}

#[test]
fn the_documentation_is_compressed_and_asked_for_again_by_its_tag() {
    let server = Server::sqlite();
    for path in [
        "/openapi.json",
        "/docs/",
        "/docs/swagger-ui-bundle.js",
        "/docs/swagger-initializer.js",
    ] {
        let plain = server.get(path).expect(200);
        assert_eq!(plain.header("cache-control"), Some("no-cache"), "{path}");
        let tag = plain.header("etag").unwrap();
        let same = server.get(path).header("if-none-match", tag).expect(304);
        assert!(same.body.is_empty());
        server.get(path).header("if-none-match", "W/\"other\"").expect(200);
        let packed = server.get(path).header("accept-encoding", "gzip").expect(200);
        assert_eq!(
            (packed.header("content-encoding"), packed.header("etag")),
            (Some("gzip"), Some(tag)),
            "{path}"
        );
        let mut bytes = Vec::new();
        GzDecoder::new(packed.body.as_slice()).read_to_end(&mut bytes).unwrap();
        assert!(bytes == plain.body, "{path}");
        let head = server.request("HEAD", path).expect(200);
        assert_eq!((head.body.len(), head.header("etag")), (0, Some(tag)), "{path}");
    }
}
