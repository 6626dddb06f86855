//! Every command, by its output and its exit code.

use serde_json::json;

use super::process::Place;

#[test]
fn a_first_start_says_what_to_do_next() {
    let place = Place::new();
    let mut serving = place.serve(&[]);
    assert_eq!(serving.greeting["tenants"], 0);
    assert!(serving.get("/livez", "").starts_with("HTTP/1.1 200"));
    serving.terminate();
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn init_makes_one_tenant_and_asks_for_what_is_missing() {
    let place = Place::new();
    let output = place.run_with(&["init", "--json"], "admin@acme.example\nAdmin@123\n");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, error) = place.error(&["init", "--email", "b@acme.example", "--password", "Admin@123"]);
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: there is a tenant already: make further ones with `crm-server tenant create`"
        )
    );
    let (code, error) = place.error(&["tenant", "create", "--email", "admin@acme.example", "--password", "Admin@123"]);
    assert_eq!((code, error.as_str()), (1, "error: a user with this email exists already"));
    let (code, error) = place.error(&["tenant", "create", "--email", "nobody", "--password", "short"]);
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: email: must be a valid email address; password: must be at least 8 characters long"
        )
    );
    place.json(&[
        "tenant",
        "create",
        "--email",
        "b@beta.example",
        "--password",
        "Admin@123",
        "--tenant-name",
        "Beta",
    ]);
    assert_eq!(place.json(&["tenant", "deactivate", "beta"])["isActive"], false);
    let names: Vec<_> = place
        .json(&["tenant", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["name"].clone())
        .collect();
    assert_eq!(names, [json!("My Company"), json!("Beta")]);
    let (code, error) = place.error(&["user", "list"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "error: say which tenant with --tenant: 1 (My Company), 2 (Beta)")
    );
}

#[test]
fn users_come_and_change_and_the_last_admin_stays() {
    let place = Place::new();
    place.init();
    let (_, error) = place.error(&["user", "set-role", "admin@acme.example", "User"]);
    assert!(error.contains("last active Admin"), "{error}");
    let (_, error) = place.error(&["user", "deactivate", "1"]);
    assert!(error.contains("last active Admin"), "{error}");
    let user = place.json(&[
        "user",
        "create",
        "--email",
        "bo@acme.example",
        "--name",
        "Bo",
        "--role",
        "Sales Manager",
        "--no-password",
    ]);
    assert_eq!((&user["role"], &user["canSignIn"]), (&json!("Manager"), &json!(false)));
    let user = place.json(&["user", "set-password", "Bo", "--password", "Manager@1"]);
    assert_eq!(user["canSignIn"], true);
    assert_eq!(place.json(&["user", "set-role", "user_2", "Admin"])["role"], "Admin");
    assert_eq!(place.json(&["user", "deactivate", "admin@acme.example"])["isActive"], false);
    assert_eq!(place.json(&["user", "activate", "admin@acme.example"])["isActive"], true);
    assert_eq!(place.error(&["user", "set-role", "Bo", "King"]).0, 2);
    assert_eq!(
        place.error(&["user", "activate", "nobody"]),
        (1, "error: tenant Acme has no user \"nobody\"".to_owned())
    );
}

#[test]
fn a_key_is_shown_once_works_and_is_revoked() {
    let place = Place::new();
    place.init();
    let created = place.json(&[
        "key",
        "create",
        "--family",
        "health_trixss",
        "--name",
        "Sync",
        "--rate-limit",
        "500",
        "--allow-ip",
        "127.0.0.1,10.0.0.0/8",
        "--expires-at",
        "2999-01-01T00:00:00Z",
        "--description",
        "nightly",
    ]);
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("htx_"));
    assert_eq!(created["apiKey"]["ipAllowlist"], json!(["127.0.0.1/32", "10.0.0.0/8"]));
    let listed = place.run(&["key", "list", "--json"]).stdout;
    assert!(!String::from_utf8(listed).unwrap().contains(key));

    let serving = place.serve(&[]);
    let header = format!("x-api-key: {key}\r\n");
    assert!(serving.get("/api/v1/external/accounts", &header).starts_with("HTTP/1.1 200"));
    assert!(place.json(&["key", "revoke", "1"])["revokedAt"].is_string());
    assert!(
        serving.get("/api/v1/external/accounts", &header).starts_with("HTTP/1.1 401"),
        "revoked beside the running server"
    );

    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--permissions", "read,fly"]);
    assert_eq!((code, error.as_str()), (1, "error: grants: must be one of: read, write, webhook"));
    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--expires-at", "2001-01-01"]);
    assert_eq!((code, error.as_str()), (1, "error: expires_at: must lie in the future"));
    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--expires-at", ""]);
    assert_eq!(
        (code, error.starts_with("error: expires_at: must be an ISO 8601")),
        (1, true),
        "{error}"
    );
    assert_eq!(place.error(&["key", "revoke", "99"]).0, 1);
    assert_eq!(place.error(&["key", "create", "--family", "nope", "--name", "x"]).0, 2);
}

