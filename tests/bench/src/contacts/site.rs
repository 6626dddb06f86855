//! A tenant whose contacts are imported while its server answers others.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use crm_domain::control::api_key::KeyFamily;
use serde_json::json;

use crate::{
    dataset,
    deployment::Host,
    http::{Client, Request},
    loaded::{self, Loaded},
    output::note,
    saas::turns::time,
    sample::percentile,
    server::Server,
};

/// Between two requests beside the import.
const PAUSE: Duration = Duration::from_millis(5);

/// A tenant with contacts and its server.
pub struct Site {
    /// The tenant.
    pub loaded: Loaded,
    /// The server, which ran while the contacts were imported.
    pub server: Server,
    /// A key of family D.
    pub key: String,
    /// What 99 of 100 requests beside the import took at most: reading, writing.
    pub beside: [Duration; 2],
}

impl Site {
    /// Starts the server, and imports so many contacts by the command line while it reads and writes for others.
    pub fn import(host: &Host, name: &str, rows: u64) -> Result<Self> {
        let deployment = host.deploy(name)?;
        let access = deployment.with_tenant()?;
        let key = deployment.mint(&access, KeyFamily::Contacts)?;
        let server = Server::start(&deployment)?;
        let token = server.sign_in(&access)?;
        note(&format!("{}: importing {rows} contacts", host.backend.as_str()));
        let imported = AtomicBool::new(false);
        let ((took, peak), beside) = thread::scope(|scope| {
            let beside = scope.spawn(|| requests(&server, &key, &token, &imported));
            let took = loaded::import(&deployment, "contacts", |file| dataset::write_contacts(file, rows));
            imported.store(true, Ordering::Release);
            let beside = beside.join().map_err(|_| anyhow!("the client panicked"))??;
            anyhow::Ok((took?, beside))
        })?;
        let loaded = Loaded {
            deployment,
            access,
            rows,
            time: took,
            peak,
        };
        loaded.settle()?;
        let site = Self {
            loaded,
            server,
            key,
            beside,
        };
        let shown = site.client().call(&site.get("/api/v1/contacts?pageSize=1"))?.json()?;
        let total = shown["meta"]["totalItems"].as_u64().context("no total is shown")?;
        anyhow::ensure!(total == rows, "{total} of {rows} contacts are shown");
        Ok(site)
    }

    /// The backend's name.
    pub fn backend(&self) -> &'static str {
        self.loaded.deployment.backend.as_str()
    }

    /// A client of its own connection.
    pub fn client(&self) -> Client {
        Client::new(self.server.address)
    }

    /// A request for a path.
    pub fn get(&self, path: impl Into<String>) -> Request {
        Request::get(path).bearer(&self.key)
    }
}

/// Reads a page and writes a company, again and again: what 99 of 100 took at most.
fn requests(server: &Server, key: &str, token: &str, imported: &AtomicBool) -> Result<[Duration; 2]> {
    let mut client = Client::new(server.address);
    let page = Request::get("/api/v1/contacts?pageSize=20").bearer(key);
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    while !imported.load(Ordering::Acquire) {
        reads.push(time(&mut client, &page)?);
        let company = json!({ "name": format!("Beside {}", writes.len()) });
        writes.push(time(
            &mut client,
            &Request::new("POST", "/api/companies").bearer(token).json(&company),
        )?);
        thread::sleep(PAUSE);
    }
    Ok([percentile(&mut reads, 0.99), percentile(&mut writes, 0.99)])
}
