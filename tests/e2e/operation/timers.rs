//! What comes due while a server dies is told once (contract E-73 … E-75, X-174).

use std::collections::HashMap;

use crm_tests::process::{Cli, ServerProcess};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_crm-server-under-test");
/// How often the server is killed.
const KILLS: usize = 4;
/// How many tasks come due before each.
const TASKS: usize = 1_000;
/// The most tasks of one request.
const BULK: usize = 500;

fn sign_in(server: &ServerProcess) -> String {
    let login = json!({ "email": "ada@acme.test", "password": "correct horse" });
    let answer = server.post("/api/auth/login").json(&login).expect(200).json();
    answer["token"].as_str().unwrap().to_owned()
}

/// How often the feed tells of each task that it is overdue.
fn told(server: &ServerProcess, token: &str) -> HashMap<String, usize> {
    let mut told = HashMap::new();
    let mut after = 0;
    loop {
        let path = format!("/api/changes?entity=task&after={after}&limit=1000");
        let page = server.get(&path).bearer(token).expect(200).json();
        for change in page["items"].as_array().unwrap() {
            if change["kind"] == "overdue" {
                *told.entry(change["entityId"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        if page["hasMore"] != Value::Bool(true) {
            return told;
        }
        after = page["nextAfter"].as_i64().unwrap();
    }
}

/// Asks until so many tasks are told of: the server's own pace sets how often.
fn wait(server: &ServerProcess, token: &str, count: usize) -> HashMap<String, usize> {
    for _ in 0..10_000 {
        let told = told(server, token);
        if told.len() >= count {
            return told;
        }
    }
    panic!("the clock does not get on");
}

#[test]
fn a_killed_process_leaves_timers_that_the_next_one_fires_once() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(BINARY, folder.path())
        .env("CRM__TIMERS__POLL_MILLISECONDS", "20")
        .env("CRM__RATE_LIMITS__SAAS_TIERS__DEFAULT", "1000000");
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    // They are overdue as soon as the clock is looked at, some hundreds in one unit.
    let tasks: Vec<Value> = (0..BULK)
        .map(|number| json!({ "title": format!("Call {number}"), "dueAt": "2026-01-01T00:00:00Z" }))
        .collect();
    for round in 0..KILLS {
        let server = cli.serve(&[]);
        let token = sign_in(&server);
        for _ in 0..TASKS / BULK {
            server
                .post("/api/tasks/bulk")
                .bearer(&token)
                .json(&json!({ "tasks": tasks }))
                .expect(201);
        }
        // Some of this round's are told of; it dies while it tells of the others, or has just done so.
        wait(&server, &token, round * TASKS + 1);
        // SIGKILL.
        drop(server);
    }
    let server = cli.serve(&[]);
    let token = sign_in(&server);
    let told = wait(&server, &token, KILLS * TASKS);
    assert_eq!(told.len(), KILLS * TASKS);
    let twice: Vec<_> = told.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
}