// X-86: what commands do to users and keys is in the audit log, beside a running server and before it.
#[test]
fn what_commands_change_is_audited() {
    let place = Place::new();
    place.init();
    place.json(&["user", "create", "--email", "bo@acme.example", "--password", "Secret@123"]);
    place.json(&["user", "set-password", "bo@acme.example", "--password", "Other@1234"]);
    place.write("team.csv", "name,manager\nCy,Di\n");
    place.json(&["import", "users", "team.csv"]);
    let serving = place.serve(&[]);
    let key = place.json(&["key", "create", "--family", "health_trixss", "--name", "Sync"]);
    place.json(&["key", "revoke", "1"]);
    let body = json!({ "email": "admin@acme.example", "password": "Admin@123" }).to_string();
    let length = body.len();
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let json_of = |answer: &str| serde_json::from_str::<serde_json::Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let login = json_of(&super::process::exchange(&serving.address, &login).unwrap());
    let header = format!(
        "Authorization: Bearer {}\r\nAccept-Encoding: identity\r\n",
        login["token"].as_str().unwrap()
    );
    let audit = serving.get("/api/audit?entity=user,apiKey", &header);
    let lines: Vec<_> = json_of(&audit)["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| json!([entry["entityId"], entry["action"], entry["actor"]["name"], entry["family"]]))
        .collect();
    assert_eq!(
        lines,
        [
            json!(["user_1", "created", "init", "cli"]),
            json!(["user_2", "created", "user", "cli"]),
            json!(["user_2", "updated", "user", "cli"]),
            json!(["user_3", "created", "import", "cli"]),
            json!(["user_4", "created", "import", "cli"]),
            json!(["key_1", "created", "key", "cli"]),
            json!(["key_1", "updated", "key", "cli"]),
        ]
    );
    for secret in ["Secret@123", "Other@1234", key["key"].as_str().unwrap()] {
        assert!(!audit.contains(secret), "{secret} is told");
    }
}

#[test]
fn a_key_can_do_what_its_maker_can() {
    let place = Place::new();
    place.init();
    for role in ["User", "Manager"] {
        let email = format!("{role}@acme.example");
        place.json(&["user", "create", "--email", &email, "--name", role, "--role", role, "--no-password"]);
    }
    let create = |user: &'static str| ["key", "create", "--family", "elevate", "--name", "x", "--user", user];
    let (code, error) = place.error(&create("User@acme.example"));
    assert_eq!((code, error.as_str()), (1, "error: a User may not manage API keys"));
    let made = place.json(&create("Manager@acme.example"));
    assert_eq!(made["apiKey"]["grants"], json!(["read", "write"]));
    place.json(&["user", "deactivate", "Manager@acme.example"]);
    let (code, error) = place.error(&create("Manager@acme.example"));
    assert_eq!((code, error.as_str()), (1, "error: a deactivated user may not manage API keys"));
}

#[test]
fn an_import_warns_of_rows_that_overwrite_each_other() {
    let place = Place::new();
    place.init();
    place.write("offices.csv", "Company,Id,City\nAcme,1,Berlin\nAcme,1,Munich\nBeta,2,Kiel\n");
    for dry_run in ["--dry-run", "--strict"] {
        let report = place.json(&["import", "accounts", "offices.csv", dry_run]);
        assert_eq!(report["repeatedIds"], 1);
        let warning = report["warnings"][0].as_str().unwrap();
        assert!(warning.contains("earlier row") && warning.contains("--map \"Id=-\""), "{warning}");
    }
}

#[test]
fn imports_report_and_leave_a_file_of_what_failed() {
    let place = Place::new();
    place.init();
    place.write("deals.csv", "id;name;value\n1;A;10\n2;B;much\n");
    let report = place.json(&["import", "opportunities", "deals.csv"]);
    assert_eq!(
        (&report["created"], &report["failed"], &report["errorsFile"]),
        (&json!(1), &json!(1), &json!("deals.errors.csv"))
    );
    assert_eq!(report["stages"], json!({ "Prospecting": 1 }));
    let expected = "import_line,import_column,import_reason,id,name,value\n3,value,value: must be a number,2,B,much\n";
    assert_eq!(place.read("deals.errors.csv"), expected);
    assert_eq!(
        place.run(&["import", "opportunities", "deals.csv", "--strict"]).status.code(),
        Some(1)
    );
    // The mended rows are imported from the file of failures itself.
    place.write("mended.csv", &expected.replace("much", "20"));
    let report = place.json(&["import", "opportunities", "mended.csv", "--strict"]);
    assert_eq!((&report["created"], &report["errorsFile"]), (&json!(1), &json!(null)));

    let piped = place.run_with(&["import", "accounts", "-", "--json", "--dry-run"], "name\nAcme\n");
    assert!(String::from_utf8(piped.stdout).unwrap().contains("\"created\": 1"));
    assert_eq!(place.error(&["import", "accounts", "nowhere.csv"]).0, 1);
    assert_eq!(place.error(&["import", "accounts", "deals.csv", "--map", "name"]).0, 2);
    let (_, error) = place.error(&["import", "accounts", "deals.csv", "--map", "valu=city"]);
    assert_eq!(error, "error: there is no column \"valu\", did you mean \"value\"?");
}

#[test]
fn an_import_spares_its_input_and_a_dry_run_spares_every_file() {
    let place = Place::new();
    place.init();
    let file = "name,value\nA,much\n";
    place.write("deals.csv", file);
    place.write("old.csv", "old");
    std::fs::hard_link(place.path().join("deals.csv"), place.path().join("hard.csv")).unwrap();
    for errors in ["deals.csv", "./deals.csv", "hard.csv"] {
        let (code, error) = place.error(&["import", "opportunities", "deals.csv", "--errors", errors]);
        assert_eq!(
            (code, error),
            (1, format!("error: {errors} is the file to import: choose another with --errors"))
        );
        assert_eq!(place.read("deals.csv"), file);
    }
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run", "--errors", "old.csv"]);
    assert_eq!((&report["failed"], &report["errorsFile"]), (&json!(1), &json!(null)));
    assert!(report["warnings"][1].as_str().unwrap().contains("old.csv exists"), "{report}");
    assert_eq!(place.read("old.csv"), "old");
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert_eq!(report["errorsFile"], "deals.errors.csv");
}

#[test]
fn opportunities_known_by_name_and_account_alone_come_with_a_warning() {
    let place = Place::new();
    place.init();
    place.write("deals.csv", "name\nA\n");
    place.write("known.csv", "id,name\n1,A\n");
    place.write("dated.csv", "name,engage date\nA,2025-01-01\n");
    let warned = "the file has neither external ids nor days";
    assert_eq!(
        place.json(&["import", "opportunities", "dated.csv", "--dry-run"])["warnings"],
        json!([])
    );
    let output = place.run(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains(warned));
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert!(report["warnings"][0].as_str().unwrap().contains(warned), "{report}");
    assert_eq!(place.json(&["import", "opportunities", "known.csv"])["warnings"], json!([]));
    assert_eq!(place.json(&["import", "accounts", "deals.csv"])["warnings"], json!([]));
}

#[test]
fn parents_that_cannot_be_set_and_repeated_columns_are_told_in_full() {
    let place = Place::new();
    place.init();
    place.write("a.csv", "id,name,parent,Name\n1,A,Nope,x\n2,B,C,x\n3,C,B,x\n");
    let report = place.json(&["import", "accounts", "a.csv"]);
    assert_eq!((&report["parentsSet"], &report["parentsFailed"]), (&json!(1), &json!(2)));
    assert_eq!(report["columns"][1], json!({ "header": "name", "field": "name" }));
    assert_eq!(report["columns"][3], json!({ "header": "Name", "field": null }));
    assert_eq!(
        report["warnings"],
        json!([r#"column "Name" is not imported: it has the name of "name"; choose with --map"#])
    );
    assert_eq!(
        place.read("a.errors.csv"),
        "import_line,import_column,import_reason,id,name,parent,Name\n\
         2,parent,\"no account is named \"\"Nope\"\"; the account was imported without a parent\",1,A,Nope,\n\
         4,parent,must not make it its own ancestor,3,C,B,\n"
    );
    // Mended, the rows are imported from the file of failures itself.
    place.write(
        "mended.csv",
        &place.read("a.errors.csv").replace("Nope", "B").replace("3,C,B", "3,C,A"),
    );
    assert_eq!(place.json(&["import", "accounts", "mended.csv"])["parentsFailed"], 1);
}

#[test]
fn an_export_is_a_file_that_an_import_reads_back() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.init();
    place.write("a.csv", "name,notes,owner\n=1+1,\"two\nlines, 🚀\",Sam\nBeta,,\n");
    place.json(&["import", "accounts", "a.csv"]);
    let report = place.json(&["export", "accounts", "out.csv"]);
    assert_eq!(
        (&report["kind"], &report["written"], &report["warnings"]),
        (&json!("accounts"), &json!(2), &json!([]))
    );
    let out = place.path().join("out.csv");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let plain = place.read("out.csv");
    assert!(plain.contains("\n,=1+1,") && plain.contains("\"two\nlines, 🚀\""), "{plain}");

    let (code, error) = place.error(&["export", "accounts", "out.csv", "--guard-formulas"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "error: out.csv exists: choose another file, or --overwrite it")
    );
    assert_eq!(place.read("out.csv"), plain);
    place.json(&["export", "accounts", "out.csv", "--guard-formulas", "--overwrite"]);
    assert!(place.read("out.csv").contains("\n,'=1+1,"));

    // Standard output has the rows alone.
    let output = place.run(&["export", "accounts", "-", "--json"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), plain);
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&summary["file"], &summary["written"]), (&json!("-"), &json!(2)));

    let (_, error) = place.error(&["export", "contacts", "nowhere/out.csv"]);
    assert!(error.contains("cannot make nowhere/out.csv"), "{error}");
    let (_, error) = place.error(&["export", "contacts", "other.csv", "--tenant", "Nobody"]);
    assert!(error.contains("there is no tenant"), "{error}");
    let files: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files.len(), 3, "nothing half made is left: {files:?}");

    place.json(&[
        "tenant",
        "create",
        "--email",
        "b@beta.example",
        "--password",
        "Admin@123",
        "--tenant-name",
        "Beta",
    ]);
    let made = place.json(&["import", "accounts", "out.csv", "--tenant", "Beta"]);
    assert_eq!((&made["created"], &made["failed"]), (&json!(2), &json!(0)));
    place.json(&["export", "accounts", "beta.csv", "--tenant", "Beta"]);
    let beta = place.read("beta.csv");
    assert_eq!(beta, plain, "the owner known by an email alone is a user of that name there");
}

