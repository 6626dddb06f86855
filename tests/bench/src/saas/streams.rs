//! What change streams that nothing happens on hold of the server's memory.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};

use super::Options;
use crate::{
    deployment::Host,
    http::{Client, Request},
    memory,
    output::note,
    sample::Sample,
    server::{self, Server},
    table::{Goal, Line, Unit},
};

/// What they may hold, in MiB.
const MOST: f64 = 64.0;
/// Long enough for what a start leaves to be done, and for a heartbeat of every stream.
const IDLE: Duration = Duration::from_secs(3);

/// Opens the streams, and compares the memory before and after.
pub fn measure(options: &Options, host: &Host) -> Result<Line> {
    note(&format!("{}: {} change streams", host.backend.as_str(), options.streams()));
    let deployment = host.deploy("streams")?;
    let access = deployment.with_tenant()?;
    let mut ours = Sample::default();
    for _ in 0..options.rounds() {
        let mut command = server::command(&deployment)?;
        command
            .arg("serve")
            .env("CRM__SERVER__MAX_CONNECTIONS", (2 * options.streams()).to_string())
            .env("CRM__SERVER__CONNECTIONS_PER_ADDRESS", "0")
            .env("CRM__CHANGE_STREAMS__PER_TENANT", options.streams().to_string())
            .env("CRM__CHANGE_STREAMS__HEARTBEAT_MILLISECONDS", "1000");
        let server = Server::spawn(command, &deployment.file("server.log"), "/readyz")?;
        let token = server.sign_in(&access)?;
        // The tenant is open, and a change read.
        let creation = Request::new("POST", "/api/companies")
            .bearer(&token)
            .json(&serde_json::json!({ "name": "Acme" }));
        ensure!(Client::new(server.address).call(&creation)?.status == 201, "no company was made");
        thread::sleep(IDLE);
        let before = memory::resident(server.pid())?;
        let streams: Vec<_> = (0..options.streams()).map(|_| open(&server, &token)).collect::<Result<_>>()?;
        thread::sleep(IDLE);
        ours.push(memory::resident(server.pid())? - before);
        drop(streams);
        server.stop()?;
    }
    Ok(Line {
        backend: host.backend.as_str(),
        work: format!("C: memory of {} idle change streams", options.streams()),
        unit: Unit::Mebibytes,
        limit: None,
        ours,
        goal: Goal::AtMost(MOST),
    })
}

/// A stream whose head has arrived.
fn open(server: &Server, token: &str) -> Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let address = server.address;
    let request = format!("GET /api/changes/stream HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut stream = BufReader::with_capacity(1024, stream);
    let mut status = String::new();
    stream.read_line(&mut status)?;
    ensure!(status.starts_with("HTTP/1.1 200 "), "a stream was answered {status:?}");
    Ok(stream)
}
