//! `docs/performance.md`: the tables, and the commands that make them. Each command leaves the other's part as it is.

use std::{fs, io::ErrorKind, path::Path, process::Command, thread};

use anyhow::{Context, Result};

use crate::{load, table::Table};

/// What the second part begins with.
const FAMILY_C: &str = "## Family C\n";

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
    let (_, family_c) = parts(file)?;
    let page = if family_c.is_empty() { part } else { format!("{part}\n{family_c}") };
    fs::write(file, page).with_context(|| file.display().to_string())
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
    let (first, _) = parts(file)?;
    let page = if first.is_empty() {
        part
    } else {
        format!("{}\n\n{part}", first.trim_end())
    };
    fs::write(file, page).with_context(|| file.display().to_string())
}

/// Both parts as they are, empty where there is none.
fn parts(file: &Path) -> Result<(String, String)> {
    let page = match fs::read_to_string(file) {
        Ok(page) => page,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    Ok(match page.find(FAMILY_C) {
        Some(place) => (page[..place].to_owned(), page[place..].to_owned()),
        None => (page, String::new()),
    })
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
    fn each_command_leaves_the_others_part() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("performance.md");
        let table = Table::default();
        write_family_c(&file, 3, &table).unwrap();
        let family_c = fs::read_to_string(&file).unwrap();
        write(&file, 3, 5, &table).unwrap();
        let both = fs::read_to_string(&file).unwrap();
        assert!(both.starts_with("# Performance\n") && both.ends_with(&family_c));
        write_family_c(&file, 3, &table).unwrap();
        write(&file, 3, 5, &table).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), both);
    }
}
