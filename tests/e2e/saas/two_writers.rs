//! Two writers to one record, for every noun: who asks for it by `If-Match` hears that the record changed in between; who does not writes
//! over it; and the feed shows what each of them did.

use std::thread;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, ids, keys, refusal, text};

each_server! {
    every_noun_keeps_two_writers_apart,
    of_two_at_once_one_is_refused,
}

/// A noun: its path, a record, and a field with the values that it is made with and that two writers give it.
struct Noun {
    path: &'static str,
    record: fn() -> Value,
    field: &'static str,
    values: [&'static str; 3],
}

/// Whoever adds a noun adds its line.
const NOUNS: &[Noun] = &[
    Noun {
        path: "/api/companies",
        record: || json!({ "name": "Made" }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/deals",
        record: || json!({ "name": "Made" }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/partners",
        record: || json!({ "name": "Made" }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/sla-policies",
        record: || json!({ "name": "Made", "appliesTo": "Lead", "firstResponseMinutes": 5, "resolutionMinutes": 60 }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/custom-fields",
        record: || json!({ "entity": "leads", "key": "tier", "type": "text", "label": "Made" }),
        field: "label",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/tickets",
        record: || json!({ "subject": "Made" }),
        field: "subject",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/leads",
        record: || json!({ "firstName": "Made", "lastName": "Lead", "email": "lead@example.com" }),
        field: "firstName",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/activities",
        record: || json!({ "type": "note", "subject": "Made" }),
        field: "subject",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/tasks",
        record: || json!({ "title": "Made" }),
        field: "title",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/contacts",
        record: || json!({ "lastName": "Made" }),
        field: "lastName",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/pipelines",
        record: || json!({ "name": "Made" }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/tags",
        record: || json!({ "name": "Made" }),
        field: "name",
        values: ["Made", "First", "Second"],
    },
    Noun {
        path: "/api/webhooks",
        record: || json!({ "url": "https://example.com/hook", "events": ["*"], "description": "Made" }),
        field: "description",
        values: ["Made", "First", "Second"],
    },
];

/// What has no entity tags: the control plane's records, which are no tenant's and in no feed.
const WITHOUT: [&str; 1] = ["/api/users"];

#[test]
fn every_noun_that_can_be_changed_has_its_line() {
    let changed = crm_http::routes()
        .into_iter()
        .filter(|route| route.family == "saas" && route.method == "PUT");
    let mut paths: Vec<&str> = changed.filter_map(|route| route.template.strip_suffix("/{id}")).collect();
    paths.sort_unstable();
    let mut known: Vec<&str> = NOUNS.iter().map(|noun| noun.path).chain(WITHOUT).collect();
    known.sort_unstable();
    assert_eq!(paths, known, "a noun is missing in {}", file!());
}

fn every_noun_keeps_two_writers_apart(server: &Server) {
    let tenant = server.tenant("Acme");
    let [one, other] = [tenant.admin_token(), tenant.admin_token()];
    for noun in NOUNS {
        let [made, first, second] = noun.values;
        let body = |value: &str| json!({ noun.field: value });
        let record = create(server, &one, noun.path, &(noun.record)());
        assert_eq!(record[noun.field], made, "{}", noun.path);
        let item = format!("{}/{}", noun.path, text(&record["id"]));
        // Both read the same state.
        let tags = [&one, &other].map(|token| server.get(&item).bearer(token).expect(200).header("etag").unwrap().to_owned());
        assert_eq!(tags[0], tags[1]);
        let put = |token: &str, tag: Option<&str>, value: &str| {
            let request = server.put(&item).bearer(token).json(&body(value));
            match tag {
                Some(tag) => request.header("if-match", tag).send(),
                None => request.send(),
            }
        };
        let written = put(&one, Some(&tags[0]), first).expect(200);
        let newer = written.header("etag").unwrap().to_owned();
        assert_ne!(newer, tags[0], "{}", noun.path);
        refusal(server, &put(&other, Some(&tags[1]), second), 412, "VALIDATION_ERROR");
        let stale = server.delete(&item).bearer(&other).header("if-match", &tags[1]).send();
        refusal(server, &stale, 412, "VALIDATION_ERROR");
        let read = server.get(&item).bearer(&other).expect(200);
        assert_eq!(
            (&read.json()[noun.field], read.header("etag")),
            (&json!(first), Some(newer.as_str()))
        );
        // Without a condition the last one wins.
        assert_eq!(put(&other, None, second).expect(200).json()[noun.field], second);
        let told: Vec<Value> = changes_of(server, &one, text(&record["id"]));
        let expected = [[made, first], [first, second]].map(|pair| json!({ noun.field: pair }));
        assert_eq!(told, expected, "{}", noun.path);
        let newest = server.get(&item).bearer(&one).expect(200).header("etag").unwrap().to_owned();
        server.delete(&item).bearer(&one).header("if-match", &newest).expect(204);
    }
}

/// What the updates of a record changed, in their order.
fn changes_of(server: &Server, token: &str, id: &str) -> Vec<Value> {
    let feed = server.get("/api/changes?limit=500").bearer(token).expect(200).json();
    let items = feed["items"].as_array().expect("items");
    let of = items
        .iter()
        .filter(|change| change["entityId"] == id && change["kind"] == "updated");
    of.map(|change| {
        assert_eq!(keys(&change["changes"]).len(), 1, "{change}");
        change["changes"].clone()
    })
    .collect()
}

fn of_two_at_once_one_is_refused(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for noun in NOUNS {
        let record = create(server, &token, noun.path, &(noun.record)());
        let item = format!("{}/{}", noun.path, text(&record["id"]));
        let tag = server.get(&item).bearer(&token).expect(200).header("etag").unwrap().to_owned();
        let put = |value: &str| {
            let request = server.put(&item).bearer(&token).header("if-match", &tag);
            request.json(&json!({ noun.field: value })).send().status
        };
        let mut statuses = thread::scope(|scope| {
            let writers = [noun.values[1], noun.values[2]].map(|value| scope.spawn(move || put(value)));
            writers.map(|writer| writer.join().expect("a writer"))
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{}", noun.path);
        assert_eq!(changes_of(server, &token, text(&record["id"])).len(), 1, "{}", noun.path);
        let list = server.get(noun.path).bearer(&token).expect(200).json();
        let listed = ids(&list).into_iter().filter(|id| record["id"] == **id).count();
        assert_eq!(listed, 1, "{}", noun.path);
    }
}
