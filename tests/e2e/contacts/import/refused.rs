//! Imports that cannot begin.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use super::*;

crm_tests::each_server! {
    what_is_wrong_with_a_table_or_its_mapping_is_told,
    what_is_no_form_is_refused,
    a_form_that_breaks_off_leaves_nothing,
    a_row_without_end_costs_itself,
    jobs_of_nobody_are_not_there,
    other_sites_do_not_import,
}

// D-186
fn what_is_wrong_with_a_table_or_its_mapping_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table: &[u8] = b"Name,Email\nAda,a@x.de\n";
    let csv = |content| Part("csv", Some("x.csv"), content);
    let mapping = |json: &'static str| Part("fieldMapping", None, json.as_bytes());
    let options = |json: &'static str| Part("options", None, json.as_bytes());
    let cases: Vec<(Vec<Part<'_>>, &[&str])> = vec![
        (vec![], &["csv"]),
        (vec![Part("table", Some("x.csv"), table)], &["csv"]),
        (vec![csv(table), csv(table)], &["csv"]),
        (vec![csv(b"")], &["csv"]),
        (vec![csv(b"\xEF\xBB\xBF\r\n\n")], &["csv"]),
        (vec![csv(b"\"Name,Email\nAda,a@x.de\n")], &["csv"]),
        (vec![csv(b"foo,bar\n1,2\n")], &["fieldMapping"]),
        (vec![csv(table), mapping("[]")], &["fieldMapping"]),
        (vec![csv(table), mapping("{")], &["fieldMapping"]),
        (vec![csv(table), mapping("{}")], &["fieldMapping"]),
        (
            vec![csv(table), mapping(r#"{"Name":"fullName","Nome":"email"}"#)],
            &["fieldMapping"],
        ),
        (vec![csv(table), mapping(r#"{"Name":"nosuch"}"#)], &["fieldMapping.Name"]),
        (
            vec![csv(table), mapping(r#"{"Name":"owner","Email":7}"#)],
            &["fieldMapping.Email", "fieldMapping.Name"],
        ),
        (vec![csv(table), mapping(r#"{"Name":"email","Email":"email"}"#)], &["fieldMapping"]),
        (
            vec![csv(table), mapping(r#"{"Name":"fullName","Email":"customFields.nosuch"}"#)],
            &["fieldMapping"],
        ),
        (
            vec![csv(table), mapping("{\"Name\":\"fullName\"}"), mapping("{}")],
            &["fieldMapping"],
        ),
        (vec![csv(table), options("true")], &["options"]),
        (vec![csv(table), options(r#"{"dryRun":"yes"}"#)], &["options.dryRun"]),
        (vec![csv(table), Part("options", None, b"\xFF")], &["options"]),
    ];
    for (number, (parts, fields)) in cases.iter().enumerate() {
        let error = refusal(server, &post(&browser, "/api/import", parts), 400, "VALIDATION_ERROR");
        let details = error["details"].as_array().unwrap();
        let named: Vec<&str> = details.iter().map(|detail| text(&detail["field"])).collect();
        assert_eq!(named, *fields, "case {number}: {error}");
    }
    // A picture is no table, whatever its name.
    let picture: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0";
    for (path, content) in [
        ("/api/import", picture),
        ("/api/import/auto-map", picture),
        ("/api/import/auto-map", b"PK\x03\x04\x14\0"),
    ] {
        let error = refusal(server, &post(&browser, path, &[csv(content)]), 400, "VALIDATION_ERROR");
        assert_eq!(error["details"][0]["field"], "csv", "{path}: {error}");
    }
    let wide = vec!["h"; 1_001].join(",") + "\n";
    let error = refusal(
        server,
        &post(&browser, "/api/import", &[csv(wide.as_bytes())]),
        400,
        "VALIDATION_ERROR",
    );
    assert!(text(&error["details"][0]["message"]).contains("1001 columns"), "{error}");
    let listed = browser.request("GET", "/api/import").expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], 0);
}

fn what_is_no_form_is_refused(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let send = |kind: &str, body: &[u8]| {
        let request = browser.request("POST", "/api/import");
        let request = if kind.is_empty() {
            request
        } else {
            request.header("content-type", kind)
        };
        request.body(body).send()
    };
    for kind in [
        "",
        "application/json",
        "text/csv",
        "multipart/mixed; boundary=x",
        "application/x-www-form-urlencoded",
    ] {
        refusal(server, &send(kind, b"Name\nAda\n"), 415, "BAD_REQUEST");
    }
    let whole = form(&[Part("csv", Some("x.csv"), b"Name\nAda\n")]);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    refusal(server, &send("multipart/form-data", &whole), 400, "BAD_REQUEST");
    refusal(server, &send(&kind, b"no form at all"), 400, "BAD_REQUEST");
    refusal(server, &send(&kind, &whole[..whole.len() - 20]), 400, "BAD_REQUEST");
    let request = browser.request("POST", "/api/import").header("content-type", &kind);
    let packed = request.header("content-encoding", "gzip").body(gzip(&whole)).send();
    refusal(server, &packed, 415, "BAD_REQUEST");
    let huge = Server::with(server.backend, |settings| settings.server.body.upload_bytes = 1_000);
    let tenant = huge.tenant("Acme");
    let browser = Browser::of(&huge, &tenant.admin);
    let table = "Name\n".to_owned() + &"x\n".repeat(600);
    let large = post(&browser, "/api/import", &[Part("csv", Some("x.csv"), table.as_bytes())]);
    refusal(&huge, &large, 413, "BAD_REQUEST");
}

/// The connection is cut in the middle of the body.
fn a_form_that_breaks_off_leaves_nothing(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let body = form(&[Part("csv", Some("x.csv"), b"Name\nAda\n")]);
    let url = server.url();
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /api/import HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        browser.cookie,
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&body[..body.len() / 2]).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    // It may be told, or just be left.
    let _ = socket.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    let listed = browser.request("GET", "/api/import").expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], 0);
}

fn a_row_without_end_costs_itself(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let table = format!("Name,Title\nAda,{}\nBob,CTO\n", "x".repeat(20 << 20));
    let done = import(server, &browser, &table, &json!({}));
    assert_eq!(rows(&done), [2, 1, 1, 0]);
    assert_eq!(members(&contacts(server, &tenant), "fullName"), [Some("Bob")]);
}

// D-192
fn jobs_of_nobody_are_not_there(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Beta"));
    let (browser, stranger) = (Browser::of(server, &tenant.admin), Browser::of(server, &other.admin));
    let job = begin(&browser, b"Name\nAda\n", &json!({}));
    ended(server, &browser, &job);
    for id in [
        &job,
        "00000000-0000-7000-8000-000000000000",
        "1",
        "auto-map2",
        &job.to_uppercase().replace('-', ""),
    ] {
        for (method, tail) in [
            ("GET", ""),
            ("GET", "/events"),
            ("GET", "/errors"),
            ("POST", "/cancel"),
            ("POST", "/undo"),
        ] {
            let answer = stranger.request(method, &format!("/api/import/{id}{tail}")).send();
            let error = refusal(server, &answer, 404, "NOT_FOUND");
            assert_eq!(error["message"], "Import not found", "{method} {id}{tail}");
        }
    }
}

fn other_sites_do_not_import(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    for path in ["/api/import", "/api/import/auto-map"] {
        let request = browser
            .request("POST", path)
            .header("content-type", &kind)
            .header("sec-fetch-site", "cross-site");
        let answer = request.body(form(&[Part("csv", Some("x.csv"), b"Name\nAda\n")])).send();
        refusal(server, &answer, 403, "FORBIDDEN");
        let answer = server.post(path).header("content-type", &kind).body(form(&[])).send();
        refusal(server, &answer, 401, "UNAUTHORIZED");
    }
}
