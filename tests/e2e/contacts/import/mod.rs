//! Importing contacts over HTTP (contract D-180 … D-192, X-149 … X-152).

mod crash;
mod refused;
mod undo;

use std::io::Write;

use crm_domain::{control::user::Role, tenant::contact::ContactDraft};
use crm_tests::{
    events::EventStream,
    http::Answer,
    server::Server,
    tenant::{TestTenant, set},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{Browser, assert_uuid, check_headers, data, full, keys, refusal, text};

crm_tests::each_server! {
    the_documents_table_is_mapped,
    a_table_in_any_form_is_mapped,
    the_documents_import,
    the_documents_numbers,
    stray_bytes_cost_their_row,
    the_encoding_is_told,
    duplicates_are_refused_skipped_or_updated,
    columns_feed_what_the_mapping_says,
    a_dry_run_writes_nothing,
    what_failed_can_be_downloaded_mended_and_imported,
    our_own_export_comes_back,
    a_whole_export_finds_its_contacts_again,
    tables_of_other_things_are_not_taken_for_names,
    imports_are_listed_newest_first,
    a_repeated_request_imports_once,
    who_may_not_delete_takes_nothing_back,
}

const BOUNDARY: &str = "----a-boundary";

/// A part of a form: its name, its file's name, its content.
pub struct Part<'a>(pub &'a str, pub Option<&'a str>, pub &'a [u8]);

/// A form's body.
pub fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for Part(name, file, content) in parts {
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"").unwrap();
        if let Some(file) = file {
            write!(body, "; filename=\"{file}\"\r\nContent-Type: text/csv").unwrap();
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    write!(body, "--{BOUNDARY}--\r\n").unwrap();
    body
}

/// Posts a form.
pub fn post(browser: &Browser<'_>, path: &str, parts: &[Part<'_>]) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    browser.request("POST", path).header("content-type", kind).body(form(parts)).send()
}

/// Begins an import; its job's id.
#[track_caller]
pub fn begin(browser: &Browser<'_>, table: &[u8], options: &Value) -> String {
    let options = options.to_string();
    let parts = [Part("csv", Some("contacts.csv"), table), Part("options", None, options.as_bytes())];
    let started = post(browser, "/api/import", &parts).expect(200).json();
    assert_uuid(&started["jobId"]);
    text(&started["jobId"]).to_owned()
}

/// Waits until a job is over; how it is then.
#[track_caller]
pub fn ended(server: &Server, browser: &Browser<'_>, job: &str) -> Value {
    let path = format!("/api/import/{job}/events");
    let mut stream = EventStream::open(server, &path, "", &[("Cookie", &browser.cookie)]);
    assert!(stream.head.starts_with("http/1.1 200"), "{}", stream.head);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    let mut last = stream.event().expect("an event");
    while let Some(event) = stream.event() {
        assert_eq!(last.event.as_deref(), Some("progress"), "the stream ends with the last event");
        last = event;
    }
    assert_eq!(last.event.as_deref(), Some(text(&last.data["status"])));
    let now = browser.request("GET", &format!("/api/import/{job}")).expect(200).json();
    assert_eq!(now, last.data);
    now
}

/// Imports a table and waits for the end.
#[track_caller]
pub fn import(server: &Server, browser: &Browser<'_>, table: &str, options: &Value) -> Value {
    let job = begin(browser, table.as_bytes(), options);
    let done = ended(server, browser, &job);
    assert_eq!(done["status"], "completed", "{done}");
    done
}

/// Total, successful, failed, duplicate rows.
pub fn rows(import: &Value) -> [i64; 4] {
    ["totalRows", "successfulRows", "errorRows", "duplicateRows"].map(|name| import[name].as_i64().expect("a number"))
}

/// Every contact of a tenant, oldest first.
pub fn contacts(server: &Server, tenant: &TestTenant<'_>) -> Vec<Value> {
    let key = full(tenant);
    let mut all = Vec::new();
    for page in 1.. {
        let path = format!("/api/v1/contacts?pageSize=100&sortOrder=asc&page={page}");
        let listed = server.get(&path).bearer(&key).expect(200).json();
        let items = listed["data"]["contacts"].as_array().unwrap();
        all.extend(items.iter().cloned());
        if items.len() < 100 {
            break;
        }
    }
    all
}

