//! Tags, and records that carry them.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, fields, ids, page::get, refusal, text};

each_server! {
    a_tag_round_trips_with_every_field,
    what_is_wrong_with_a_tag_is_told,
    tags_are_put_on_records_of_every_kind_and_taken_off,
    records_are_filtered_by_their_tags,
    a_deleted_tag_is_shown_no_more_until_it_is_restored,
    only_managers_shape_tags,
}

const PATHS: [&str; 5] = ["/api/companies", "/api/contacts", "/api/deals", "/api/leads", "/api/tickets"];

fn body_of(path: &str, number: u32) -> Value {
    match path {
        "/api/contacts" => json!({ "lastName": format!("C{number}") }),
        "/api/leads" => json!({ "firstName": "L", "lastName": "L", "email": format!("l{number}@example.com") }),
        "/api/tickets" => json!({ "subject": format!("T{number}") }),
        _ => json!({ "name": format!("N{number}") }),
    }
}

// X-93
fn a_tag_round_trips_with_every_field(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let made = create(
        server,
        &token,
        "/api/tags",
        &json!({ "name": " Ærø 🪑 ", "color": "#AABB0c", "description": "two\nlines" }),
    );
    assert_eq!(
        (&made["id"], &made["name"], &made["color"], &made["description"]),
        (&json!("tag_1"), &json!("Ærø 🪑"), &json!("#aabb0c"), &json!("two\nlines"))
    );
    assert_eq!(get(server, &token, "/api/tags/tag_1"), made);
    let changed = server
        .put("/api/tags/tag_1")
        .bearer(&token)
        .json(&json!({ "color": null }))
        .expect(200);
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["color"]), (&made["name"], &Value::Null));
    assert_eq!(get(server, &token, "/api/tags?search=ærø")["items"], json!([changed]));
    server.delete("/api/tags/tag_1").bearer(&token).expect(204);
    refusal(server, &server.get("/api/tags/tag_1").bearer(&token).send(), 404, "NOT_FOUND");
}

fn what_is_wrong_with_a_tag_is_told(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let post = |body: Value| server.post("/api/tags").bearer(&token).json(&body).send();
    let error = refusal(server, &post(json!({ "name": "a,b", "color": "red" })), 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["color", "name"]);
    post(json!({ "name": "VIP" }));
    refusal(server, &post(json!({ "name": " vip " })), 409, "DUPLICATE");
    create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let tagged = |body: Value| server.post("/api/companies/company_1/tags").bearer(&token).json(&body).send();
    for (body, wrong) in [
        (json!({}), "tags"),
        (json!({ "tags": [] }), "tags"),
        (json!({ "tags": "VIP" }), "tags"),
        (json!({ "tags": [1] }), "tags"),
        (json!({ "tags": ["ok", ""] }), "tags[1]"),
        (json!({ "tags": ["x".repeat(51)] }), "tags[0]"),
        (json!({ "tags": vec!["many"; 51] }), "tags"),
    ] {
        let error = refusal(server, &tagged(body.clone()), 422, "VALIDATION_ERROR");
        assert_eq!(fields(&error), [wrong], "{body}");
    }
    let unknown = server
        .post("/api/companies/company_9/tags")
        .bearer(&token)
        .json(&json!({ "tags": ["VIP"] }))
        .send();
    refusal(server, &unknown, 404, "NOT_FOUND");
}

fn tags_are_put_on_records_of_every_kind_and_taken_off(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for path in PATHS {
        let made = create(server, &token, path, &body_of(path, 1));
        assert_eq!(made["tags"], json!([]), "{path}");
        let item = format!("{path}/{}", text(&made["id"]));
        let post = |names: Value| {
            server
                .post(&format!("{item}/tags"))
                .bearer(&token)
                .json(&json!({ "tags": names }))
                .expect(200)
                .json()
        };
        assert_eq!(post(json!(["vip", "Ärger"]))["tags"], post(json!(["VIP"]))["tags"], "{path}");
        let shown = get(server, &token, &item);
        assert_eq!(shown["tags"], json!(["vip", "Ärger"]), "{path}");
        assert_eq!(get(server, &token, path)["items"][0], shown, "{path}");
        let history = get(server, &token, &format!("{item}/changes"));
        assert_eq!(history["items"][0]["changes"], json!({ "tags": [[], ["vip", "Ärger"]] }), "{path}");
        // By its name, whatever the case, or by its id; what is not there is no matter.
        for named in ["%20VIP", "VIP", "nothing"] {
            let left = server.delete(&format!("{item}/tags/{named}")).bearer(&token).expect(200).json();
            assert_eq!(left["tags"], json!(["Ärger"]), "{path}");
        }
        assert_eq!(
            server.delete(&format!("{item}/tags/tag_2")).bearer(&token).expect(200).json()["tags"],
            json!([])
        );
        // A change of the record shows its tags, and one of its tags is a change of the record.
        let tagged = post(json!(["vip"]));
        let put = server.put(&item).bearer(&token).json(&body_of(path, 2)).expect(200);
        assert_eq!(
            (&put.json()["tags"], put.json()["id"] == tagged["id"]),
            (&json!(["vip"]), true),
            "{path}"
        );
    }
    assert_eq!(
        get(server, &token, "/api/tags")["totalCount"],
        2,
        "made once, by the first that needed them"
    );
    assert_eq!(
        get(server, &token, "/api/tags/tag_1/usage"),
        json!({ "tagId": "tag_1", "records": 5 })
    );
    server.delete("/api/deals/deal_1").bearer(&token).expect(204);
    assert_eq!(get(server, &token, "/api/tags/tag_1/usage")["records"], 4);
    let restored = server.post("/api/deals/deal_1/restore").bearer(&token).expect(200).json();
    assert_eq!(restored["tags"], json!(["vip"]));
}