#[test]
fn a_backup_beside_a_running_server_is_restored_whole() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.init();
    let serving = place.serve(&[]);
    place.write("a.csv", "name\nAcme\nBeta\n");
    place.json(&["import", "accounts", "a.csv"]);
    let made = place.json(&["backup", "copy"]);
    assert_eq!((&made["backend"], made["files"].as_array().unwrap().len()), (&json!("sqlite"), 3));
    for (path, mode) in files_below(&place.path().join("copy")) {
        let found = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
    let (_, error) = place.error(&["backup", "copy"]);
    assert!(error.contains("copy is not empty"), "{error}");
    let (_, error) = place.error(&["restore", "copy"]);
    assert!(error.contains("nothing is overwritten"), "{error}");
    drop(serving);

    // Written after the backup: gone with it.
    place.write("b.csv", "name\nGamma\n");
    place.json(&["import", "accounts", "b.csv"]);
    std::fs::rename(place.path().join("data"), place.path().join("lost")).unwrap();
    assert_eq!(place.json(&["restore", "copy"])["createdAt"], made["createdAt"]);
    assert_eq!(
        std::fs::read(place.path().join("data/secrets")).unwrap(),
        std::fs::read(place.path().join("lost/secrets")).unwrap()
    );
    assert!(place.run(&["doctor"]).status.success());
    let report = place.json(&["import", "accounts", "a.csv", "--dry-run"]);
    assert_eq!((&report["created"], &report["unchanged"]), (&json!(0), &json!(2)));
    assert_eq!(place.json(&["import", "accounts", "b.csv", "--dry-run"])["created"], 1);

    std::fs::rename(place.path().join("data"), place.path().join("found")).unwrap();
    let control = place.path().join("copy/control.db");
    let mut bytes = std::fs::read(&control).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&control, bytes).unwrap();
    let (_, error) = place.error(&["restore", "copy"]);
    assert!(error.contains("control.db is damaged"), "{error}");
    std::fs::remove_file(place.path().join("copy/manifest.json")).unwrap();
    assert!(place.error(&["restore", "copy"]).1.contains("is no whole backup"));
    assert!(
        !place.path().join("data").exists(),
        "a backup that is not whole leaves nothing behind"
    );
}