/// A member of each contact.
pub fn members<'a>(contacts: &'a [Value], name: &str) -> Vec<Option<&'a str>> {
    contacts.iter().map(|contact| contact[name].as_str()).collect()
}

// D-180, D-181, D-182, D-183, X-149
fn the_documents_table_is_mapped(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table =
        "Name,Email Address,Company Name,Custom Field 1\nJohn Doe,john@example.com,Acme,x\n".to_owned() + &"A,b@c.de,D,\n".repeat(9);
    for name in ["csv", "file"] {
        let answer = post(
            &browser,
            "/api/import/auto-map",
            &[Part(name, Some("contacts.csv"), table.as_bytes())],
        )
        .expect(200);
        check_headers(server, &answer);
        let mapped = answer.json();
        assert_eq!(mapped["success"], true);
        assert_eq!(
            mapped["fieldMapping"],
            json!({ "Name": "fullName", "Email Address": "email", "Company Name": "company" })
        );
        assert_eq!(mapped["unmappedHeaders"], json!(["Custom Field 1"]));
        let sample = mapped["sampleData"].as_array().unwrap();
        assert_eq!(sample.len(), 5);
        assert_eq!(
            sample[0],
            json!({ "Name": "John Doe", "Email Address": "john@example.com", "Company Name": "Acme", "Custom Field 1": "x" })
        );
        assert_eq!((&mapped["delimiter"], &mapped["encoding"]), (&json!(","), &json!("utf-8")));
    }
    assert_eq!(contacts(server, &tenant), [] as [Value; 0], "nothing is kept");
}

fn a_table_in_any_form_is_mapped(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let map = |table: &[u8]| {
        post(&browser, "/api/import/auto-map", &[Part("csv", Some("x.csv"), table)])
            .expect(200)
            .json()
    };
    let wide: Vec<u8> = "Näme;Email\nZoë;z@x.de\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mapped = map(&[&[0xFF, 0xFE][..], &wide].concat());
    assert_eq!((&mapped["encoding"], &mapped["delimiter"]), (&json!("utf-16le"), &json!(";")));
    assert_eq!(mapped["sampleData"], json!([{ "Näme": "Zoë", "Email": "z@x.de" }]));
    let mapped = map(b"Name\tEmail\nZo\xEB\tz@x.de\n");
    assert_eq!((&mapped["encoding"], &mapped["delimiter"]), (&json!("windows-1252"), &json!("\t")));
    // No name in sight: a person has to say which column is one.
    let mapped = map(b"foo,bar\n1,2\n");
    assert_eq!(
        (&mapped["fieldMapping"], &mapped["unmappedHeaders"]),
        (&json!({}), &json!(["foo", "bar"]))
    );
    let many: Vec<String> = (0..300).map(|number| format!("h{number}")).collect();
    let mapped = map((many.join(",") + ",email\n").as_bytes());
    assert_eq!(mapped["fieldMapping"], json!({ "email": "email" }));
    assert_eq!(mapped["unmappedHeaders"].as_array().unwrap().len(), 300);
}

// D-184, D-185, D-186, D-187, D-188, D-189, D-190, X-151
fn the_documents_import(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let parts = [
        Part(
            "csv",
            Some("/tmp/lists/contacts.csv"),
            b"Name,Email Address,Company Name\nJohn Doe,john@example.com,Acme\nJane,jane@example.com,Acme\n",
        ),
        Part(
            "fieldMapping",
            None,
            br#"{"Name":"fullName","Email Address":"email","Company Name":"company"}"#,
        ),
        Part(
            "options",
            None,
            br#"{"skipDuplicates":true,"updateExisting":true,"autoEnrich":true}"#,
        ),
    ];
    let answer = post(&browser, "/api/import", &parts).expect(200);
    check_headers(server, &answer);
    let started = answer.json();
    assert_eq!(keys(&started), ["estimatedTime", "jobId", "message"]);
    assert_eq!(
        started["message"],
        "Ultra-fast import started - processing with streaming, batching, and parallel operations"
    );
    assert_eq!(started["estimatedTime"], "~1 second");
    let done = ended(server, &browser, text(&started["jobId"]));
    for (name, expected) in [
        ("id", started["jobId"].clone()),
        ("filename", json!("contacts.csv")),
        ("status", json!("completed")),
        ("processedRows", json!(2)),
        ("createdAt", json!("2025-01-15T10:00:00Z")),
        ("completedAt", json!("2025-01-15T10:00:00Z")),
        ("error", Value::Null),
    ] {
        assert_eq!(done[name], expected, "{name}: {done}");
    }
    assert_eq!(rows(&done), [2, 2, 0, 0]);
    // What is not done is said, and not pretended.
    assert!(text(&done["warnings"][0]).starts_with("autoEnrich: "), "{done}");
    let made = contacts(server, &tenant);
    assert_eq!(members(&made, "fullName"), [Some("John Doe"), Some("Jane")]);
    assert_eq!(members(&made, "company"), [Some("Acme"), Some("Acme")]);
}

