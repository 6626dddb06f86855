//! Deals in their stages: actions, history, board and forecast (contract C-70, C-119, X-87, X-90).

use std::time::Duration;

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{create, details, ids, refusal, text};

each_server! {
    a_deal_goes_through_its_stages,
    what_is_wrong_is_told,
    an_action_takes_effect_once,
    an_action_takes_effect_on_the_state_it_names,
    family_a_shows_what_was_done,
    a_board_shows_what_is_in_each_stage,
    a_forecast_shows_what_is_expected,
}

const PATH: &str = "/api/deals";

fn item(deal: &Value) -> String {
    format!("{PATH}/{}", text(&deal["id"]))
}

fn shown(deal: &Value) -> Value {
    json!([
        deal["stageId"],
        deal["status"],
        deal["probability"],
        deal["closedOn"],
        deal["lostReason"]
    ])
}

// C-115, X-90
fn a_deal_goes_through_its_stages(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.user(Role::User));
    let token = &login.token;
    let deal = create(server, token, PATH, &json!({ "name": "Deal", "amount": 100 }));
    let act = |action: &str, body: Value| {
        server.advance(Duration::from_secs(60));
        let answer = server
            .post(&format!("{}/{action}", item(&deal)))
            .bearer(token)
            .json(&body)
            .expect(200);
        let now = answer.json();
        assert_eq!(server.get(&item(&deal)).bearer(token).expect(200).json(), now);
        shown(&now)
    };
    assert_eq!(
        act("stage", json!({ "stageId": "stage_2" })),
        json!(["stage_2", "open", 25, null, null])
    );
    let named = json!({ "stage": " negotiation ", "probability": 66 });
    assert_eq!(act("stage", named), json!(["stage_4", "open", 66, null, null]));
    let reason = json!({ "reason": "Zu teuer 💸" });
    assert_eq!(act("lose", reason), json!(["stage_6", "lost", 0, "2025-01-15", "Zu teuer 💸"]));
    assert_eq!(act("reopen", json!({})), json!(["stage_4", "open", 75, null, null]));
    let won = json!({ "closedOn": "2025-01-10", "amount": 120.5 });
    assert_eq!(act("win", won), json!(["stage_5", "won", 100, "2025-01-10", null]));
    assert_eq!(
        act("reopen", json!({ "stageId": "stage_1" })),
        json!(["stage_1", "open", 10, null, null])
    );
    let now = server.get(&item(&deal)).bearer(token).expect(200).json();
    assert_eq!((&now["amount"], &now["updatedAt"]), (&json!(120.5), &json!("2025-01-15T10:06:00Z")));
    // A body that says nothing need not be sent.
    assert_eq!(
        shown(&server.post(&format!("{}/win", item(&deal))).bearer(token).expect(200).json())[1],
        "won"
    );
    let history = server
        .get(&format!("{}/stage-history", item(&deal)))
        .bearer(token)
        .expect(200)
        .json();
    let actor = format!("user:{}", login.user_id.trim_start_matches("user_"));
    let stay = |stage: &str, id: &str, status: &str, entered: &str, left: Option<&str>| {
        json!({
            "stage": stage, "stageId": id, "status": status, "enteredAt": format!("2025-01-15T10:{entered}:00Z"),
            "leftAt": left.map(|left| format!("2025-01-15T10:{left}:00Z")), "actor": actor,
        })
    };
    let expected = json!([
        stay("Prospecting", "stage_1", "open", "00", Some("01")),
        stay("Qualification", "stage_2", "open", "01", Some("02")),
        stay("Negotiation", "stage_4", "open", "02", Some("03")),
        stay("Closed Lost", "stage_6", "lost", "03", Some("04")),
        stay("Negotiation", "stage_4", "open", "04", Some("05")),
        stay("Closed Won", "stage_5", "won", "05", Some("06")),
        stay("Prospecting", "stage_1", "open", "06", Some("06")),
        stay("Closed Won", "stage_5", "won", "06", None),
    ]);
    assert_eq!((&history["items"], &history["totalCount"]), (&expected, &json!(8)));
    let second = server
        .get(&format!("{}/stage-history?page=2&pageSize=3", item(&deal)))
        .bearer(token)
        .expect(200)
        .json();
    assert_eq!(second["items"].as_array().unwrap(), &expected.as_array().unwrap()[3..6]);
    let third = format!("{}/stage-history?pageSize=3&cursor={}", item(&deal), text(&second["nextCursor"]));
    let third = server.get(&third).bearer(token).expect(200).json();
    assert_eq!(third["items"].as_array().unwrap(), &expected.as_array().unwrap()[6..]);
    assert_eq!((&third["nextCursor"], &third["hasNextPage"]), (&Value::Null, &json!(false)));
    assert_eq!(
        (&second["totalPages"], &second["hasNextPage"], &second["hasPreviousPage"]),
        (&json!(3), &json!(true), &json!(true))
    );
}

