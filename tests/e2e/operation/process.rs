//! The server as a process: its demo, its log and its end.

use crm_tests::process::Cli;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_crm-server-under-test");

// The trace id of an answer is the one in the server's log.
#[test]
fn the_log_carries_the_trace_id_of_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(BINARY, folder.path()).env("CRM__LOG__FORMAT", "json");
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    let key = cli.json(&["key", "create", "--family", "health_trixss", "--name", "Reader"])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let tenants = folder.path().join("tenants");
    let server = cli.serve(&[]);
    std::fs::rename(&tenants, folder.path().join("away")).unwrap();
    let answer = server.get("/api/v1/external/accounts").key(&key).expect(503);
    let trace = answer.header("x-trace-id").unwrap().to_owned();
    std::fs::rename(folder.path().join("away"), &tenants).unwrap();
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
    let lines: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let failed = lines
        .iter()
        .find(|line| line["message"] == "a request failed")
        .unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(failed.to_string().contains(&trace), "{failed}");
    assert!(!log.concat().contains(&key), "no credential is logged");
}

// What a newcomer sees first: two commands, and records to look at.
#[test]
fn the_demo_can_be_read_with_the_key_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(BINARY, folder.path());
    let server = cli.serve(&["--demo"]);
    let demo = &server.greeting["demo"];
    let key = demo["apiKey"].as_str().unwrap();
    let page = server
        .get("/api/v1/external/accounts?expand=opportunities")
        .key(key)
        .expect(200)
        .json();
    assert!(page["pagination"]["total"].as_u64().unwrap() >= 10, "{page}");
    let login = json!({ "email": demo["email"], "password": demo["password"] });
    server.post("/api/auth/login").json(&login).expect(200);
    let (status, _) = server.terminate();
    assert!(status.success());
}