// D-191, X-152
fn the_documents_numbers(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let mut table = String::from("Name,Email\n");
    for number in 0..935 {
        table += &format!("P {number},p{number}@example.com\n");
    }
    for number in 0..50 {
        table += &format!("P {number},P{number}@Example.com\n");
    }
    for number in 0..15 {
        table += &format!("P {number},nobody\n");
    }
    let done = import(server, &browser, &table, &json!({ "skipDuplicates": true }));
    assert_eq!(rows(&done), [1000, 985, 15, 50]);
    assert_eq!((&done["processedRows"], &done["skippedRows"]), (&json!(1000), &json!(50)));
    assert_eq!(contacts(server, &tenant).len(), 935);
}

// D-190
fn stray_bytes_cost_their_row(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table = b"name,city\nok1,a\nbad\xff\xfe\xc3,b\nok2 c\xc3\xa9,c\n";
    let done = ended(server, &browser, &begin(&browser, table, &json!({})));
    assert_eq!((rows(&done), &done["encoding"]), ([3, 2, 1, 0], &json!("utf-8")));
    assert_eq!(members(&contacts(server, &tenant), "fullName"), [Some("ok1"), Some("ok2 cé")]);
}

fn the_encoding_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let done = ended(server, &browser, &begin(&browser, b"name\nJos\xe9\n", &json!({})));
    assert_eq!(done["encoding"], "windows-1252");
    assert_eq!(members(&contacts(server, &tenant), "fullName"), [Some("José")]);
}

// X-150
fn duplicates_are_refused_skipped_or_updated(server: &Server) {
    let names = ["Acme", "Beta", "Gamma", "Delta", "Echo"];
    let cases = [
        (json!({}), [4, 1, 3, 0], [Some("Old"), None, Some("CTO")]),
        (json!({ "skipDuplicates": true }), [4, 4, 0, 3], [Some("Old"), None, Some("CTO")]),
        (
            json!({ "updateExisting": true }),
            [4, 4, 0, 3],
            [Some("New"), Some("CEO"), Some("CFO")],
        ),
        (
            json!({ "skipDuplicates": true, "updateExisting": true }),
            [4, 4, 0, 3],
            [Some("New"), Some("CEO"), Some("CFO")],
        ),
        (
            json!({ "skipDuplicates": false, "updateExisting": null }),
            [4, 1, 3, 0],
            [Some("Old"), None, Some("CTO")],
        ),
    ];
    for (name, (options, expected, titles)) in names.into_iter().zip(cases) {
        let tenant = server.tenant(name);
        let browser = Browser::of(server, &tenant.admin);
        tenant.contact_of(ContactDraft {
            full_name: set("Ada"),
            email: set("ada@example.com"),
            title: set("Old"),
            ..ContactDraft::default()
        });
        tenant.contact_of(ContactDraft {
            full_name: set("Bob"),
            person_linkedin: set("https://www.linkedin.com/in/bob"),
            ..ContactDraft::default()
        });
        // By email, by profile, and within the file by name and company.
        let table = "Name,Email,LinkedIn,Company,Title\nAda,ADA@example.com,,,New\nBob,,linkedin.com/in/Bob/,,CEO\n\
                     Eve,,,Acme,CTO\neve,,,ACME,CFO\n";
        let done = import(server, &browser, table, &options);
        assert_eq!(rows(&done), expected, "{options}");
        assert_eq!(members(&contacts(server, &tenant), "title"), titles, "{options}");
    }
}