// C-117, C-120
fn what_is_wrong_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, PATH, &json!({ "name": "Deal" }));
    let act = |action: &str, body: Value| server.post(&format!("{}/{action}", item(&deal))).bearer(&token).json(&body).send();
    let state = |answer: Answer| {
        let error = refusal(server, &answer, 409, "DUPLICATE");
        assert_eq!(error["details"], json!([]));
        text(&error["message"]).to_owned()
    };
    for (action, body, expected) in [
        ("stage", json!({}), ("stageId", "Stage id is required")),
        (
            "stage",
            json!({ "stageId": "stage_99" }),
            ("stageId", "Stage id must name an existing stage"),
        ),
        (
            "stage",
            json!({ "stageId": "stage_2", "probability": 101 }),
            ("probability", "Probability must be between 0 and 100"),
        ),
        ("lose", json!({}), ("reason", "Reason is required")),
        ("lose", json!({ "reason": 7 }), ("reason", "Reason must be a string")),
        (
            "win",
            json!({ "closedOn": "2025-02-30" }),
            ("closedOn", "Closed on must be a date in the form YYYY-MM-DD"),
        ),
        (
            "win",
            json!({ "closedOn": "2025-01-16" }),
            ("closedOn", "Closed on must not be in the future"),
        ),
        (
            "lose",
            json!({ "reason": "Price", "closedOn": "2999-01-01" }),
            ("closedOn", "Closed on must not be in the future"),
        ),
    ] {
        let error = refusal(server, &act(action, body), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [expected]);
    }
    assert_eq!(state(act("reopen", json!({}))), "The deal is open and cannot be reopened");
    act("win", json!({}));
    assert_eq!(state(act("win", json!({}))), "The deal is already won");
    assert_eq!(state(act("lose", json!({ "reason": "x" }))), "The deal is won and cannot be lost");
    assert_eq!(
        state(act("stage", json!({ "stageId": "stage_1" }))),
        "The deal is won and cannot be moved"
    );
    let error = refusal(server, &act("reopen", json!({ "stageId": "stage_6" })), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("stageId", "Stage id must name an open stage")]);
    server.delete(&item(&deal)).bearer(&token).expect(204);
    for action in ["stage", "win", "lose", "reopen"] {
        refusal(
            server,
            &act(action, json!({ "stageId": "stage_1", "reason": "x" })),
            404,
            "NOT_FOUND",
        );
    }
    refusal(
        server,
        &server.get(&format!("{}/stage-history", item(&deal))).bearer(&token).send(),
        404,
        "NOT_FOUND",
    );
    refusal(server, &act("win", json!([])), 400, "VALIDATION_ERROR");
}

// C-144
fn an_action_takes_effect_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, PATH, &json!({ "name": "Deal" }));
    let win = || {
        let request = server.post(&format!("{}/win", item(&deal))).bearer(&token);
        request.header("idempotency-key", "k").json(&json!({ "amount": 5 })).expect(200)
    };
    let (first, again) = (win(), win());
    assert_eq!(first.body, again.body);
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
}

