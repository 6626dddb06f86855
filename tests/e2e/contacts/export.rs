//! Downloads of contacts (contract D-175 … D-179, X-148). What stands in the cells is tested with the table itself, in
//! `contract/tenant/export/download.rs`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crm_domain::{
    field::{Check, Patch},
    tenant::contact::{Contact, ContactDraft, ContactFields, create_many},
    usecase::single,
};
use crm_tests::{
    each_server,
    http::Answer,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::json;

use super::{Browser, check_headers, details, full, refusal};

each_server! {
    a_download_is_a_dated_file_under_the_documents_headers,
    the_lists_parameters_choose_the_rows,
    what_is_wrong_with_a_parameter_is_told_before_the_file_begins,
    a_session_opens_it_and_nothing_else,
    a_head_without_a_body_tells_the_same,
    ten_thousand_rows_come_once_while_others_write,
    a_download_taken_slowly_keeps_nobody_waiting,
    a_download_of_nobody_in_force_breaks_off,
}

const PATHS: [&str; 2] = ["/api/export", "/api/export/all"];
const HEADERS: &str = "Full Name,First Name,Last Name,Title,Company,Email,Mobile Phone,Other Phone,Home Phone,Corporate Phone,Employees,\
    Employee Size Bracket,Industry,Person LinkedIn,Website,Company LinkedIn,City,State,Country,Company Address,Company City,Company State,\
    Company Country,Technologies,Annual Revenue,Lead Score,Created At";

fn called(name: &str) -> ContactDraft {
    ContactDraft {
        full_name: set(name),
        ..ContactDraft::default()
    }
}

fn add_all(tenant: &TestTenant<'_>, drafts: impl Iterator<Item = ContactDraft>) -> Vec<Contact> {
    let owner = tenant.admin.id;
    let fields = drafts
        .map(|draft| ContactFields::parse(draft, owner, Check::new()).unwrap())
        .collect();
    tenant.write(move |unit| create_many(unit, fields))
}

/// The rows of a file whose cells hold no commas and no quotes.
fn rows(file: &str) -> Vec<Vec<&str>> {
    let lines = file.strip_suffix("\r\n").expect("a whole last line").split("\r\n").skip(1);
    lines.map(|line| line.split(',').collect()).collect()
}

fn names(answer: &Answer) -> Vec<&str> {
    rows(answer.text()).into_iter().map(|row| row[0]).collect()
}

#[track_caller]
fn check_file(server: &Server, answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    // The tests' day.
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"contacts-2025-01-15.csv\"")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    check_headers(server, answer);
}

// D-175, D-176, D-177, D-178, D-179, X-148
fn a_download_is_a_dated_file_under_the_documents_headers(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let key = full(&tenant);
    let contact = json!({
        "fullName": "Zoë 🚀 👩‍👩‍👧", "email": "zoe@x.test", "mobilePhone": "+49 30 1", "title": "=1+1", "technologies": ["Rust", "Go"], "employees": 350,
    });
    let made = server.post("/api/v1/contacts").bearer(&key).json(&contact).expect(201).json();
    let made = &made["data"]["contact"];
    let [file, whole] = PATHS.map(|path| browser.request("GET", path).expect(200));
    check_file(server, &file);
    check_file(server, &whole);
    let score = made["leadScore"].as_str().unwrap();
    let created = made["createdAt"].as_str().unwrap();
    let row = format!("Zoë 🚀 👩‍👩‍👧,Zoë 🚀,👩‍👩‍👧,'=1+1,,zoe@x.test,'+49 30 1,,,,350,201-500,,,,,,,,,,,,Rust; Go,,{score},{created}");
    assert_eq!(file.text(), format!("{HEADERS}\r\n{row}\r\n"));
    let id = made["id"].as_str().unwrap();
    let further = "Id,Email Domain,Updated At,Tags,Description,External Id,Account,Owner";
    assert_eq!(
        whole.text(),
        format!("{HEADERS},{further}\r\n{row},{id},x.test,{created},,,,,admin@acme.test\r\n")
    );
    // Another tenant's contacts are in no file.
    let other = Browser::of(server, &server.tenant("Bolt").admin);
    assert_eq!(other.request("GET", PATHS[0]).expect(200).text(), format!("{HEADERS}\r\n"));
}

fn the_lists_parameters_choose_the_rows(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    for (name, industry, employees) in [("Ada", "Technology", 5), ("Ben", "Retail", 700), ("Cleo", "Technology", 40)] {
        tenant.contact_of(ContactDraft {
            industry: set(industry),
            employees: set(employees),
            ..called(name)
        });
    }
    for path in PATHS {
        for (query, expected) in [
            ("", &["Cleo", "Ben", "Ada"][..]),
            ("?sortOrder=asc", &["Ada", "Ben", "Cleo"]),
            ("?industry=Technology", &["Cleo", "Ada"]),
            ("?industry=Technology&sortBy=fullName&sortOrder=asc", &["Ada", "Cleo"]),
            ("?employeeSizeBracket=501-1000", &["Ben"]),
            ("?search=cle", &["Cleo"]),
            ("?hasEmail=true", &[]),
            ("?hasEmail=false&sortBy=employees&sortOrder=desc", &["Ben", "Cleo", "Ada"]),
            ("?deleted=true", &[]),
            // A file has no pages.
            ("?page=2&pageSize=1&cursor=x", &["Cleo", "Ben", "Ada"]),
        ] {
            let answer = browser.request("GET", &format!("{path}{query}")).expect(200);
            assert_eq!(names(&answer), expected, "{path}{query}");
        }
    }
}

