//! The tenant's settings, `/api/settings`, and what each of them does.

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, page::get, refusal};

each_server! {
    settings_are_read_and_changed,
    what_is_no_setting_is_refused_by_name,
    settings_are_written_over_only_as_they_were_read,
    amounts_are_in_the_tenants_currency,
    days_are_those_of_the_tenants_zone,
    a_tenant_has_its_request_log_forgotten_sooner,
}

const PATH: &str = "/api/settings";

fn change(server: &Server, token: &str, body: &Value) -> Value {
    server.put(PATH).bearer(token).json(body).expect(200).json()
}

fn settings_are_read_and_changed(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let usual = json!({
        "tenantId": login.tenant_id, "name": "Acme", "companyName": "Acme", "defaultCurrency": "USD", "timeZone": "UTC",
        "requestLogDays": null, "updatedAt": null,
    });
    assert_eq!(get(server, &login.token, PATH), usual);
    let body = json!({ "name": "Acme Sales", "DEFAULTCURRENCY": "eur", "timeZone": "europe/berlin", "requestLogDays": 30 });
    let after = change(server, &login.token, &body);
    let expected = json!({
        "tenantId": login.tenant_id, "name": "Acme Sales", "companyName": "Acme", "defaultCurrency": "EUR", "timeZone": "Europe/Berlin",
        "requestLogDays": 30, "updatedAt": "2025-01-15T10:00:00Z",
    });
    assert_eq!((&after, &get(server, &login.token, PATH)), (&expected, &expected));
    assert_eq!(
        get(server, &login.token, "/api/auth/me")["tenantName"],
        "Acme Sales",
        "one fact, wherever it is shown"
    );
    let told = get(server, &login.token, "/api/audit?entity=settings");
    assert_eq!(
        told["items"][0]["changes"],
        json!({
            "name": ["Acme", "Acme Sales"], "defaultCurrency": ["USD", "EUR"], "timeZone": ["UTC", "Europe/Berlin"],
            "requestLogDays": [null, 30],
        })
    );
    // What is not given stays, null takes back what can be.
    assert_eq!(
        change(server, &login.token, &json!({ "requestLogDays": null }))["timeZone"],
        "Europe/Berlin"
    );
    assert_eq!(change(server, &login.token, &json!({}))["requestLogDays"], Value::Null);
    // Everybody reads them, Managers and Admins change them; another tenant has its own.
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    assert_eq!(get(server, &manager, PATH)["name"], "Acme Sales");
    assert_eq!(change(server, &manager, &json!({ "name": "By a Manager" }))["name"], "By a Manager");
    let user = tenant.login(&tenant.user(Role::User)).token;
    assert_eq!(get(server, &user, PATH)["name"], "By a Manager");
    let answer = server.put(PATH).bearer(&user).json(&json!({ "name": "x" })).send();
    refusal(server, &answer, 403, "PERMISSION_DENIED");
    let stranger = server.tenant("Bolt").admin_token();
    assert_eq!(get(server, &stranger, PATH)["defaultCurrency"], "USD");
}

fn what_is_no_setting_is_refused_by_name(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let before = get(server, &token, PATH);
    for (body, expected) in [
        (json!({ "theme": "dark" }), vec!["theme"]),
        (
            json!({ "theme": 1, "name": "", "timeZone": "Berlin" }),
            vec!["name", "theme", "timeZone"],
        ),
        (
            json!({ "defaultCurrency": null, "companyName": 5 }),
            vec!["companyName", "defaultCurrency"],
        ),
        (json!({ "requestLogDays": 0 }), vec!["requestLogDays"]),
        (json!({ "requestLogDays": 3651 }), vec!["requestLogDays"]),
        (json!({ "requestLogDays": "30" }), vec!["requestLogDays"]),
        (json!({ "id": 1, "updatedAt": "x" }), vec!["id", "updatedAt"]),
    ] {
        let answer = server.put(PATH).bearer(&token).json(&body).send();
        let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!(fields(&error), expected, "{body}");
    }
    // A body of strangers is not sent back as a whole.
    let many: serde_json::Map<String, Value> = (0..1_000).map(|n| (format!("{n}{}", "x".repeat(200)), json!(1))).collect();
    let answer = server.put(PATH).bearer(&token).json(&Value::Object(many)).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert!(details(&error).len() <= 20 && answer.body.len() < 10_000);
    assert_eq!(get(server, &token, PATH), before);
}

