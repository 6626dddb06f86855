//! What happened to one record.

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, page::get, refusal, text};

each_server! {
    a_records_changes_are_told_newest_first,
}

fn a_records_changes_are_told_newest_first(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for name in ["Acme", "Other"] {
        create(server, &token, "/api/companies", &json!({ "name": name }));
    }
    for city in ["Bern", "Basel", "Genf"] {
        server
            .put("/api/companies/company_1")
            .bearer(&token)
            .json(&json!({ "city": city }))
            .expect(200);
    }
    let path = "/api/companies/company_1/changes";
    let all = get(server, &token, path);
    let cities: Vec<&Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["changes"]["city"])
        .collect();
    assert_eq!(
        cities,
        [
            &json!(["Basel", "Genf"]),
            &json!(["Bern", "Basel"]),
            &json!([null, "Bern"]),
            &Value::Null
        ]
    );
    assert_eq!((&all["hasNextPage"], &all["nextCursor"]), (&json!(false), &Value::Null));
    let feed = get(server, &token, "/api/changes?after=4");
    assert_eq!(feed["items"][0], all["items"][0], "the shape is the feed's");
    let (mut walked, mut next) = (Vec::new(), String::new());
    loop {
        let page = get(server, &token, &format!("{path}?pageSize=3{next}"));
        walked.extend(page["items"].as_array().unwrap().clone());
        if page["nextCursor"].is_null() {
            break;
        }
        next = format!("&cursor={}", text(&page["nextCursor"]));
    }
    assert_eq!(Value::Array(walked), all["items"]);
    server.delete("/api/companies/company_1").bearer(&token).expect(204);
    assert_eq!(get(server, &token, path)["items"][0]["kind"], "deleted");
    refusal(
        server,
        &server.get("/api/companies/company_99/changes").bearer(&token).send(),
        404,
        "NOT_FOUND",
    );
    let foreign = format!(
        "/api/companies/company_2/changes?cursor={}",
        text(&get(server, &token, &format!("{path}?pageSize=1"))["nextCursor"])
    );
    refusal(server, &server.get(&foreign).bearer(&token).send(), 400, "VALIDATION_ERROR");
    let stranger = server.tenant("Bolt").admin_token();
    refusal(server, &server.get(path).bearer(&stranger).send(), 404, "NOT_FOUND");
}
