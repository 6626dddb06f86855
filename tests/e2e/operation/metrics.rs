//! `/metrics`: the Prometheus text format.

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{http::Answer, server::Server};

/// The value of the one sample with all of these labels; 0 when there is none.
fn sample(metrics: &Answer, name: &str, labels: &[&str]) -> f64 {
    let mut found = metrics
        .text()
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label)));
    let value = found.next().map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap());
    assert!(found.next().is_none(), "{name} {labels:?} stands for several samples");
    value
}

#[test]
fn requests_are_counted_by_family_template_method_and_status() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::HealthTrixss).text;
    let labels = |status: &'static str| {
        [
            "family=\"health_trixss\"",
            "endpoint=\"/api/v1/external/accounts/{id}\"",
            "method=\"GET\"",
            status,
        ]
    };
    let read = || {
        let metrics = server.get("/metrics").expect(200);
        let count = |status| sample(&metrics, "crm_http_requests_total", &labels(status));
        (count("status=\"404\""), count("status=\"401\""))
    };
    let before = read();
    for number in 1..=5 {
        server
            .get(&format!("/api/v1/external/accounts/ACT-4040{number}"))
            .key(&key)
            .expect(404);
    }
    server.get("/api/v1/external/accounts/ACT-00001").expect(401);
    let after = read();
    // Other tests of this process may count along.
    assert!(after.0 >= before.0 + 5.0 && after.1 >= before.1 + 1.0, "{before:?} {after:?}");
}

#[test]
fn clients_cannot_invent_labels() {
    let server = Server::sqlite();
    let key = server.tenant("Acme").key(KeyFamily::HealthTrixss).text;
    server.request("INVENTED", "/api/v1/external/accounts").key(&key).expect(405);
    server.get("/api/v1/external/an-invented-path").key(&key).expect(404);
    let metrics = server.get("/metrics").expect(200);
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = metrics.text();
    assert!(!text.to_lowercase().contains("invented"), "{text}");
    assert!(
        text.contains("method=\"other\"") && text.contains("endpoint=\"unmatched\""),
        "{text}"
    );
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let value = line.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(!text.contains(&key[4..]), "no credential is shown");
}