#[test]
fn the_demo_is_made_once_and_can_be_looked_at() {
    let place = Place::new();
    let serving = place.serve(&["--demo"]);
    let demo = &serving.greeting["demo"];
    assert_eq!(demo["state"], "made");
    let header = format!("x-api-key: {}\r\n", demo["apiKey"].as_str().unwrap());
    let accounts = serving.get("/api/v1/external/accounts", &header);
    assert!(
        accounts.contains("Alder Creek Hospital") && accounts.contains("\"total\":20"),
        "{accounts}"
    );
    let body = json!({ "email": demo["email"], "password": demo["password"] }).to_string();
    let length = body.len();
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    assert!(
        super::process::exchange(&serving.address, &login)
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    drop(serving);
    assert_eq!(
        place.serve(&["--demo"]).greeting["demo"],
        json!({ "state": "exists", "email": "demo@crm.example" })
    );
    let report = place.json(&["tenant", "list"]);
    assert_eq!(report.as_array().unwrap().len(), 1);
}

#[test]
fn doctor_finds_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let fresh = place.json(&["doctor"]);
    assert!(fresh.as_array().unwrap().iter().all(|finding| finding["ok"] == true), "{fresh}");
    assert!(!place.path().join("data").exists(), "a look changes nothing");
    place.init();
    drop(place.serve(&[]));
    assert!(place.json(&["doctor"]).as_array().unwrap().len() >= 5);
    let secrets = place.path().join("data/secrets");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = place.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("chmod 600"));
    assert!(place.error(&["serve"]).1.contains("chmod 600"));
}

