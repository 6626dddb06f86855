//! How much memory a process holds, as the kernel tells (Linux).

use std::fs;

use anyhow::{Context, Result};

/// Resident memory now, in MiB.
pub fn resident(pid: u32) -> Result<f64> {
    field(pid, "VmRSS:")
}

/// The most resident memory that the process ever had, in MiB.
pub fn peak(pid: u32) -> Result<f64> {
    field(pid, "VmHWM:")
}

fn field(pid: u32, name: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok());
    // A process that has ended and was not waited for has no memory left to tell of.
    kibibytes.map(|kib| kib / 1024.0).with_context(|| format!("{path} has no {name}"))
}
