//! Pipelines and stages (contract C-119, X-86, X-87, X-90, X-93).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{create, details, ids, refusal, text};

each_server! {
    a_pipeline_is_made_changed_and_deleted,
    stages_are_made_changed_ordered_and_deleted,
    what_is_in_use_stays,
    what_is_wrong_with_a_pipeline_is_told,
    only_managers_shape_pipelines,
}

const PATH: &str = "/api/pipelines";

fn names(pipeline: &Value) -> Vec<&str> {
    pipeline["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| text(&stage["name"]))
        .collect()
}

const DEFAULT: [&str; 6] = [
    "Prospecting",
    "Qualification",
    "Proposal Sent",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
];

// C-115, X-90, X-93
fn a_pipeline_is_made_changed_and_deleted(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let token = &login.token;
    let list = server.get(PATH).bearer(token).expect(200).json();
    let sales = &list["items"][0];
    assert_eq!(
        (ids(&list), &sales["name"], &sales["isDefault"]),
        (vec!["pipeline_1"], &json!("Sales"), &json!(true))
    );
    assert_eq!(names(sales), DEFAULT);
    let sent = json!({
        "name": "Renewals 🔁",
        "stages": [{ "name": "New", "probability": 20 }, { "name": "Won", "kind": "WON" }, { "name": "Lost", "kind": "lost" }],
    });
    let answer = server.post(PATH).bearer(token).json(&sent).expect(201);
    assert_eq!(answer.header("location"), Some("/api/pipelines/pipeline_2"));
    let made = answer.json();
    let stage = |id: i64, name: &str, position: i64, probability: i64, kind: &str| {
        json!({
            "id": format!("stage_{id}"), "pipelineId": "pipeline_2", "name": name, "position": position, "probability": probability,
            "kind": kind, "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id,
            "tenantId": login.tenant_id,
        })
    };
    let expected = json!({
        "id": "pipeline_2", "name": "Renewals 🔁", "isDefault": false, "createdAt": "2025-01-15T10:00:00Z",
        "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id, "tenantId": login.tenant_id,
        "stages": [stage(7, "New", 1, 20, "open"), stage(8, "Won", 2, 100, "won"), stage(9, "Lost", 3, 0, "lost")],
    });
    assert_eq!(made, expected);
    let item = "/api/pipelines/pipeline_2";
    assert_eq!(server.get(item).bearer(token).expect(200).json(), expected);
    server.advance(Duration::from_secs(60));
    let changed = server
        .put(item)
        .bearer(token)
        .json(&json!({ "name": "Extensions", "isDefault": true }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["name"], &changed["isDefault"], &changed["updatedAt"]),
        (&json!("Extensions"), &json!(true), &json!("2025-01-15T10:01:00Z"))
    );
    let list = server
        .get("/api/pipelines?filter[isDefault]=true&fields=name")
        .bearer(token)
        .expect(200)
        .json();
    assert_eq!(
        (&list["items"], &list["totalCount"]),
        (&json!([{ "id": "pipeline_2", "name": "Extensions" }]), &json!(1))
    );
    // New deals enter the default pipeline.
    let deal = create(server, token, "/api/deals", &json!({ "name": "Deal" }));
    assert_eq!((&deal["stageId"], &deal["probability"]), (&json!("stage_7"), &json!(20)));
    server.delete("/api/pipelines/pipeline_1").bearer(token).expect(204);
    refusal(
        server,
        &server.get("/api/pipelines/pipeline_1").bearer(token).send(),
        404,
        "NOT_FOUND",
    );
    assert_eq!(ids(&server.get(PATH).bearer(token).expect(200).json()), ["pipeline_2"]);
    let without_stages = create(server, token, PATH, &json!({ "name": "sales" }));
    assert_eq!(names(&without_stages), DEFAULT);
}

//
fn stages_are_made_changed_ordered_and_deleted(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let stages = "/api/pipelines/pipeline_1/stages";
    let answer = server
        .post(stages)
        .bearer(&token)
        .json(&json!({ "name": "Demo", "probability": 60 }))
        .expect(201);
    assert_eq!(answer.header("location"), Some("/api/pipelines/pipeline_1/stages/stage_7"));
    let made = answer.json();
    assert_eq!((&made["position"], &made["kind"]), (&json!(5), &json!("open")));
    let item = format!("{stages}/stage_7");
    assert_eq!(server.get(&item).bearer(&token).expect(200).json(), made);
    let shown = || {
        let list = server.get(stages).bearer(&token).expect(200).json();
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| text(&stage["name"]).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(),
        [
            "Prospecting",
            "Qualification",
            "Proposal Sent",
            "Negotiation",
            "Demo",
            "Closed Won",
            "Closed Lost"
        ]
    );
    let tag = server.get(&item).bearer(&token).expect(200).header("etag").unwrap().to_owned();
    let change = |tag: &str| {
        let request = server.put(&item).bearer(&token).header("if-match", tag);
        request.json(&json!({ "name": "Live demo", "position": 1 })).send()
    };
    assert_eq!(change(&tag).json()["name"], "Live demo");
    refusal(server, &change(&tag), 412, "VALIDATION_ERROR");
    let order = json!({ "stageIds": ["stage_7", "stage_1", "stage_2", "stage_3", "stage_4", "stage_5", "stage_6"] });
    let ordered = server
        .put(&format!("{stages}/order"))
        .bearer(&token)
        .json(&order)
        .expect(200)
        .json();
    assert_eq!(names(&ordered)[..2], ["Live demo", "Prospecting"]);
    assert_eq!(shown()[0], "Live demo");
    for wrong in [
        json!({}),
        json!({ "stageIds": ["stage_7"] }),
        json!({ "stageIds": ["stage_7", "x"] }),
        json!({ "stageIds": "stage_7" }),
    ] {
        let answer = server.put(&format!("{stages}/order")).bearer(&token).json(&wrong).send();
        assert_eq!(details(&refusal(server, &answer, 422, "VALIDATION_ERROR"))[0].0, "stageIds");
    }
    server.delete(&item).bearer(&token).expect(204);
    refusal(server, &server.get(&item).bearer(&token).send(), 404, "NOT_FOUND");
    assert_eq!(shown(), DEFAULT);
    // A stage is one of its own pipeline only.
    create(server, &token, PATH, &json!({ "name": "Other" }));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server
            .request(method, "/api/pipelines/pipeline_2/stages/stage_1")
            .bearer(&token)
            .body("{}")
            .send();
        assert_eq!(refusal(server, &answer, 404, "NOT_FOUND")["message"], "Stage not found");
    }
}