//
fn what_is_wrong_with_a_parameter_is_told_before_the_file_begins(server: &Server) {
    let browser = Browser::of(server, &server.tenant("Acme").admin);
    for path in PATHS {
        let answer = browser
            .request("GET", &format!("{path}?sortBy=shoeSize&updatedSince=yesterday"))
            .send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        let fields: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["sortBy", "updatedSince"]);
        let blank = browser.request("GET", &format!("{path}?createdSince=&updatedSince=%20")).send();
        let error = refusal(server, &blank, 400, "VALIDATION_ERROR");
        let fields: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["createdSince", "updatedSince"]);
    }
}

// D-154
fn a_session_opens_it_and_nothing_else(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, token) = (full(&tenant), tenant.admin_token());
    for path in PATHS {
        refusal(server, &server.get(path).send(), 401, "UNAUTHORIZED");
        refusal(server, &server.get(path).bearer(&key).send(), 401, "UNAUTHORIZED");
        refusal(server, &server.get(path).key(&key).send(), 401, "UNAUTHORIZED");
        refusal(server, &server.get(path).bearer(&token).send(), 401, "UNAUTHORIZED");
    }
}

fn a_head_without_a_body_tells_the_same(server: &Server) {
    let browser = Browser::of(server, &server.tenant("Acme").admin);
    for path in PATHS {
        let answer = browser.request("HEAD", path).expect(200);
        check_file(server, &answer);
        assert_eq!(answer.body, b"");
    }
}

#[test]
fn a_database_that_cannot_be_read_is_told_as_an_error() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    tenant.damage("ALTER TABLE contact RENAME TO gone");
    for path in PATHS {
        refusal(&server, &browser.request("GET", path).send(), 500, "INTERNAL_ERROR");
    }
}

fn ten_thousand_rows_come_once_while_others_write(server: &Server) {
    const COUNT: usize = 10_000;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let drafts = (0..COUNT).map(|number| ContactDraft {
        email: set(format!("p{number}@x.test")),
        ..called(&format!("Person {number:05} 🚀"))
    });
    let made = add_all(&tenant, drafts);
    let owner = tenant.admin.id;
    let is_done = AtomicBool::new(false);
    let (answer, written) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while written < COUNT && !is_done.load(Ordering::Relaxed) {
                let (touched, name) = (made[written * 97 % COUNT].id, format!("New {written}"));
                let draft = ContactDraft {
                    title: set(&name),
                    ..ContactDraft::default()
                };
                tenant.write(move |unit| {
                    single::update::<Contact>(unit, touched, draft, owner, Check::new())?;
                    single::create::<Contact>(unit, called(&name), owner, Check::new())
                });
                written += 1;
            }
            written
        });
        let answer = browser.request("GET", PATHS[0]).expect(200);
        is_done.store(true, Ordering::Relaxed);
        (answer, writer.join().expect("a writer that is not kept waiting"))
    });
    assert!(written > 0);
    let rows = rows(answer.text());
    let emails: Vec<&str> = rows.iter().map(|row| row[5]).filter(|email| !email.is_empty()).collect();
    let expected: Vec<String> = (0..COUNT).rev().map(|number| format!("p{number}@x.test")).collect();
    assert_eq!(emails, expected);
}

/// A file that is more than the sockets between server and client hold.
fn large(server: &Server) -> (TestTenant<'_>, Browser<'_>) {
    let tenant = server.tenant("Acme");
    let drafts = (0..LARGE).map(|number| ContactDraft {
        description: Patch::Set("x".repeat(9_000)),
        ..called(&format!("Person {number:05}"))
    });
    add_all(&tenant, drafts);
    let browser = Browser::of(server, &tenant.admin);
    (tenant, browser)
}

const LARGE: usize = 3_000;
/// Longest that a test waits for a byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for the large file, takes its beginning, and then lets `meanwhile` happen before it takes the rest: what came of the body, chunks
/// and all.
fn taken_slowly(server: &Server, browser: &Browser<'_>, meanwhile: impl FnOnce()) -> String {
    let mut socket = TcpStream::connect(server.url().trim_start_matches("http://")).expect("the server accepts connections");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        PATHS[1], browser.cookie
    );
    socket.write_all(request.as_bytes()).expect("the server reads");
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(
            socket.read_line(&mut head).expect("a head"),
            0,
            "the answer ends in its head: {head}"
        );
    }
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.to_lowercase().contains("transfer-encoding: chunked"),
        "{head}"
    );
    let mut body = vec![0; 10_000];
    socket.read_exact(&mut body).expect("the beginning of the body");
    meanwhile();
    // A connection that is cut off may be reset.
    let _ = socket.read_to_end(&mut body);
    String::from_utf8(body).expect("UTF-8")
}

fn a_download_taken_slowly_keeps_nobody_waiting(server: &Server) {
    let (tenant, browser) = large(server);
    let body = taken_slowly(server, &browser, || {
        for number in 0..20 {
            tenant.contact_of(called(&format!("New {number}")));
        }
    });
    assert!(body.ends_with("\r\n0\r\n\r\n"), "the file is whole");
    assert_eq!(body.matches("Person 0").count(), LARGE);
    assert_eq!(body.matches("New ").count(), 0, "the newest come first, and these are newer");
}

fn a_download_of_nobody_in_force_breaks_off(server: &Server) {
    let (_, browser) = large(server);
    let body = taken_slowly(server, &browser, || {
        browser
            .request("POST", "/api/logout")
            .header("sec-fetch-site", "same-origin")
            .expect(200);
    });
    assert!(!body.ends_with("0\r\n\r\n"), "no client takes it for whole");
    let rows = body.matches("Person 0").count();
    assert!(rows > 0 && rows < LARGE, "{rows}");
}