#[test]
fn doctor_names_a_broken_database_and_warns_of_open_ones() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.init();
    let control = place.path().join("data/control.db");
    let chmod = |mode| std::fs::set_permissions(&control, std::fs::Permissions::from_mode(mode)).unwrap();
    chmod(0o644);
    let privacy = |findings: &serde_json::Value| {
        findings
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["check"] == "privacy")
            .cloned()
    };
    let finding = privacy(&place.json(&["doctor"])).unwrap();
    assert_eq!((&finding["ok"], &finding["warning"]), (&json!(true), &json!(true)));
    assert!(finding["detail"].as_str().unwrap().contains("chmod -R go="), "{finding}");
    for (path, mode) in files_below(&place.path().join("data")) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(privacy(&place.json(&["doctor"])), None);

    let is_tenants = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "db") && *path != control;
    let files = files_below(&place.path().join("data"));
    let (tenant, _) = files.iter().find(|(path, _)| is_tenants(path)).unwrap();
    let name = tenant.file_name().unwrap().to_str().unwrap();
    for (path, _) in &files {
        let beside = path.file_name().unwrap().to_str().unwrap();
        if beside.starts_with(name) && beside != name {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::write(tenant, "no database".repeat(1000)).unwrap();
    for _ in 0..2 {
        let output = place.run(&["doctor"]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().any(|line| line.contains(name) && line.contains("FAILED")), "{text}");
        let _ = std::fs::remove_file(tenant);
    }
    assert!(!tenant.exists(), "a look creates nothing");
}

/// Folders and files, with the modes that keep others out.
fn files_below(folder: &std::path::Path) -> Vec<(std::path::PathBuf, u32)> {
    let mut found = vec![(folder.to_owned(), 0o700)];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push((path, 0o600));
        }
    }
    found
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let place = Place::new();
    place.write("crm.toml", "[server]\nprot = 1\n");
    assert_eq!(
        place.error(&["doctor", "--config", "crm.toml"]),
        (1, "error: unknown setting server.prot in crm.toml".to_owned())
    );
    assert_eq!(place.error(&["fly"]).0, 2);
    let openapi = place.json(&["openapi", "--config", "crm.toml"]);
    assert!(openapi["paths"].as_object().unwrap().len() > 5, "the document needs no settings");
}

#[test]
fn migrate_says_what_it_did() {
    let place = Place::new();
    place.init();
    assert_eq!(
        place.json(&["migrate"]),
        json!({ "tenants": [{ "tenantId": 1, "tenant": "Acme", "migrations": [] }] })
    );
}
