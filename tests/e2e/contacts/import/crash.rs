//! A job outlives the process that runs it.

use std::path::Path;

use crm_tests::process::{Cli, ServerProcess};
use serde_json::{Value, json};

use super::{BOUNDARY, Part, form, text};

const BINARY: &str = env!("CARGO_BIN_EXE_crm-server-under-test");
const ROWS: usize = 20_000;

fn sign_in(server: &ServerProcess) -> String {
    let login = json!({ "email": "ada@acme.test", "password": "correct horse" });
    let answer = server.post("/api/login").json(&login).expect(200);
    let set = answer.header("set-cookie").unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// Asks until the job is as far as wanted: the server's own pace sets how often.
fn wait(server: &ServerProcess, cookie: &str, job: &str, is_far_enough: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/import/{job}");
    for _ in 0..200_000 {
        let now = server.get(&path).header("cookie", cookie).expect(200).json();
        if is_far_enough(&now) {
            return now;
        }
    }
    panic!("the job does not get on");
}

/// A deployment whose leases last as long as given, and a table of [`ROWS`] rows of which every hundredth is bad.
fn deployment(folder: &Path, lease_seconds: &str) -> (Cli, String) {
    let cli = Cli::new(BINARY, folder)
        .env("CRM__JOBS__LEASE_SECONDS", lease_seconds)
        .env("CRM__JOBS__POLL_MILLISECONDS", "50")
        .env("CRM__RATE_LIMITS__CONTACTS", "1000000");
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    let mut table = String::from("Name,Email\n");
    for number in 0..ROWS {
        // What failed is noted once, too.
        let at = if number % 100 == 0 { "" } else { "@" };
        table += &format!("P {number},p{number}{at}example.com\n");
    }
    (cli, table)
}

/// Starts an import and answers when some of it is done, with the job's id.
fn begin(server: &ServerProcess, cookie: &str, table: &str) -> String {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.post("/api/import").header("cookie", cookie).header("content-type", kind);
    let started = request
        .body(form(&[Part("csv", Some("x.csv"), table.as_bytes())]))
        .expect(200)
        .json();
    let job = text(&started["jobId"]).to_owned();
    let reached = wait(server, cookie, &job, |now| now["processedRows"].as_u64() > Some(0));
    assert_eq!(reached["status"], "processing", "it is ended in the middle: {reached}");
    job
}

/// Waits until the import is over, and checks that each row was imported once.
fn assert_done_once(server: &ServerProcess, cookie: &str, job: &str) {
    let done = wait(server, cookie, job, |now| now["completedAt"].is_string());
    let bad = (ROWS / 100) as u64;
    let good = ROWS as u64 - bad;
    for (name, expected) in [
        ("processedRows", ROWS as u64),
        ("createdRows", good),
        ("successfulRows", good),
        ("errorRows", bad),
        ("duplicateRows", 0),
    ] {
        assert_eq!(done[name], expected, "{name}: {done}");
    }
    assert_eq!(done["status"], "completed");
    let errors = server
        .get(&format!("/api/import/{job}/errors"))
        .header("cookie", cookie)
        .expect(200);
    assert_eq!(errors.text().lines().count() as u64, bad + 1);
    let listed = server.get("/api/contacts?pageSize=1").header("cookie", cookie).expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], good);
}

#[test]
fn a_killed_process_leaves_a_job_that_the_next_one_finishes() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody would take it over for an hour, if another process could be running it.
    let (cli, table) = deployment(folder.path(), "3600");
    let server = cli.serve(&[]);
    let cookie = sign_in(&server);
    let job = begin(&server, &cookie, &table);
    // SIGKILL.
    drop(server);

    let server = cli.serve(&[]);
    assert_done_once(&server, &cookie, &job);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn a_process_told_to_stop_gives_its_job_back() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody would take it over for an hour.
    let (cli, table) = deployment(folder.path(), "3600");
    let server = cli.serve(&[]);
    let cookie = sign_in(&server);
    let job = begin(&server, &cookie, &table);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");

    let server = cli.serve(&[]);
    assert_done_once(&server, &cookie, &job);
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
}
