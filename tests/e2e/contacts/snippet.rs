//! The document's own examples, word for word but for URL, credential and ids (contract D-227 … D-250). They stand in `snippets/`; where an
//! example is only a function, the test adds the lines that call it, and stands in for the hosts that are not there.

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{client::Program, database::Backend, server::Server, tenant::TestTenant};
use serde_json::{Value, json};

use super::{Browser, full, keys, text};

/// Puts the server's address and a key where an example has placeholders.
fn filled(example: &str, server: &Server, key: &str) -> String {
    example
        .replace("https://your-domain.com", &server.url())
        .replace("crm_your_api_key_here", key)
        .replace("crm_your_api_key", key)
}

fn contacts(server: &Server, key: &str) -> Vec<Value> {
    let listed = server
        .get("/api/v1/contacts?pageSize=100&sortOrder=asc")
        .bearer(key)
        .expect(200)
        .json();
    listed["data"]["contacts"].as_array().unwrap().clone()
}

fn make(server: &Server, key: &str, body: &Value) -> Value {
    server.post("/api/v1/contacts").bearer(key).json(body).expect(201).json()["data"]["contact"].clone()
}

fn emails(contacts: &[Value]) -> Vec<&str> {
    contacts.iter().map(|contact| text(&contact["email"])).collect()
}

/// A Python program: an example with what stands before and behind it.
fn python(before: &str, example: &str, after: &str) -> Program {
    Program::python(&format!("{before}\n{example}\n{after}\n"))
}

// D-227, D-228, D-229
#[test]
fn curl_signs_in_keeps_the_cookie_and_makes_a_key() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let login = include_str!("snippets/login.sh")
        .replace("user@example.com", "admin@acme.test")
        .replace("your_password", crm_tests::tenant::PASSWORD);
    let script = format!("{login}\necho\n{}", include_str!("snippets/session_cookie.sh"));
    let answers = Program::bash(&filled(&script, &server, "")).run().documents();
    let [signed_in, user] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(signed_in["user"], *user);
    assert_eq!(user["email"], "admin@acme.test");

    let browser = Browser::of(&server, &tenant.admin);
    let script = include_str!("snippets/create_key.sh").replace("session=your_session_cookie", &browser.cookie);
    let made = Program::bash(&filled(&script, &server, "")).run().json();
    assert_eq!(
        (&made["success"], &made["apiKey"]["rateLimitPerMinute"]),
        (&json!(true), &json!(60))
    );
    server.get("/api/v1/contacts").bearer(text(&made["key"])).expect(200);
}

// D-230, D-233, D-234, D-235, D-236, D-237, D-238, D-239
#[test]
fn curl_reads_and_writes_contacts() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    let run = |example: &str| Program::bash(&filled(example, &server, &key)).run().documents();

    let quick = run(include_str!("snippets/quick_start.sh"));
    assert_eq!(quick[0]["data"]["contacts"], json!([]));
    let john = quick[1]["data"]["contact"].clone();
    assert_eq!(
        (&john["fullName"], &john["emailDomain"]),
        (&json!("John Doe"), &json!("example.com"))
    );

    let jane = run(include_str!("snippets/create.sh")).remove(0)["data"]["contact"].clone();
    assert_eq!(jane["fullName"], "Jane Smith");
    let of_jane = |example: &str| {
        example
            .replace("uuid-1234", text(&jane["id"]))
            .replace("uuid-5678", text(&jane["id"]))
    };
    assert_eq!(run(&of_jane(include_str!("snippets/get.sh")))[0]["data"]["contact"], jane);
    let updated = run(&of_jane(include_str!("snippets/update.sh"))).remove(0);
    assert_eq!(updated["data"]["contact"]["title"], "Chief Technology Officer");
    assert_eq!(updated["data"]["contact"]["mobilePhone"], "+1-555-987-6543");
    let listed = run(include_str!("snippets/list.sh")).remove(0);
    assert_eq!(listed["meta"]["pageSize"], 50);
    assert_eq!(emails(listed["data"]["contacts"].as_array().unwrap()), ["jane.smith@techcorp.com"]);
    let deleted = run(&of_jane(include_str!("snippets/delete.sh"))).remove(0);
    assert_eq!(deleted["data"]["deletedId"], jane["id"]);

    let found = run(include_str!("snippets/prospects.sh")).remove(0);
    assert_eq!((&found["count"], &found["prospects"]), (&json!(0), &json!([])));
    make(
        &server,
        &key,
        &json!({ "fullName": "John", "personLinkedIn": "http://www.linkedin.com/in/JohnDoe/" }),
    );
    assert_eq!(run(include_str!("snippets/prospects.sh"))[0]["count"], 1);
    let public = run(include_str!("snippets/public_create.sh")).remove(0);
    assert_eq!(
        (&public["message"], &public["contact"]["fullName"]),
        (&json!("Contact created successfully"), &json!("Jane Smith"))
    );
}

