//! Every error that a family can answer is produced by some test of that family: an unused one is either untested or dead.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The texts of all tests in these folders.
fn tests_in(folders: &[&str]) -> String {
    let mut text = String::new();
    for folder in folders {
        read_all(&root().join("tests/e2e").join(folder), &mut text);
    }
    assert!(!text.is_empty(), "no tests in {folders:?}");
    text
}

pub fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Family A is read-only, so that no request reaches what would answer these: its pipeline reads no body and writes nothing.
const OUT_OF_REACH: [&str; 7] = [
    "Request too large",
    "Request timeout",
    "Bad request",
    "Conflict",
    "Invalid request",
    "Forbidden",
    "Server error",
];

// A-09 …
#[test]
fn every_error_of_family_a_is_produced_by_a_test() {
    let source = root().join("crates/crm-http/src/families/health_trixss/error.rs");
    let source = fs::read_to_string(source).unwrap();
    let names = error_names(source.split("#[cfg(test)]").next().unwrap_or_default());
    assert!(names.len() > 15, "{names:?}");
    let tests = tests_in(&["health_trixss"]);
    for name in names.iter().filter(|name| !OUT_OF_REACH.contains(&name.as_str())) {
        assert!(tests.contains(&format!("\"{name}\"")), "no test produces {name:?}");
    }
    for name in OUT_OF_REACH {
        assert!(names.contains(name), "{name:?} is no error any more");
        assert!(!tests.contains(&format!("\"{name}\"")), "{name:?} is in reach of a test");
    }
}

/// The first texts of `envelope(status, "…", …)` and of the pairs that `failed` chooses from.
fn error_names(source: &str) -> BTreeSet<String> {
    let compact: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let calls = compact
        .split("envelope( status, \"")
        .chain(compact.split("envelope(status, \""))
        .skip(1);
    let named = calls
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| name.starts_with(char::is_uppercase) && name.len() < 40);
    let chosen = compact.split("=> (\"").skip(1).filter_map(|rest| rest.split('"').next());
    named.chain(chosen).map(str::to_owned).collect()
}

// C-124, X-101
#[test]
fn every_code_of_family_c_is_produced_by_a_test() {
    let document = serde_json::to_value(crm_http::openapi()).unwrap();
    let codes = codes(&document, "AUTH_FAILED").expect("the document lists the codes");
    assert!(codes.contains(&"INTERNAL_ERROR".to_owned()), "{codes:?}");
    let tests = tests_in(&["saas", "admin"]);
    for code in codes {
        assert!(tests.contains(&format!("\"{code}\"")), "no test produces {code}");
    }
}

// D-27, D-35
#[test]
fn every_code_of_family_d_is_produced_by_a_test() {
    let document = serde_json::to_value(crm_http::openapi()).unwrap();
    let codes = codes(&document, "INSUFFICIENT_SCOPE").expect("the document lists the codes");
    assert_eq!(codes.len(), 9, "{codes:?}");
    let tests = tests_in(&["contacts"]);
    for code in codes {
        assert!(tests.contains(&format!("\"{code}\"")), "no test produces {code}");
    }
}

// B-98, B-99, B-100, B-101, B-102, B-103, B-105
#[test]
fn every_code_of_family_b_is_produced_by_a_test() {
    let document = serde_json::to_value(crm_http::openapi()).unwrap();
    let codes = codes(&document, "AUTHENTICATION_ERROR").expect("the document lists the codes");
    // EXTERNAL_API_ERROR comes with the first external service.
    assert_eq!(codes.len(), 6, "{codes:?}");
    let tests = tests_in(&["halopsa"]);
    for code in codes {
        assert!(tests.contains(&format!("\"{code}\"")), "no test produces {code}");
    }
}

/// The enumeration that this word belongs to, wherever it stands.
fn codes(value: &Value, word: &str) -> Option<Vec<String>> {
    match value {
        Value::Object(members) => {
            let list = members.get("enum").and_then(Value::as_array);
            let texts: Option<Vec<String>> = list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            match texts {
                Some(texts) if texts.contains(&word.to_owned()) => Some(texts),
                _ => members.values().find_map(|member| codes(member, word)),
            }
        }
        Value::Array(items) => items.iter().find_map(|item| codes(item, word)),
        _ => None,
    }
}