fn columns_feed_what_the_mapping_says(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table = b"Name,Other,Title,Email\nAda,+49 1,CTO,ada@example.com\n";
    let mapping = br#"{"name":"fullName","Other":"MobilePhone","Title":"-","Email":null}"#;
    let parts = [Part("file", Some("x.csv"), table), Part("fieldMapping", None, mapping)];
    let started = post(&browser, "/api/import", &parts).expect(200).json();
    ended(server, &browser, text(&started["jobId"]));
    let made = contacts(server, &tenant);
    let [ada] = &made[..] else { panic!("{made:?}") };
    assert_eq!(
        [&ada["fullName"], &ada["mobilePhone"], &ada["title"], &ada["email"]],
        [&json!("Ada"), &json!("+49 1"), &Value::Null, &Value::Null]
    );
}

fn a_dry_run_writes_nothing(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table = "Name,Email\nAda,a@x.de\nBob,bad\nAda,A@x.de\n";
    let done = import(server, &browser, table, &json!({ "dryRun": true, "updateExisting": true }));
    assert_eq!(rows(&done), [3, 2, 1, 1]);
    assert_eq!(done["dryRun"], true);
    assert_eq!(contacts(server, &tenant), [] as [Value; 0]);
    let job = text(&done["id"]);
    let undone = browser.request("POST", &format!("/api/import/{job}/undo")).send();
    refusal(server, &undone, 409, "DUPLICATE_RESOURCE");
}

fn what_failed_can_be_downloaded_mended_and_imported(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table = "Name,Email,Title\nAda,a@x.de,\nBob,bad,=1+1\nshort\n\"Eve,e@x.de,\n";
    let done = import(server, &browser, table, &json!({}));
    assert_eq!(rows(&done), [4, 1, 3, 0]);
    let path = format!("/api/import/{}/errors", text(&done["id"]));
    let answer = browser.request("GET", &path).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = answer.text().lines().collect();
    assert_eq!(
        lines,
        [
            "import_line,import_column,import_reason,Name,Email,Title,crm_formula_guard",
            "3,Email,Email: must be a valid email address,Bob,bad,'=1+1,1",
            "4,,\"expected 3 cells, found 1\",short,,,1",
            "5,,a quoted cell is never closed,\"\"\"Eve,e@x.de,",
            "\",,,1",
        ]
    );
    let mended = answer.text().replace("bad", "b@x.de");
    let done = import(server, &browser, &mended, &json!({}));
    assert_eq!(rows(&done)[1], 3);
    let made = contacts(server, &tenant);
    assert_eq!(made[1]["title"], "=1+1", "the guard is gone");
    // None failed: a table without rows.
    let done = import(server, &browser, "Name\nZed\n", &json!({}));
    let path = format!("/api/import/{}/errors", text(&done["id"]));
    assert_eq!(
        browser.request("GET", &path).expect(200).text(),
        "import_line,import_column,import_reason,Name,crm_formula_guard\n"
    );
    browser.request("HEAD", &path).expect(200);
}

fn our_own_export_comes_back(server: &Server) {
    let (first, second) = (server.tenant("Acme"), server.tenant("Beta"));
    first.contact_of(ContactDraft {
        full_name: set("=Ada"),
        email: set("ada@example.com"),
        phone: set("+49 30 1"),
        technologies: crm_domain::field::Patch::Set(vec!["Rust".to_owned(), "-SQL".to_owned()]),
        ..ContactDraft::default()
    });
    let exported = Browser::of(server, &first.admin).request("GET", "/api/export").expect(200);
    assert!(exported.text().contains("'+49 30 1"), "it is guarded");
    let done = import(server, &Browser::of(server, &second.admin), exported.text(), &json!({}));
    assert_eq!(rows(&done), [1, 1, 0, 0]);
    let (before, after) = (contacts(server, &first), contacts(server, &second));
    for name in ["fullName", "firstName", "email", "mobilePhone", "technologies", "leadScore"] {
        assert_eq!(after[0][name], before[0][name], "{name}");
    }
}

