//! Statistics (contract D-134 … D-137, X-137).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{contact::make, data, full, keys, text};

each_server! {
    totals_follow_what_is_written,
}

fn stats(server: &Server, key: &str) -> Value {
    data(server, &server.get("/api/v1/stats").bearer(key).expect(200))["stats"].clone()
}

// D-134, D-135, D-136, D-137
fn totals_follow_what_is_written(server: &Server) {
    let key = full(&server.tenant("Acme"));
    assert_eq!(
        stats(server, &key),
        json!({ "totalContacts": 0, "totalCompanies": 0, "validEmails": 0, "averageLeadScore": 0.0 })
    );
    let made: Vec<Value> = [
        json!({ "fullName": "Ada", "email": "ada@example.com", "company": "Acme", "industry": "Technology", "country": "UK", "employees": 5 }),
        json!({ "fullName": "Bob", "company": "ACME", "country": "UK" }),
        json!({ "fullName": "Cleo", "email": "cleo@example.com", "company": "Bolt", "industry": "Health" }),
    ]
    .iter()
    .map(|body| make(server, &key, body))
    .collect();
    let told = stats(server, &key);
    assert_eq!(
        (&told["totalContacts"], &told["totalCompanies"], &told["validEmails"]),
        (&json!(3), &json!(2), &json!(2))
    );
    let scores: Vec<f64> = made.iter().map(|contact| text(&contact["leadScore"]).parse().unwrap()).collect();
    let average = scores.iter().sum::<f64>() / 3.0;
    assert!(
        (told["averageLeadScore"].as_f64().unwrap() - average).abs() <= 0.051,
        "{told} of {scores:?}"
    );

    let all = data(server, &server.get("/api/v1/stats/comprehensive").bearer(&key).expect(200));
    assert_eq!(
        keys(&all),
        [
            "byCountry",
            "byEmployeeSizeBracket",
            "byIndustry",
            "byLeadScore",
            "byMonth",
            "stats"
        ]
    );
    assert_eq!(all["stats"], told);
    assert_eq!(all["byCountry"], json!([{ "value": "UK", "count": 2 }]));
    // Bob's company is known: its industry and size are his too.
    assert_eq!(
        all["byIndustry"],
        json!([{ "value": "Technology", "count": 2 }, { "value": "Health", "count": 1 }])
    );
    assert_eq!(all["byEmployeeSizeBracket"], json!([{ "value": "1-10", "count": 2 }]));
    let month = &server.now().to_second_precision()[..7];
    assert_eq!(all["byMonth"], json!([{ "value": month, "count": 3 }]));
    let bands = all["byLeadScore"].as_array().unwrap();
    assert_eq!(
        (bands.len(), bands.iter().map(|band| band["count"].as_u64().unwrap()).sum::<u64>()),
        (10, 3)
    );

    server
        .delete(&format!("/api/v1/contacts/{}", text(&made[2]["id"])))
        .bearer(&key)
        .expect(200);
    let told = stats(server, &key);
    assert_eq!(
        (&told["totalContacts"], &told["totalCompanies"], &told["validEmails"]),
        (&json!(2), &json!(1), &json!(1))
    );
}