fn what_is_in_use_stays(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let state = |answer: Answer| text(&refusal(server, &answer, 409, "DUPLICATE")["message"]).to_owned();
    let delete = |path: &str| server.delete(path).bearer(&token).send();
    let deals: Vec<Value> = (0..2)
        .map(|_| create(server, &token, "/api/deals", &json!({ "name": "Deal", "stage": "Qualification" })))
        .collect();
    let second = "/api/pipelines/pipeline_1/stages/stage_2";
    assert_eq!(state(delete(second)), "The stage is used by 2 deals and cannot be deleted");
    let kind = server.put(second).bearer(&token).json(&json!({ "kind": "won" })).send();
    assert_eq!(state(kind), "The stage is used by 2 deals and cannot be changed to another kind");
    assert_eq!(
        state(delete("/api/pipelines/pipeline_1")),
        "The pipeline is the default one and cannot be deleted"
    );
    assert_eq!(
        state(delete("/api/pipelines/pipeline_1/stages/stage_5")),
        "The stage is the pipeline's last won stage and cannot be deleted"
    );
    for wrong in ["stage_2", "stage_5", "stage_99"] {
        let error = refusal(server, &delete(&format!("{second}?moveTo={wrong}")), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("moveTo", "Move to must name another open stage")]);
    }
    refusal(server, &delete(&format!("{second}?moveTo=3")), 400, "VALIDATION_ERROR");
    assert_eq!(delete(&format!("{second}?moveTo=stage_3")).status, 204);
    for deal in deals {
        let moved = server
            .get(&format!("/api/deals/{}", text(&deal["id"])))
            .bearer(&token)
            .expect(200)
            .json();
        assert_eq!((&moved["stageId"], &moved["probability"]), (&json!("stage_3"), &json!(50)));
    }
    create(server, &token, PATH, &json!({ "name": "Other" }));
    create(server, &token, "/api/deals", &json!({ "name": "Deal", "stageId": "stage_7" }));
    assert_eq!(
        state(delete("/api/pipelines/pipeline_2")),
        "The pipeline is used by 1 deal and cannot be deleted"
    );
}

// C-117, C-121
fn what_is_wrong_with_a_pipeline_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let post = |body: Value| server.post(PATH).bearer(&token).json(&body).send();
    let error = refusal(server, &post(json!({ "name": "SALES" })), 409, "DUPLICATE");
    assert_eq!(error["message"], "A pipeline with this name already exists");
    let wrong =
        json!({ "stages": [{ "probability": 101 }, { "name": "x", "kind": "gone" }, { "name": "X", "kind": "lost" }], "isDefault": 1 });
    let error = refusal(server, &post(wrong), 422, "VALIDATION_ERROR");
    let expected = [
        ("isDefault", "Is default must be true or false"),
        ("name", "Name is required"),
        ("stages", "Stages must contain a stage of the kind won"),
        ("stages[0].name", "Stages[0].name is required"),
        ("stages[0].probability", "Stages[0].probability must be between 0 and 100"),
        ("stages[1].kind", "Stages[1].kind must be one of: open, won, lost"),
    ];
    assert_eq!(details(&error), expected);
    let stage = server
        .post("/api/pipelines/pipeline_1/stages")
        .bearer(&token)
        .json(&json!({ "name": "negotiation" }))
        .send();
    assert_eq!(
        refusal(server, &stage, 409, "DUPLICATE")["message"],
        "A stage with this name already exists"
    );
    let off = server
        .put("/api/pipelines/pipeline_1")
        .bearer(&token)
        .json(&json!({ "isDefault": false }))
        .send();
    let message = "Is default stays true until another pipeline becomes the default one";
    assert_eq!(details(&refusal(server, &off, 422, "VALIDATION_ERROR")), [("isDefault", message)]);
    for path in [
        "/api/pipelines/pipeline_9",
        "/api/pipelines/1",
        "/api/pipelines/pipeline_9/stages",
        "/api/pipelines/pipeline_1/stages/stage_9",
    ] {
        refusal(server, &server.get(path).bearer(&token).send(), 404, "NOT_FOUND");
    }
}

// C-30, C-119, X-86
fn only_managers_shape_pipelines(server: &Server) {
    let tenant = server.tenant("Acme");
    let [user, manager] = [Role::User, Role::Manager].map(|role| tenant.login(&tenant.user(role)).token);
    server.get(PATH).bearer(&user).expect(200);
    refusal(
        server,
        &server.post(PATH).bearer(&user).json(&json!({ "name": "x" })).send(),
        403,
        "PERMISSION_DENIED",
    );
    create(server, &manager, PATH, &json!({ "name": "x" }));
}