fn settings_are_written_over_only_as_they_were_read(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let read = server.get(PATH).bearer(&token).expect(200);
    let tag = read.header("etag").unwrap().to_owned();
    let write = |tag: &str, name: &str| {
        server
            .put(PATH)
            .bearer(&token)
            .header("if-match", tag)
            .json(&json!({ "name": name }))
            .send()
    };
    let first = write(&tag, "First").expect(200);
    assert_ne!(first.header("etag"), Some(&*tag));
    refusal(server, &write(&tag, "Second"), 412, "VALIDATION_ERROR");
    assert_eq!(get(server, &token, PATH)["name"], "First");
    write(first.header("etag").unwrap(), "Third").expect(200);
}

fn amounts_are_in_the_tenants_currency(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    change(server, &token, &json!({ "defaultCurrency": "JPY" }));
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme", "annualRevenue": 1500 }));
    assert_eq!(json!([company["annualRevenue"], company["currency"]]), json!([1500, "JPY"]));
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Yen", "amount": 1500 }));
    assert_eq!(json!([deal["amount"], deal["currency"]]), json!([1500, "JPY"]));
    let dollars = create(
        server,
        &token,
        "/api/deals",
        &json!({ "name": "Dollars", "amount": 12.5, "currency": "USD" }),
    );
    assert_eq!(json!([dollars["amount"], dollars["currency"]]), json!([12.5, "USD"]));
    let bulk = json!({ "deals": [{ "name": "A", "amount": 7 }, { "name": "B", "amount": 7.5 }] });
    let told = server.post("/api/deals/bulk").bearer(&token).json(&bulk).expect(201).json();
    assert_eq!(
        (&told["items"][0]["currency"], fields(&told["errors"][0])),
        (&json!("JPY"), vec!["amount"])
    );
    // Filters too: a yen has no cents.
    let found = |query: &str| get(server, &token, &format!("/api/deals?{query}"));
    assert_eq!(ids(&found("filter[amount]=1500")), ["deal_1"]);
    refusal(
        server,
        &server.get("/api/deals?filter[amount]=1.5").bearer(&token).send(),
        400,
        "VALIDATION_ERROR",
    );
}

fn days_are_those_of_the_tenants_zone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    change(server, &token, &json!({ "timeZone": "Pacific/Kiritimati" }));
    create(server, &token, "/api/deals", &json!({ "name": "Renewal" }));
    let won = server.post("/api/deals/deal_1/win").bearer(&token).expect(200).json();
    assert_eq!(won["closedOn"], "2025-01-16");
    let hours = json!({ "days": ["Mon"], "from": "09:00", "to": "17:00" });
    let body = json!({
        "name": "Gold", "appliesTo": "ticket", "firstResponseMinutes": 30, "resolutionMinutes": 60, "businessHours": hours,
    });
    let policy = create(server, &token, "/api/sla-policies", &body);
    assert_eq!(policy["businessHours"]["timeZone"], "Pacific/Kiritimati");
    // On the last of January it is February there.
    server.advance(Duration::from_secs(16 * 86_400));
    let token = tenant.admin_token();
    assert_eq!(get(server, &token, "/api/deals/forecast")["months"][0]["month"], "2025-02");
    change(server, &token, &json!({ "timeZone": "UTC" }));
    assert_eq!(get(server, &token, "/api/deals/forecast")["months"][0]["month"], "2025-01");
}

fn a_tenant_has_its_request_log_forgotten_sooner(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Bolt"));
    for tenant in [&tenant, &other] {
        let token = tenant.admin_token();
        server.get("/api/companies").bearer(&token).expect(200);
    }
    change(server, &tenant.admin_token(), &json!({ "requestLogDays": 7 }));
    server.flush_log();
    server.advance(Duration::from_secs(8 * 86_400));
    server.purge();
    let lines = |token: &str| get(server, token, "/api/admin/requests?path=/api/companies")["totalCount"].clone();
    assert_eq!(lines(&tenant.admin_token()), 0);
    assert_eq!(lines(&other.admin_token()), 1);
}
