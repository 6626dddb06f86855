//! The document's own examples, unchanged but for their URL: those that concern signing in, limits and repeated requests.
//!
//! They need curl, Node.js and Python, and say so where one is missing: an example that did not run proves nothing.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use crm_domain::usecase::register::RegistrationPolicy;
use crm_tests::{
    database::{Backend, START},
    server::Server,
    tenant::PASSWORD,
};
use serde_json::{Value, json};

const QUICK_START: &str = include_str!("snippets/quick_start.sh");
const TOKEN_MANAGER: &str = include_str!("snippets/token_manager.js");
const RATE_LIMIT: &str = include_str!("snippets/rate_limit.js");
const IDEMPOTENCY_KEY: &str = include_str!("snippets/idempotency_key.js");
const PYTHON_CLIENT: &str = include_str!("snippets/crm_api_client.py");
const PYTHON_REQUESTS: &str = include_str!("snippets/requests.py");

/// Gives relative URLs their base, as a browser does, and Node the server's clock.
fn node_program(server: &Server, snippet: &str, usage: &str) -> String {
    let (base, now) = (server.url(), START.seconds() * 1_000);
    format!(
        "const crypto = require('crypto');\n\
         const lines = require('readline').createInterface({{ input: process.stdin }});\n\
         const nativeFetch = fetch;\n\
         globalThis.fetch = (url, options) => nativeFetch(new URL(url, '{base}'), options);\n\
         Date.now = () => {now};\n\
         {snippet}\n\
         (async () => {{\n{usage}\n}})().catch(error => {{ console.error(error); process.exitCode = 1; }}).finally(() => lines.close());\n"
    )
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    // Settings of whoever runs the tests are not the examples'.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output: Output = command
        .output()
        .unwrap_or_else(|error| panic!("the document's examples need {program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn run_node(program: &str) -> String {
    run(command("node").args(["-e", program]))
}

fn documents(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
}

// C-06 … C-13: the quick start, on a server as it comes
#[test]
fn the_quick_start_registers_and_signs_in() {
    let server = Server::with(Backend::Sqlite, |settings| settings.auth.registration = RegistrationPolicy::First);
    let script = QUICK_START.replace("http://localhost:5000", &server.url());
    let answers = documents(&run(command("bash").args(["-euc", &script])));
    let [registered, signed_in] = &answers[..] else {
        panic!("{answers:?}")
    };
    for answer in [registered, signed_in] {
        assert_eq!(answer["expiresIn"], 3600);
        server.get("/api/companies").bearer(super::text(&answer["token"])).expect(200);
    }
    assert_eq!(registered["tenantId"], signed_in["tenantId"]);
    assert_eq!(registered["userId"], signed_in["userId"]);
}

// C-19
#[test]
fn the_token_manager_keeps_its_token_fresh() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let usage = format!(
        "const manager = new TokenManager();\n\
         manager.refreshToken = '{}';\n\
         const first = await manager.getValidToken();\n\
         const same = await manager.getValidToken();\n\
         const later = Date.now() + 56 * 60 * 1000;\n\
         Date.now = () => later;\n\
         const second = await manager.getValidToken();\n\
         console.log(JSON.stringify([first, same, second]));",
        login.refresh_token
    );
    let printed = documents(&run_node(&node_program(&server, TOKEN_MANAGER, &usage)));
    let [first, same, second] = [0, 1, 2].map(|index| super::text(&printed[0][index]));
    assert_eq!(first, same);
    assert_ne!(first, second);
    for token in [first, second] {
        server.get("/api/companies").bearer(token).expect(200);
    }
}

// C-129: waiting until the reset is enough
#[test]
fn the_rate_limit_example_waits_and_succeeds() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits.saas_tiers = [("default".to_owned(), 100)].into();
        settings.rate_limits.saas_queue = 0;
    });
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for _ in 0..100 {
        server.get("/api/companies").bearer(&token).expect(200);
    }
    // Its sleep lasts until the test has moved the server's clock.
    let usage = format!(
        "globalThis.sleep = () => new Promise(resolve => lines.once('line', resolve));\n\
         const response = await apiCall('/api/companies', {{ headers: {{ 'Authorization': 'Bearer {token}' }} }});\n\
         console.log(response.status);"
    );
    let program = node_program(&server, RATE_LIMIT, &usage);
    let mut node = command("node")
        .args(["-e", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("the document's examples need node: {error}"));
    let mut printed = BufReader::new(node.stdout.take().unwrap()).lines();
    assert_eq!(printed.next().unwrap().unwrap(), "Rate limited. Waiting 60000ms");
    server.advance(Duration::from_secs(60));
    writeln!(node.stdin.take().unwrap(), "awake").unwrap();
    assert_eq!(printed.next().unwrap().unwrap(), "200");
    assert!(node.wait().unwrap().success());
}

// C-145
#[test]
fn the_example_key_prevents_a_second_company() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let usage = format!(
        "const company = {{ name: 'Once' }};\n\
         const create = () => fetch('/api/companies', {{\n\
           method: 'POST',\n\
           headers: {{\n\
             'Authorization': 'Bearer {token}',\n\
             'Content-Type': 'application/json',\n\
             'Idempotency-Key': generateIdempotencyKey(company)\n\
           }},\n\
           body: JSON.stringify(company)\n\
         }});\n\
         const answers = [await create(), await create()];\n\
         for (const answer of answers) console.log(JSON.stringify(await answer.json()));"
    );
    let printed = documents(&run_node(&node_program(&server, IDEMPOTENCY_KEY, &usage)));
    assert_eq!(printed.len(), 2);
    assert_eq!(printed[0], printed[1]);
    assert_eq!(server.get("/api/companies").bearer(&token).expect(200).json()["totalCount"], 1);
}

#[test]
fn the_python_client_signs_in() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    tenant.account("Acme Healthcare");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("crm_api_client.py", PYTHON_CLIENT);
    let has_requests = command("python3")
        .args(["-c", "import requests"])
        .current_dir(Path::new("/"))
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("the document's examples need python3: {error}"));
    if !has_requests.success() {
        write("requests.py", PYTHON_REQUESTS);
    }
    let email = tenant.admin.email.as_ref().unwrap().as_str();
    let program = format!(
        "import json, requests\n\
         from crm_api_client import CrmApiClient\n\
         client = CrmApiClient('{base}')\n\
         answer = client.login('{email}', '{PASSWORD}')\n\
         response = requests.get('{base}/api/companies', params={{'page': 1, 'pageSize': 20}}, headers=client._headers())\n\
         response.raise_for_status()\n\
         print(json.dumps([answer, response.json()]))\n",
        base = server.url()
    );
    let printed = run(command("python3")
        .args(["-c", &program])
        .env("PYTHONPATH", folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1"));
    let printed = documents(&printed);
    assert_eq!(printed[0][0]["expiresIn"], json!(3600));
    assert_eq!(printed[0][1]["items"][0]["name"], "Acme Healthcare");
}