fn records_are_filtered_by_their_tags(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for path in PATHS {
        for (number, tags) in [(1, &["red", "blue"][..]), (2, &["red"]), (3, &["green"]), (4, &[])] {
            let made = create(server, &token, path, &body_of(path, number));
            if !tags.is_empty() {
                let tagging = server.post(&format!("{path}/{}/tags", text(&made["id"]))).bearer(&token);
                tagging.json(&json!({ "tags": tags })).expect(200);
            }
        }
        for (asked, numbers) in [
            ("filter[tags]=RED", &[1, 2][..]),
            ("filter[tags][in]=blue,green", &[1, 3]),
            ("filter[tags]=red&filter[tags][in]=blue,green", &[1]),
            ("filter[tags]=red&filter[id][in]=ID2,ID3", &[2]),
            ("filter[tags]=none", &[]),
        ] {
            let prefix = text(&get(server, &token, path)["items"][0]["id"]).trim_end_matches('1').to_owned();
            let asked = asked.replace("ID", &prefix);
            let page = get(server, &token, &format!("{path}?{asked}&sortBy=updatedAt"));
            let mut expected: Vec<String> = numbers.iter().map(|number| format!("{prefix}{number}")).collect();
            let mut found: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
            expected.sort();
            found.sort();
            assert_eq!((found, &page["totalCount"]), (expected, &json!(numbers.len())), "{path}?{asked}");
        }
        let first = get(server, &token, &format!("{path}?filter[tags]=red&pageSize=1"));
        let cursor = text(&first["nextCursor"]);
        let second = get(server, &token, &format!("{path}?filter[tags]=red&pageSize=1&cursor={cursor}"));
        assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
        for refused in ["filter[tags][contains]=r", "filter[tags]=a,,b", "filter[tag]=red"] {
            refusal(
                server,
                &server.get(&format!("{path}?{refused}")).bearer(&token).send(),
                400,
                "VALIDATION_ERROR",
            );
        }
    }
    // A kind without tags has no such filter.
    refusal(
        server,
        &server.get("/api/tasks?filter[tags]=red").bearer(&token).send(),
        400,
        "VALIDATION_ERROR",
    );
}

fn a_deleted_tag_is_shown_no_more_until_it_is_restored(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let post = server
        .post("/api/companies/company_1/tags")
        .bearer(&token)
        .json(&json!({ "tags": ["VIP"] }));
    post.expect(200);
    server.delete("/api/tags/tag_1").bearer(&token).expect(204);
    assert_eq!(get(server, &token, "/api/companies/company_1")["tags"], json!([]));
    assert_eq!(get(server, &token, "/api/companies?filter[tags]=vip")["totalCount"], 0);
    server.post("/api/tags/tag_1/restore").bearer(&token).expect(200);
    assert_eq!(get(server, &token, "/api/companies/company_1")["tags"], json!(["VIP"]));
    assert_eq!(get(server, &token, "/api/companies?filter[tags]=vip")["totalCount"], 1);
}

// X-86
fn only_managers_shape_tags(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    create(server, &admin, "/api/companies", &json!({ "name": "Acme" }));
    let user = tenant.login(&tenant.user(Role::User)).token;
    refusal(
        server,
        &server.post("/api/tags").bearer(&user).json(&json!({ "name": "VIP" })).send(),
        403,
        "PERMISSION_DENIED",
    );
    let tagged = server
        .post("/api/companies/company_1/tags")
        .bearer(&user)
        .json(&json!({ "tags": ["VIP"] }));
    assert_eq!(tagged.expect(200).json()["tags"], json!(["VIP"]));
}