// D-231
#[test]
fn the_node_example_reads_and_writes() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    let usage = "(async () => {
        const created = await createContact({ firstName: 'Ada', email: 'ada@example.com' });
        console.log(JSON.stringify([created, await getContacts()]));
    })();";
    let text = format!("{}\n{usage}", include_str!("snippets/node.js"));
    let printed = Program::node(&filled(&text, &server, &key)).run().json();
    assert_eq!(printed[0]["data"]["contact"], printed[1]["data"]["contacts"][0]);
}

// D-232
#[test]
fn the_python_example_reads_and_writes() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    let example = filled(include_str!("snippets/quick_start.py"), &server, &key);
    let printed = python("", &example, "import json\nprint(json.dumps([contacts, response.json()]))")
        .run()
        .json();
    assert_eq!(printed[0]["data"]["contacts"], json!([]));
    assert_eq!(printed[1]["data"]["contact"], contacts(&server, &key)[0]);
}

// D-240, D-241, D-242
#[test]
fn automation_services_read_the_newest_contacts() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    for number in 0..12 {
        make(&server, &key, &json!({ "fullName": format!("C{number}") }));
    }
    // Zapier's client puts parameters into the query and parses the answer; n8n's sends what its node is configured to.
    let text = format!(
        "{}\nconst node = eval('(' + {} + ')');
        const z = {{ request: async ({{ url, headers, params }}) => {{
            const response = await fetch(url + '?' + new URLSearchParams(params), {{ headers }});
            return {{ status: response.status, data: await response.json() }};
        }} }};
        (async () => {{
            const newest = await triggerNewContact.operation.perform(z, {{ authData: {{ api_key: '{key}' }} }});
            const {{ name, value }} = node.httpHeaderAuth;
            const listed = await fetch(node.url, {{ method: node.method, headers: {{ [name]: value, 'Content-Type': 'application/json' }} }});
            console.log(JSON.stringify([newest, listed.status]));
        }})();",
        include_str!("snippets/zapier.js"),
        json!(filled(include_str!("snippets/n8n.js"), &server, &key).replace("// HTTP Request Node Configuration", "")),
    );
    let printed = Program::node(&filled(&text, &server, &key)).run().json();
    let newest: Vec<&str> = printed[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| text_of(contact, "fullName"))
        .collect();
    assert_eq!(newest, ["C11", "C10", "C9", "C8", "C7", "C6", "C5", "C4", "C3", "C2"]);
    assert!(printed[0][0]["id"].is_string());
    assert_eq!(printed[1], 200);
    // Make's HTTP module sends the same headers with every method.
    let id = text_of(&printed[0][0], "id").to_owned();
    for (method, path, body) in [
        ("GET", "/api/v1/contacts".to_owned(), None),
        ("POST", "/api/v1/contacts".to_owned(), Some(json!({ "fullName": "Made" }))),
        ("PATCH", format!("/api/v1/contacts/{id}"), Some(json!({ "title": "CTO" }))),
        ("DELETE", format!("/api/v1/contacts/{id}"), None),
    ] {
        let request = server
            .request(method, &path)
            .bearer(&key)
            .header("content-type", "application/json");
        let answer = match body {
            Some(body) => request.body(body.to_string()).send(),
            None => request.send(),
        };
        assert!([200, 201].contains(&answer.status), "{answer:?}");
    }
}

fn text_of<'v>(value: &'v Value, member: &str) -> &'v str {
    text(&value[member])
}

// D-44, D-74, D-243
#[test]
fn the_salesforce_example_goes_both_ways() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    make(
        &server,
        &key,
        &json!({ "firstName": "Ada", "email": "ada@example.com", "company": "Analytical" }),
    );
    let shim = "import sys, types, json
