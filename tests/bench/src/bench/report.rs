//! `docs/performance.md`: the table, and the command that makes it.

use std::{fs, path::Path, process::Command, thread};

use anyhow::{Context, Result};

use super::Options;
use crate::{load, table::Table};

/// Writes the page.
pub fn write(file: &Path, options: &Options, table: &Table) -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let page = format!(
        "# Performance\n\n\
         Made by `just bench {}` on {}.\n\n\
         Each line compares the server with a limit of the same run: the two take turns for {} rounds of {} s, and the table shows the median \
         with the least and the greatest value in parentheses. Server, load ({}) and database share the machine. \"Bare\" is the same diesel \
         query and the same JSON in an actix handler without anything around it (`tests/bench/src/bare`).\n\n{}",
        arguments.join(" "),
        machine(),
        options.rounds(),
        options.load().as_secs(),
        load::generator(),
        table.to_markdown()
    );
    fs::write(file, page).with_context(|| file.display().to_string())
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
