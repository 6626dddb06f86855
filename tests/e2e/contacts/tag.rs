//! Tags and the tags of contacts (contract D-99 … D-111, X-133).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{assert_uuid, data, details, full, keys, refusal, text};

each_server! {
    tags_are_made_listed_and_deleted,
    what_is_wrong_with_a_tag_is_told,
    a_contact_carries_tags,
    a_repeated_post_has_one_effect,
}

const NOBODY: &str = "0190a5a0-0000-7000-8000-000000000000";

fn create(server: &Server, key: &str, name: &str) -> Value {
    let answer = server.post("/api/v1/tags").bearer(key).json(&json!({ "name": name })).expect(201);
    data(server, &answer)["tag"].clone()
}

fn names(server: &Server, key: &str, path: &str) -> Vec<String> {
    let listed = data(server, &server.get(path).bearer(key).expect(200));
    listed["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| text(&tag["name"]).to_owned())
        .collect()
}

// D-99, D-100, D-101, D-102, D-104, D-105
fn tags_are_made_listed_and_deleted(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let body = json!({ "name": "Hot Lead", "color": "#FF5733", "description": "High-priority prospect" });
    let made = data(server, &server.post("/api/v1/tags").bearer(&key).json(&body).expect(201));
    let tag = &made["tag"];
    assert_eq!(keys(tag), ["color", "createdAt", "description", "id", "name"]);
    assert_uuid(&tag["id"]);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&tag[name], value);
    }
    assert_eq!(tag["createdAt"], server.now().to_second_precision());
    create(server, &key, "cold");
    let plain = create(server, &key, "Ærø 🪑");
    assert_eq!((&plain["color"], &plain["description"]), (&Value::Null, &Value::Null));
    assert_eq!(names(server, &key, "/api/v1/tags"), ["cold", "Hot Lead", "Ærø 🪑"]);
    let path = format!("/api/v1/tags/{}", text(&tag["id"]));
    let deleted = data(server, &server.delete(&path).bearer(&key).expect(200));
    assert_eq!(deleted, json!({ "message": "Tag deleted successfully", "deletedId": tag["id"] }));
    assert_eq!(names(server, &key, "/api/v1/tags"), ["cold", "Ærø 🪑"]);
    refusal(server, &server.delete(&path).bearer(&key).send(), 404, "NOT_FOUND");
    for unknown in [NOBODY, "1", "tag_1", &text(&plain["id"]).replace('-', "")] {
        let error = refusal(
            server,
            &server.delete(&format!("/api/v1/tags/{unknown}")).bearer(&key).send(),
            404,
            "NOT_FOUND",
        );
        assert_eq!(error["message"], "Tag not found");
    }
}

// D-33, D-103
fn what_is_wrong_with_a_tag_is_told(server: &Server) {
    let key = full(&server.tenant("Acme"));
    create(server, &key, "VIP");
    let post = |body: Value| server.post("/api/v1/tags").bearer(&key).json(&body).send();
    refusal(server, &post(json!({ "name": " vip " })), 409, "DUPLICATE_RESOURCE");
    for (body, expected) in [
        (json!({}), &[("name", "required")][..]),
        (json!({ "name": null }), &[("name", "required")]),
        (json!({ "name": "a,b", "color": "red" }), &[("color", "custom"), ("name", "custom")]),
        (
            json!({ "name": "x".repeat(51), "description": 1 }),
            &[("description", "invalid_type"), ("name", "too_big")],
        ),
    ] {
        let error = refusal(server, &post(body.clone()), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), expected, "{body}");
        assert_eq!(error["message"], "Request validation failed.");
    }
}

// D-106, D-107, D-108, D-109, D-110, D-111
fn a_contact_carries_tags(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let contact = tenant.contact("Ada", "ada@example.com", "1");
    let other = tenant.contact("Bob", "bob@example.com", "2");
    let path = format!("/api/v1/contacts/{}/tags", contact.uuid);
    let (hot, cold) = (create(server, &key, "Hot"), create(server, &key, "Cold"));
    let assign = |path: &str, body: Value| server.post(path).bearer(&key).json(&body).send();
    for tag in [&hot, &cold, &hot] {
        let answer = assign(&path, json!({ "tagId": tag["id"] })).expect(200);
        assert_eq!(data(server, &answer)["tag"], *tag);
    }
    assert_eq!(names(server, &key, &path), ["Cold", "Hot"]);
    assert!(names(server, &key, &format!("/api/v1/contacts/{}/tags", other.uuid)).is_empty());

    refusal(server, &assign(&path, json!({ "tagId": NOBODY })), 404, "NOT_FOUND");
    refusal(server, &assign(&path, json!({ "tagId": "none" })), 404, "NOT_FOUND");
    let nobody = format!("/api/v1/contacts/{NOBODY}/tags");
    refusal(server, &assign(&nobody, json!({ "tagId": hot["id"] })), 404, "NOT_FOUND");
    refusal(server, &server.get(&nobody).bearer(&key).send(), 404, "NOT_FOUND");
    let error = refusal(server, &assign(&path, json!({})), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("tagId", "required")]);

    let taken = format!("{path}/{}", text(&hot["id"]));
    for _ in 0..2 {
        let answer = data(server, &server.delete(&taken).bearer(&key).expect(200));
        assert_eq!(answer["deletedId"], hot["id"]);
    }
    assert_eq!(names(server, &key, &path), ["Cold"]);
    assert_eq!(names(server, &key, "/api/v1/tags"), ["Cold", "Hot"]);
    refusal(
        server,
        &server.delete(&format!("{path}/{NOBODY}")).bearer(&key).send(),
        404,
        "NOT_FOUND",
    );
    // A deleted tag is carried by nobody.
    server
        .delete(&format!("/api/v1/tags/{}", text(&cold["id"])))
        .bearer(&key)
        .expect(200);
    assert!(names(server, &key, &path).is_empty());
}

//
fn a_repeated_post_has_one_effect(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let post = |name: &str| {
        let request = server.post("/api/v1/tags").bearer(&key).header("idempotency-key", "k1");
        request.json(&json!({ "name": name })).send()
    };
    let first = post("VIP").expect(201);
    let again = post("VIP").expect(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
    refusal(server, &post("Other"), 422, "VALIDATION_ERROR");
    let bad = server
        .post("/api/v1/tags")
        .bearer(&key)
        .header("idempotency-key", "")
        .json(&json!({ "name": "x" }));
    refusal(server, &bad.send(), 400, "BAD_REQUEST");
}