made = []
class Contact:
    def create(self, fields): made.append(fields)
class Salesforce:
    def __init__(self, **credentials): self.Contact = Contact()
    def query(self, soql): return {'totalSize': 1 if 'known@example.com' in soql else 0}
    def query_all(self, soql):
        return {'records': [{'FirstName': 'Bob', 'LastName': 'Brown', 'Email': 'bob@example.com', 'Title': None}]}
module = types.ModuleType('simple_salesforce')
module.Salesforce = Salesforce
sys.modules['simple_salesforce'] = module";
    make(&server, &key, &json!({ "fullName": "Known", "email": "known@example.com" }));
    let example = filled(include_str!("snippets/salesforce.py"), &server, &key);
    let usage = "sync_crm_to_salesforce()\nsync_salesforce_to_crm()\nprint(json.dumps(made))";
    let made = python(shim, &example, usage).run().json();
    assert_eq!(
        made,
        json!([{ "FirstName": "Ada", "LastName": null, "Email": "ada@example.com", "Title": null, "Company": "Analytical" }])
    );
    let bob = &contacts(&server, &key)[2];
    assert_eq!((&bob["fullName"], &bob["title"]), (&json!("Bob Brown"), &Value::Null));
}

// D-91, D-244
#[test]
fn the_hubspot_example_creates_many() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    let shim = "import requests, json
native = requests.get
class Answer:
    def json(self):
        people = [{'firstname': 'Ada', 'lastname': None, 'email': 'ada@example.com'}, {'lastname': 'Brown', 'company': 'Acme'}, {}]
        return {'results': [{'properties': person} for person in people]}
requests.get = lambda url, **kwargs: Answer() if url.startswith('https://api.hubapi.com/') else native(url, **kwargs)";
    let example = filled(include_str!("snippets/hubspot.py"), &server, &key);
    let answer = python(shim, &example, "print(json.dumps(import_from_hubspot()))").run().json();
    assert_eq!(answer["data"]["summary"], json!({ "total": 3, "created": 2, "failed": 1 }));
    assert_eq!(answer["data"]["results"][2]["error"]["code"], "VALIDATION_ERROR");
    assert_eq!(contacts(&server, &key).len(), 2);
}

// D-245, X-157
#[test]
fn the_sheets_example_goes_both_ways() {
    let server = Server::sqlite();
    let key = full(&server.tenant("Acme"));
    make(
        &server,
        &key,
        &json!({ "fullName": "Ada", "email": "ada@example.com", "industry": "Technology" }),
    );
    // Apps Script fetches synchronously, and gives numbers for cells that look like some.
    let text = format!(
        "const {{ execFileSync }} = require('child_process');
        let cells = [];
        const range = row => ({{ setValues: values => values.forEach((value, index) => cells[row - 1 + index] = value) }});
        const sheet = {{
            clear: () => cells = [],
            getRange: (row, column, rows, columns) => range(row),
            getDataRange: () => ({{ getValues: () => cells }}),
        }};
        const SpreadsheetApp = {{ getActiveSpreadsheet: () => ({{ getActiveSheet: () => sheet }}) }};
        const Logger = {{ log: text => console.log(text) }};
        const UrlFetchApp = {{ fetch: (url, options) => {{
            const headers = Object.entries({{ ...options.headers, ...(options.contentType && {{ 'Content-Type': options.contentType }}) }});
            const parts = ['-s', '-X', options.method.toUpperCase(), url, ...headers.flatMap(([name, value]) => ['-H', `${{name}}: ${{value}}`])];
            const answer = execFileSync('curl', options.payload ? [...parts, '-d', options.payload] : parts).toString();
            return {{ getContentText: () => answer }};
        }} }};
        {}
        importContactsToSheet();
        console.log(JSON.stringify(cells));
        cells = [cells[0], ['', 'Grace Hopper', 'grace@example.com', 'Navy', '', 15551234567, ''], ['', '', '', '', '', '', '']];
        exportContactsFromSheet();",
        include_str!("snippets/sheets.js")
    );
    let printed = Program::node(&filled(&text, &server, &key)).run().documents();
    let ada = &contacts(&server, &key)[0];
    assert_eq!(
        printed[0][0],
        json!(["ID", "Name", "Email", "Company", "Title", "Phone", "Industry"])
    );
    assert_eq!(
        printed[0][1],
        json!([ada["id"], "Ada", "ada@example.com", null, null, null, "Technology"])
    );
    assert_eq!(printed[1]["data"]["summary"], json!({ "total": 2, "created": 1, "failed": 1 }));
    let grace = &contacts(&server, &key)[1];
    assert_eq!((&grace["mobilePhone"], &grace["title"]), (&json!("15551234567"), &Value::Null));
}

