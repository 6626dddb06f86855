//! Taking imports back, and ending them early.

use super::*;

crm_tests::each_server! {
    an_import_is_taken_back_but_for_what_others_changed,
    an_undoing_that_nothing_is_left_for_is_refused,
    an_import_that_waits_is_cancelled,
}

fn undo(server: &Server, browser: &Browser<'_>, import: &Value) -> Value {
    let path = format!("/api/import/{}/undo", text(&import["id"]));
    let begun = browser.request("POST", &path).expect(200).json();
    assert_eq!((&begun["kind"], &begun["importId"]), (&json!("undo"), &import["id"]));
    ended(server, browser, text(&begun["id"]))
}

fn an_import_is_taken_back_but_for_what_others_changed(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let key = full(&tenant);
    tenant.contact_of(ContactDraft {
        full_name: set("Ada"),
        email: set("ada@x.de"),
        title: set("CTO"),
        employees: set("40"),
        ..ContactDraft::default()
    });
    tenant.contact_of(ContactDraft {
        full_name: set("Bob"),
        email: set("bob@x.de"),
        ..ContactDraft::default()
    });
    let before = contacts(server, &tenant);
    let mut table =
        String::from("Name,Email,Title,Employees,City,Technologies\nAda L,ada@x.de,CEO,700,Bonn,Rust;SQL\nBob,bob@x.de,CFO,,,\n");
    for number in 0..1_500 {
        table += &format!("P {number},p{number}@x.de,,,,\n");
    }
    // A record that the import made is changed by it again.
    table += "P 7,p7@x.de,Seven,,,\n";
    let done = import(server, &browser, &table, &json!({ "updateExisting": true }));
    assert_eq!(rows(&done), [1_503, 1_503, 0, 3]);
    let imported = contacts(server, &tenant);
    assert_eq!(
        (imported.len(), &imported[0]["title"], &imported[9]["title"]),
        (1_502, &json!("CEO"), &json!("Seven"))
    );
    // Others go on: one that the import changed, one that it made, and one that is deleted since.
    for (index, body) in [(1, json!({ "city": "Köln" })), (5, json!({ "title": "Mine" }))] {
        let path = format!("/api/v1/contacts/{}", text(&imported[index]["id"]));
        server.patch(&path).bearer(&key).json(&body).expect(200);
    }
    let gone = format!("/api/v1/contacts/{}", text(&imported[6]["id"]));
    server.delete(&gone).bearer(&key).expect(200);

    let undone = undo(server, &browser, &done);
    assert_eq!(undone["status"], "completed", "{undone}");
    assert_eq!(undone["errorRows"], 3, "{undone}");
    let after = contacts(server, &tenant);
    assert_eq!(members(&after, "fullName"), [Some("Ada"), Some("Bob"), Some("P 3")]);
    for name in [
        "fullName",
        "firstName",
        "title",
        "employees",
        "employeeSizeBracket",
        "city",
        "technologies",
        "leadScore",
    ] {
        assert_eq!(after[0][name], before[0][name], "{name}");
    }
    assert_eq!(
        (&after[1]["title"], &after[1]["city"]),
        (&json!("CFO"), &json!("Köln")),
        "left as it is"
    );
    let left = browser
        .request("GET", &format!("/api/import/{}/errors", text(&undone["id"])))
        .expect(200);
    let mut lines = left.text().lines();
    assert_eq!(
        lines.next(),
        Some("import_line,import_column,import_reason,id,fullName,email,crm_formula_guard")
    );
    let named: Vec<&str> = lines.collect();
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(
        named[0].contains("was updated by api_key:") && named[0].contains("bob@x.de"),
        "{named:?}"
    );
    assert!(named[2].contains("was deleted by api_key:"), "{named:?}");
    // The import tells by which job it was undone.
    let import = browser
        .request("GET", &format!("/api/import/{}", text(&done["id"])))
        .expect(200)
        .json();
    assert_eq!(import["undoJobId"], undone["id"]);
}

fn an_undoing_that_nothing_is_left_for_is_refused(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let done = import(server, &browser, "Name\nAda\n", &json!({}));
    let undone = undo(server, &browser, &done);
    assert_eq!(contacts(server, &tenant), [] as [Value; 0]);
    for id in [&done["id"], &undone["id"]] {
        for action in ["undo", "cancel"] {
            let answer = browser.request("POST", &format!("/api/import/{}/{action}", text(id))).send();
            refusal(server, &answer, 409, "DUPLICATE_RESOURCE");
        }
    }
}

/// Nobody runs jobs here: it waits until it is cancelled.
fn an_import_that_waits_is_cancelled(server: &Server) {
    let server = Server::with(server.backend, |settings| settings.jobs.parallel = 0);
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    let job = begin(&browser, b"Name\nAda\n", &json!({}));
    let path = format!("/api/import/{job}");
    assert_eq!(browser.request("GET", &path).expect(200).json()["status"], "pending");
    let cancelled = browser.request("POST", &format!("{path}/cancel")).expect(200).json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(ended(&server, &browser, &job), cancelled);
    let undone = browser.request("POST", &format!("{path}/undo")).expect(200).json();
    assert_eq!(undone["status"], "pending", "what it did until then can be taken back");
}
