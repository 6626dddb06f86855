//! Every numbered line of a contract is named by a test of its family.

use std::path::Path;

use super::errors_used::read_all;

/// Lines that say nothing about the server's behaviour: advice to clients, and what this server leaves to its proxy.
const NOT_VISIBLE: [&str; 1] = ["A-07"];

#[test]
fn every_line_of_family_a_is_named_by_a_test() {
    let mut tests = String::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e");
    read_all(&folder.join("health_trixss"), &mut tests);
    read_all(&folder.join("operation"), &mut tests);
    let missing: Vec<String> = (1..=119)
        .map(|number| format!("A-{number:02}"))
        .filter(|line| !is_named(&tests, line))
        .collect();
    assert_eq!(missing, NOT_VISIBLE);
}

#[test]
fn every_line_of_family_d_is_named_by_a_test() {
    let mut tests = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/contacts"), &mut tests);
    let missing: Vec<u32> = (1..=255).filter(|number| !is_named(&tests, &format!("D-{number:02}"))).collect();
    assert_eq!(missing, [] as [u32; 0]);
}

/// Deliveries, whichever family's, are verified beside what delivers them.
#[test]
fn every_line_of_family_e_is_named_by_a_test() {
    let mut tests = String::new();
    for folder in ["e2e/elevate", "e2e/webhook"] {
        read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut tests);
    }
    let missing: Vec<u32> = (1..=101).filter(|number| !is_named(&tests, &format!("E-{number:02}"))).collect();
    assert_eq!(missing, [] as [u32; 0]);
}

/// Of family B: lines that are not offered yet. The way out to HaloPSA and to the providers, settings and figures.
const NOT_YET: [u32; 23] = [
    // HaloPSA's own tokens and tickets, and what is counted of them.
    4, 16, 20, 24, 43, // /config
    75, 76, 77, 78, 79, 80, 81, // /analytics
    82, 83, 84, 85, 86, 87, 88, 89, 90,  // EXTERNAL_API_ERROR
    104, // version 1.1.0
    116,
];

#[test]
fn every_line_of_family_b_that_is_offered_is_named_by_a_test() {
    let mut tests = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/halopsa"), &mut tests);
    let missing: Vec<u32> = (1..=116).filter(|number| !is_named(&tests, &format!("B-{number:02}"))).collect();
    assert_eq!(missing, NOT_YET);
}

/// Whether the line stands by itself in a comment: in a range (`A-01 … A-119`) it does not.
fn is_named(tests: &str, line: &str) -> bool {
    let is_part = |text: &str| text.starts_with(|next: char| next.is_ascii_digit());
    let comments = tests.lines().filter_map(|text| text.split_once("//")).map(|(_, comment)| comment);
    comments.filter(|comment| !comment.contains('…')).any(|comment| {
        let mut rest = comment;
        while let Some(at) = rest.find(line) {
            rest = &rest[at + line.len()..];
            if !is_part(rest) {
                return true;
            }
        }
        false
    })
}