// C-144, X-93
fn an_action_takes_effect_on_the_state_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, PATH, &json!({ "name": "Deal" }));
    let tag = || {
        let answer = server.get(&item(&deal)).bearer(&token).expect(200);
        answer.header("etag").expect("an entity tag").to_owned()
    };
    let act = |action: &str, key: &str, condition: &str| {
        let request = server.post(&format!("{}/{action}", item(&deal))).bearer(&token);
        let request = request.header("idempotency-key", key).header("if-match", condition);
        request.json(&json!({ "reason": "None" })).send()
    };
    let seen = tag();
    let won = act("win", "1", &seen);
    assert_eq!((won.status, won.header("etag")), (200, Some(tag().as_str())));
    // What it did is answered again, though the state that it names is gone by it.
    let again = act("win", "1", &seen);
    assert_eq!((again.status, &again.body), (200, &won.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    // Whoever looked before does not reopen what was won meanwhile, and may ask anew under the same key.
    let refused = act("reopen", "2", &seen);
    assert_eq!((refused.status, text(&refused.json()["error"]["code"])), (412, "VALIDATION_ERROR"));
    assert_eq!(act("reopen", "2", &tag()).status, 200);
}

//
fn family_a_shows_what_was_done(server: &Server) {
    let tenant = server.tenant("Acme");
    let (token, key) = (tenant.admin_token(), tenant.key(KeyFamily::HealthTrixss).text);
    let pipeline = create(server, &token, "/api/pipelines", &json!({ "name": "Renewals" }));
    let stages = format!("/api/pipelines/{}/stages", text(&pipeline["id"]));
    let signing = create(server, &token, &stages, &json!({ "name": "Signing", "probability": 95 }));
    let deal = create(server, &token, PATH, &json!({ "name": "Deal", "stageId": signing["id"] }));
    let of_a = || {
        let list = server
            .get("/api/v1/external/opportunities?includeInForecast=all")
            .header("x-api-key", &key)
            .expect(200)
            .json();
        json!([list["opportunities"][0]["stage"], list["opportunities"][0]["probability"]])
    };
    assert_eq!(of_a(), json!(["Signing", 95]));
    server.post(&format!("{}/win", item(&deal))).bearer(&token).expect(200);
    assert_eq!(of_a(), json!(["Closed Won", 100]));
    server.post(&format!("{}/reopen", item(&deal))).bearer(&token).expect(200);
    server
        .post(&format!("{}/lose", item(&deal)))
        .bearer(&token)
        .json(&json!({ "reason": "x" }))
        .expect(200);
    assert_eq!(of_a(), json!(["Closed Lost", 0]));
}

fn a_board_shows_what_is_in_each_stage(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deals: Vec<Value> = [
        json!({ "name": "A", "amount": 100.10, "currency": "USD", "probability": 50 }),
        json!({ "name": "B", "amount": 7, "currency": "EUR" }),
        json!({ "name": "C" }),
        json!({ "name": "D", "amount": 1000, "stage": "won" }),
    ]
    .iter()
    .map(|deal| create(server, &token, PATH, deal))
    .collect();
    let board = server.get("/api/deals/board?limit=2").bearer(&token).expect(200).json();
    let empty = |id: &str, name: &str, kind: &str, probability: i64| json!({ "stageId": id, "name": name, "kind": kind, "probability": probability, "count": 0, "sums": [], "deals": [] });
    let mut won = empty("stage_5", "Closed Won", "won", 100);
    won["count"] = json!(1);
    won["sums"] = json!([{ "currency": "USD", "count": 1, "amount": 1000, "weightedAmount": 1000 }]);
    won["deals"] = json!([deals[3]]);
    let mut first = empty("stage_1", "Prospecting", "open", 10);
    first["count"] = json!(3);
    first["sums"] = json!([
        { "currency": "EUR", "count": 1, "amount": 7, "weightedAmount": 0.7 },
        { "currency": "USD", "count": 1, "amount": 100.1, "weightedAmount": 50.05 },
    ]);
    first["deals"] = json!(deals[..2]);
    let expected = json!({
        "pipelineId": "pipeline_1",
        "name": "Sales",
        "stages": [
            first,
            empty("stage_2", "Qualification", "open", 25),
            empty("stage_3", "Proposal Sent", "open", 50),
            empty("stage_4", "Negotiation", "open", 75),
            won,
            empty("stage_6", "Closed Lost", "lost", 0),
        ],
    });
    assert_eq!(board, expected);
    let of_stage = server.get("/api/deals?filter[stageId]=stage_1").bearer(&token).expect(200).json();
    assert_eq!(ids(&of_stage).len(), 3);
    for wrong in ["pipelineId=1", "limit=x"] {
        refusal(
            server,
            &server.get(&format!("/api/deals/board?{wrong}")).bearer(&token).send(),
            400,
            "VALIDATION_ERROR",
        );
    }
    let missing = server.get("/api/deals/board?pipelineId=pipeline_9").bearer(&token).send();
    assert_eq!(refusal(server, &missing, 404, "NOT_FOUND")["message"], "Pipeline not found");
}

//
fn a_forecast_shows_what_is_expected(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (day, amount, more) in [
        (json!("2024-12-31"), 1, json!({})),
        (json!("2025-01-01"), 10, json!({ "probability": 50 })),
        (json!("2025-02-28"), 20, json!({ "probability": 33 })),
        (json!("2025-02-28"), 40, json!({ "includeInForecast": false })),
        (json!("2025-02-28"), 80, json!({ "stage": "Closed Won" })),
        (json!("2025-03-01"), 160, json!({})),
        (Value::Null, 320, json!({})),
    ] {
        let mut deal = json!({ "name": "Deal", "expectedCloseDate": day, "amount": amount });
        deal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        create(server, &token, PATH, &deal);
    }
    let sums = |amount: i64, weighted: f64| json!([{ "currency": "USD", "count": 1, "amount": amount, "weightedAmount": weighted }]);
    let get = |query: &str| server.get(&format!("/api/deals/forecast{query}")).bearer(&token).send();
    let mut expected = json!({
        "months": [
            { "month": "2025-01", "count": 1, "sums": sums(10, 5.0) },
            { "month": "2025-02", "count": 1, "sums": sums(20, 6.6) },
        ],
        "overdue": { "count": 1, "sums": sums(1, 0.1) },
        "unscheduled": { "count": 1, "sums": sums(320, 32.0) },
    });
    expected["months"][0]["sums"][0]["weightedAmount"] = json!(5);
    expected["unscheduled"]["sums"][0]["weightedAmount"] = json!(32);
    assert_eq!(get("?from=2025-01&months=2").json(), expected);
    // The present month and the eleven that follow.
    let year = get("").json();
    let months: Vec<&str> = year["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| text(&month["month"]))
        .collect();
    assert_eq!((months.len(), months[0], months[11]), (12, "2025-01", "2025-12"));
    // Days end with the year 9999, and so do months.
    let last = get("?from=9999-11&months=12").json();
    let last: Vec<&str> = last["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| text(&month["month"]))
        .collect();
    assert_eq!(last, ["9999-11", "9999-12"]);
    for wrong in ["?from=2025", "?months=0", "?months=61", "?from=2025-13&months=x"] {
        refusal(server, &get(wrong), 400, "VALIDATION_ERROR");
    }
}
