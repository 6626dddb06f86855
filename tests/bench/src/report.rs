//! `docs/performance.md`: the tables, and the commands that make them. Each command leaves the others' parts as they are.

use std::{fs, io::ErrorKind, path::Path, process::Command, thread};

use anyhow::{Context, Result};

use crate::{load, table::Table};

/// What the parts after the first begin with, in their order.
const FAMILIES: [&str; 3] = [FAMILY_C, FAMILY_D, WEBHOOKS];
const FAMILY_C: &str = "## Family C\n";
const FAMILY_D: &str = "## Family D\n";
const WEBHOOKS: &str = "## Webhooks\n";

/// Writes the first part: `just bench`.
pub fn write(file: &Path, rounds: usize, seconds: u64, table: &Table) -> Result<()> {
    let part = format!(
        "# Performance\n\n\
         Made by `just bench {}` on {}.\n\n\
         Each line compares the server with a limit of the same run: the two take turns for {rounds} rounds of {seconds} s, and the table shows \
         the median with the least and the greatest value in parentheses. Server, load ({}) and database share the machine. \"Bare\" is the \
         same diesel query and the same JSON in an actix handler without anything around it (`tests/bench/src/bare`).\n\n{}",
        arguments(),
        machine(),
        load::generator(),
        table.to_markdown()
    );
    replace(file, 0, part)
}

/// Writes the part of family C: `just bench-saas`.
pub fn write_family_c(file: &Path, rounds: usize, table: &Table) -> Result<()> {
    let part = format!(
        "{FAMILY_C}\n\
         Made by `just bench-saas {}` on {}.\n\n\
         Medians of {rounds} rounds, with the least and the greatest in parentheses, of requests one after the other over HTTP; client, server \
         and database share the machine. Of the lists every order and every single filter is measured that the OpenAPI document offers, with \
         values of records of the list's middle, in turns with the list as it comes; the table shows the slowest. A count is kept, and brought \
         up to date after writes; the first time it is made.\n\n{}",
        arguments(),
        machine(),
        table.to_markdown()
    );
    replace(file, 1, part)
}

/// Writes the part of family D: `just bench-contacts`.
pub fn write_family_d(file: &Path, rounds: usize, table: &Table) -> Result<()> {
    let part = format!(
        "{FAMILY_D}\n\
         Made by `just bench-contacts {}` on {}.\n\n\
         Medians of {rounds} rounds, with the least and the greatest in parentheses; client, server and database share the machine. The import \
         runs once, by the command line, while the server reads and writes for another client, and so does the database's own loader, which \
         fills the same table with the same indexes. Lists are measured with every order, filter and search together, one request after the \
         other.\n\n{}",
        arguments(),
        machine(),
        table.to_markdown()
    );
    replace(file, 2, part)
}

/// Writes the part of webhooks: `just bench-webhooks`.
pub fn write_webhooks(file: &Path, rounds: usize, table: &Table) -> Result<()> {
    let part = format!(
        "{WEBHOOKS}\n\
         Made by `just bench-webhooks {}` on {}.\n\n\
         Medians of {rounds} rounds, with the least and the greatest in parentheses. Leads are created by the five hundred, and four receivers are \
         told of each; what is counted begins with the first delivery and ends with the last, so it holds the making of deliveries, their \
         signatures, the keeping of their outcomes, and pages of leads that are read meanwhile. The limit is the server's HTTP client alone with \
         the same bodies to the same receivers, as many at once. Receivers, clients, server and database share the machine.\n\n{}",
        arguments(),
        machine(),
        table.to_markdown()
    );
    replace(file, 3, part)
}

/// Writes a part in the place of the one that was there; the others stay as they are.
fn replace(file: &Path, place: usize, part: String) -> Result<()> {
    let page = match fs::read_to_string(file) {
        Ok(page) => page,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    let mut parts = parts(&page);
    parts[place] = part;
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    fs::write(file, format!("{}\n", parts.join("\n\n"))).with_context(|| file.display().to_string())
}

/// A page's parts, empty where there is none.
fn parts(page: &str) -> [String; 1 + FAMILIES.len()] {
    let mut parts = <[String; 1 + FAMILIES.len()]>::default();
    let mut rest = page;
    for (place, heading) in FAMILIES.iter().enumerate().rev() {
        if let Some(at) = rest.find(heading) {
            parts[place + 1] = rest[at..].to_owned();
            rest = &rest[..at];
        }
    }
    parts[0] = rest.to_owned();
    parts
}

/// What stands behind the subcommand.
fn arguments() -> String {
    std::env::args().skip(2).collect::<Vec<_>>().join(" ")
}

/// Processors and kernel.
fn machine() -> String {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
    let kernel = Command::new("uname")
        .arg("-sr")
        .output()
        .map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    format!(
        "{processors} × {}, {}",
        model.as_deref().unwrap_or("unknown processor"),
        kernel.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_leaves_the_others_parts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("performance.md");
        let table = Table::default();
        write_webhooks(&file, 3, &table).unwrap();
        let webhooks = fs::read_to_string(&file).unwrap();
        write_family_d(&file, 3, &table).unwrap();
        write(&file, 3, 5, &table).unwrap();
        write_family_c(&file, 3, &table).unwrap();
        let all = fs::read_to_string(&file).unwrap();
        assert!(all.starts_with("# Performance\n") && all.ends_with(&webhooks));
        let places = [FAMILY_C, FAMILY_D, WEBHOOKS].map(|heading| all.find(heading).unwrap());
        assert!(places.is_sorted());
        write_family_c(&file, 3, &table).unwrap();
        write(&file, 3, 5, &table).unwrap();
        write_family_d(&file, 3, &table).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), all);
    }
}
