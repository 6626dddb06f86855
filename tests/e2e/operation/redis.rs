//! Rate limits counted in a Redis that is reached by TLS.

use crm_tests::{
    process::Cli,
    redis::{CERTIFICATE, Redis},
};

const BINARY: &str = env!("CARGO_BIN_EXE_crm-server-under-test");

/// How many names of rate limits a Redis holds after a server that trusts `authority` was asked something.
fn counted(redis: &Redis, authority: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(BINARY, folder.path())
        .env("CRM__REDIS__URL", &redis.tls_url())
        .env("SSL_CERT_FILE", authority);
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    let made = cli.json(&["key", "create", "--family", "health_trixss", "--name", "Reader"]);
    let server = cli.serve(&[]);
    let remaining = |answer: crm_tests::http::Answer| answer.number("x-ratelimit-remaining");
    let ask = || {
        server
            .get("/api/v1/external/accounts")
            .key(made["key"].as_str().unwrap())
            .expect(200)
    };
    assert_eq!([remaining(ask()), remaining(ask())], [99, 98]);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
    let names: Vec<String> = ::redis::cmd("KEYS")
        .arg("crm:limit:health_trixss:*")
        .query(&mut redis.connection())
        .unwrap();
    names.len()
}

// The setting `redis.url` as `rediss://`.
#[test]
fn a_redis_is_reached_by_tls_when_its_certificate_is_trusted() {
    let redis = Redis::start_with_tls();
    let nobody = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(
        counted(&redis, nobody.path().to_str().unwrap()),
        0,
        "a server that does not trust it counts by itself"
    );
    assert_eq!(counted(&redis, CERTIFICATE), 1);
}