// D-246, D-252, X-158
#[test]
fn polling_misses_nothing() {
    let server = Server::with_real_clock(Backend::Sqlite, |_| {});
    let key = full(&server.tenant("Acme"));
    let shim = format!(
        "import requests, time, json, warnings
warnings.simplefilter('ignore')
native, seen, rounds = requests.post, [], []
requests.post = lambda url, json=None, **kwargs: seen.append(json['fullName']) if 'your-webhook-endpoint' in url else native(url, json=json, **kwargs)
def pause(seconds):
    rounds.append(seconds)
    if len(rounds) == 2:
        print(json.dumps([seen, rounds]))
        raise SystemExit(0)
    native('{}/api/v1/contacts', headers={{'X-API-Key': '{key}'}}, json={{'fullName': 'Second'}})
time.sleep = pause",
        server.url()
    );
    make(&server, &key, &json!({ "fullName": "First" }));
    let example = filled(include_str!("snippets/polling.py"), &server, &key);
    let printed = python(&shim, &example, "poll_for_changes()").run().json();
    assert_eq!(printed, json!([["First", "Second"], [300, 300]]));
}

// D-247, D-248, D-249
#[test]
fn the_best_practices_work() {
    let server = Server::with(Backend::Sqlite, |settings| settings.rate_limits.contacts = 60);
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let shim = format!(
        "import requests, json
class Session(requests.Session):
    def request(self, method, url, **kwargs):
        kwargs.setdefault('headers', headers)
        return super().request(method, url, **kwargs)
API, headers = '{}/api/v1', {{'Authorization': 'Bearer {key}'}}
requests.post = Session().post
contacts = [{{'fullName': f'C{{number}}'}} for number in range(120)]",
        server.url()
    );
    let bulk = include_str!("snippets/bulk.py").replace("for contact in contacts:", "for contact in contacts[:1]:");
    let pages = include_str!("snippets/pagination.py");
    let usage = "print(json.dumps([contact['fullName'] for contact in get_all_contacts()]))";
    let listed = python(&shim, &format!("{bulk}\n{pages}"), usage).run().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(121));

    let limited = limited(&tenant);
    let retry = include_str!("snippets/retry.py");
    let shim = "import time\nwaits = []\ntime.sleep = waits.append";
    let usage = format!(
        "import json
for _ in range(3): requests.get('{0}/api/v1/tags', headers={{'X-API-Key': '{limited}'}})
try: api_request_with_retry('GET', '{0}/api/v1/tags', headers={{'X-API-Key': '{limited}'}})
except Exception as error: print(json.dumps([str(error), waits]))",
        server.url()
    );
    let printed = python(shim, retry, &usage).run().json();
    assert_eq!(printed, json!(["Max retries exceeded", [60, 60, 60]]));
}

/// A key of one request a minute.
fn limited(tenant: &TestTenant<'_>) -> String {
    let draft = crm_domain::control::api_key::ApiKeyDraft {
        rate_limit: crm_tests::tenant::set(1),
        ..Default::default()
    };
    tenant.key_with(KeyFamily::Contacts, draft).text
}

// D-250
#[test]
fn the_read_only_key_of_the_document_reads_alone() {
    let server = Server::sqlite();
    let browser = Browser::of(&server, &server.tenant("Acme").admin);
    let body = json!({ "label": "Read-Only Integration", "scopes": ["contacts:read", "stats:read"] });
    let made = browser.request("POST", "/api/api-keys").json(&body).expect(201).json();
    assert_eq!(keys(&made), ["apiKey", "key", "message", "success"]);
    let key = text(&made["key"]);
    server.get("/api/v1/contacts").bearer(key).expect(200);
    server.get("/api/v1/stats").bearer(key).expect(200);
    server
        .post("/api/v1/contacts")
        .bearer(key)
        .json(&json!({ "fullName": "x" }))
        .expect(403);
}
