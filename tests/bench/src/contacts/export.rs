//! Downloading every contact: when it begins, how fast it is, and what the server holds meanwhile.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Options, site::Site};
use crate::{
    deployment::PASSWORD,
    http::Request,
    memory,
    output::note,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// When the first row must be there, in milliseconds.
const BEGIN: f64 = 1_000.0;

/// The sheet of 27 columns, and everything.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    let cookie = sign_in(site)?;
    let mut table = Table::default();
    for path in ["/api/export", "/api/export/all"] {
        note(&format!("{}: {path}", site.backend()));
        let mut download = Download::default();
        for _ in 0..options.rounds().min(2) {
            download.run(site, &cookie, path)?;
        }
        let mut push = |work: String, unit, ours, goal| {
            table.push(Line {
                backend: site.backend(),
                work,
                unit,
                limit: None,
                ours,
                goal,
            });
        };
        push(
            format!("D: {path}, until the first row"),
            Unit::Millis,
            download.begin,
            Goal::AtMost(BEGIN),
        );
        push(
            format!("D: {path} of {} contacts, rows", options.rows()),
            Unit::PerSecond,
            download.rows,
            Goal::None,
        );
        push(
            format!("D: {path}, the server's peak memory until its end"),
            Unit::Mebibytes,
            download.peak,
            Goal::None,
        );
    }
    Ok(table)
}

/// The cookie of the Admin's session.
fn sign_in(site: &Site) -> Result<String> {
    let login = json!({ "email": site.loaded.access.email, "password": PASSWORD });
    let response = site.client().call(&Request::new("POST", "/api/login").json(&login))?;
    ensure!(response.status == 200, "{}", response.describe());
    let cookie = response.header("set-cookie").context("the login sets no cookie")?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

#[derive(Default)]
struct Download {
    begin: Sample,
    rows: Sample,
    peak: Sample,
}

impl Download {
    /// Takes the whole answer as fast as it comes.
    fn run(&mut self, site: &Site, cookie: &str, path: &str) -> Result<()> {
        let mut stream = TcpStream::connect(site.server.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let started = Instant::now();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        )?;
        let mut buffer = vec![0; 256 << 10];
        let (mut lines, mut first, mut begun) = (0_u64, Vec::new(), None);
        loop {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            lines += buffer[..count].iter().filter(|byte| **byte == b'\n').count() as u64;
            if begun.is_none() {
                first.extend_from_slice(&buffer[..count]);
                // The head, the header, and the first row.
                if String::from_utf8_lossy(&first).contains("@") {
                    begun = Some(started.elapsed());
                }
            }
        }
        let whole = started.elapsed();
        ensure!(lines > site.loaded.rows, "{path} broke off after {lines} lines");
        self.begin.push_time(begun.context("no row came")?);
        self.rows.push(site.loaded.rows as f64 / whole.as_secs_f64());
        self.peak.push(memory::peak(site.server.pid())?);
        Ok(())
    }
}
