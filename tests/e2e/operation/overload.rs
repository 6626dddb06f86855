//! More work than the server has hands for: 503 with `Retry-After`, never a hang.

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{database::Backend, server::Server};

#[test]
fn keys_beyond_what_can_be_hashed_are_asked_to_come_again() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.auth.hashing.threads = 1;
        settings.auth.hashing.queue = 1;
    });
    let tenant = server.tenant("Acme");
    let keys: Vec<String> = (0..24).map(|_| tenant.slow_key(KeyFamily::HealthTrixss, 10).text).collect();
    let ask = |key: &String| server.get("/api/v1/external/accounts").key(key).send();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = keys.iter().map(|key| scope.spawn(|| ask(key))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!refused.is_empty(), "24 keys at once are more than one thread can check");
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        answers.len() - refused.len()
    );
    for answer in refused {
        assert!(answer.number("retry-after") >= 1);
        assert_eq!(answer.json()["error"], "Service unavailable");
    }
    // Later, one after another, each gets in.
    for key in &keys {
        assert_eq!(ask(key).status, 200);
    }
}