// D-179, X-148, X-150
fn a_whole_export_finds_its_contacts_again(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Beta"));
    let browser = Browser::of(server, &tenant.admin);
    import(server, &browser, "Name,City\nAda,Ulm\nBo,\nAda,Bonn\n", &json!({}));
    let exported = browser.request("GET", "/api/export/all?sortOrder=asc").expect(200);
    let mapped = post(
        &browser,
        "/api/import/auto-map",
        &[Part("csv", Some("x.csv"), exported.text().as_bytes())],
    );
    let mapped = mapped.expect(200).json();
    assert_eq!(mapped["fieldMapping"]["Id"], "id");
    // What people do with it: they change a name, and give a mapping.
    let changed = exported.text().replacen("Ada", "Ada Byron", 1);
    let parts = [
        Part("csv", Some("x.csv"), changed.as_bytes()),
        Part("fieldMapping", None, br#"{"Id":"id","Full Name":"fullName"}"#),
        Part("options", None, br#"{"updateExisting":true}"#),
    ];
    let started = post(&browser, "/api/import", &parts).expect(200).json();
    assert_eq!(rows(&ended(server, &browser, text(&started["jobId"]))), [3, 3, 0, 3]);
    let after = contacts(server, &tenant);
    assert_eq!(members(&after, "fullName"), [Some("Ada Byron"), Some("Bo"), Some("Ada")]);
    // In another tenant these ids are nobody's.
    let browser = Browser::of(server, &other.admin);
    let done = import(server, &browser, exported.text(), &json!({ "updateExisting": true }));
    assert_eq!(rows(&done), [3, 3, 0, 0]);
    assert_eq!(
        members(&contacts(server, &tenant), "fullName"),
        [Some("Ada Byron"), Some("Bo"), Some("Ada")]
    );
}

// D-180, D-183
fn tables_of_other_things_are_not_taken_for_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let map = |table: &str| {
        let parts = [Part("csv", Some("x.csv"), table.as_bytes())];
        post(&browser, "/api/import/auto-map", &parts).expect(200).json()["fieldMapping"].clone()
    };
    let salesforce = "Contact ID,First Name,Last Name,Account Name,Mailing Street,Mailing Country Code,Account ID\n";
    let expected = json!({ "First Name": "firstName", "Last Name": "lastName", "Account Name": "company" });
    assert_eq!(map(salesforce), expected);
    let hubspot = map("Record ID,First Name,Phone Number,Mobile Phone Number,Company Id\n");
    let expected = json!({ "First Name": "firstName", "Phone Number": "otherPhone", "Mobile Phone Number": "mobilePhone" });
    assert_eq!(hubspot, expected);
    let organizations = "Organization Id,Name,Website,Founded,Number of employees\n1,Banks-Tran,https://x.test,1970,5\n";
    assert_eq!(map(organizations), json!({}));
    let refused = post(&browser, "/api/import", &[Part("csv", Some("x.csv"), organizations.as_bytes())]);
    refusal(server, &refused, 400, "VALIDATION_ERROR");
}

fn imports_are_listed_newest_first(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let ids: Vec<Value> = (0..3)
        .map(|number| import(server, &browser, &format!("Name\nP {number}\n"), &json!({}))["id"].clone())
        .collect();
    let answer = browser.request("GET", "/api/import?pageSize=2").expect(200);
    let listed = data(server, &answer);
    let shown: Vec<&Value> = listed["imports"].as_array().unwrap().iter().map(|import| &import["id"]).collect();
    assert_eq!(shown, [&ids[2], &ids[1]]);
    assert_eq!(answer.json()["meta"]["totalItems"], 3);
    refusal(
        server,
        &browser.request("GET", "/api/import?page=0").send(),
        400,
        "VALIDATION_ERROR",
    );
}

fn a_repeated_request_imports_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let send = |table: &str| {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = browser.request("POST", "/api/import").header("content-type", kind);
        let body = form(&[Part("csv", Some("x.csv"), table.as_bytes())]);
        request.header("idempotency-key", "one").body(body).send()
    };
    let first = send("Name\nAda\n").expect(200);
    let again = send("Name\nAda\n").expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    refusal(server, &send("Name\nBob\n"), 422, "VALIDATION_ERROR");
    ended(server, &browser, text(&first.json()["jobId"]));
    assert_eq!(contacts(server, &tenant).len(), 1);
    let listed = browser.request("GET", "/api/import").expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], 1);
}

fn who_may_not_delete_takes_nothing_back(server: &Server) {
    let tenant = server.tenant("Acme");
    let user = Browser::of(server, &tenant.user(Role::User));
    let done = import(server, &user, "Name\nAda\n", &json!({}));
    let undone = user.request("POST", &format!("/api/import/{}/undo", text(&done["id"]))).send();
    refusal(server, &undone, 403, "FORBIDDEN");
}

/// Compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
