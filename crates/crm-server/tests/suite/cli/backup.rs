//! `backup` and `restore`.

use serde_json::json;

use super::files_below;
use crate::process::Place;

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
fn no_backup_lies_in_the_data_directory() {
    let place = Place::new();
    place.init();
    std::os::unix::fs::symlink("data", place.path().join("link")).unwrap();
    for folder in ["data", "data/copy", "./data/../data/a/b", "link/copy"] {
        let (code, error) = place.error(&["backup", folder]);
        assert_eq!(
            (code, error),
            (
                1,
                format!("error: {folder} lies in the data directory ./data: choose a folder outside of it")
            )
        );
    }
    assert!(!place.path().join("data/copy").exists() && !place.path().join("data/a").exists());
    // It is said before any database is asked, whichever it is.
    place.write("crm.toml", "[store]\nurl = \"postgres://nobody@127.0.0.1:1/none\"\n");
    let (_, error) = place.error(&["backup", "data/copy", "--config", "crm.toml"]);
    assert!(error.contains("lies in the data directory"), "{error}");
    place.json(&["backup", "database"]);
}
