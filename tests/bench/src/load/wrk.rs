//! Load by `wrk` (Debian package `wrk`), whose single thread leaves most of the machine to the server.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

use super::{CONNECTIONS, Load, Throughput};

static INSTALLED: LazyLock<bool> = LazyLock::new(|| {
    Command::new("wrk")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
});

pub(super) fn is_installed() -> bool {
    *INSTALLED
}

/// Prints exact numbers: requests, duration and p99 in microseconds, answers above 399, broken connections.
const REPORT: &str = r#"
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"#;

pub(super) fn run(load: &Load, duration: Duration) -> Result<Throughput> {
    let script = script(load)?;
    let output = Command::new("wrk")
        .args([
            "-t1",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{}s", duration.as_secs().max(1)),
            "-s",
        ])
        .arg(script.path())
        .arg(format!("http://{}{}", load.address, load.request.path))
        .output()
        .context("wrk")?;
    let told = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = told
        .lines()
        .find_map(|line| line.strip_prefix("RESULT "))
        .map(|line| line.split(' ').filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    let [requests, micros, p99, above_399, broken] = numbers[..] else {
        anyhow::bail!("wrk said nothing of its result: {told}{}", String::from_utf8_lossy(&output.stderr));
    };
    // wrk tells how many answers were errors, not which: where one is expected, all must be.
    let expected = if load.status > 399 { requests } else { 0.0 };
    ensure!(
        above_399 == expected && broken == 0.0,
        "{above_399} of {requests} answers were errors, {broken} connections broke"
    );
    Ok(Throughput {
        per_second: requests / (micros / 1e6),
        p99: Duration::from_secs_f64(p99 / 1e6),
    })
}

fn script(load: &Load) -> Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().suffix(".lua").tempfile()?;
    writeln!(file, "wrk.method = {}", quoted(load.request.method))?;
    for (name, value) in &load.request.headers {
        writeln!(file, "wrk.headers[{}] = {}", quoted(name), quoted(value))?;
    }
    if !load.request.body.is_empty() {
        writeln!(file, "wrk.body = {}", quoted(&load.request.body))?;
    }
    file.write_all(REPORT.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// A Lua string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
