//! `doctor`.

use serde_json::json;

use super::files_below;
use crate::process::Place;

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
