//! A tenant with companies, leads and deals, and the server that shows it.

use anyhow::Result;

use super::Options;
use crate::{
    dataset,
    deployment::Host,
    http::{Client, Request},
    loaded::Loaded,
    output::note,
    server::Server,
};

/// A loaded tenant and its server.
pub struct Site {
    /// The tenant.
    pub loaded: Loaded,
    /// The server.
    pub server: Server,
    /// Its Admin's access token.
    pub token: String,
}

impl Site {
    /// Loads the records by the server's own command line, and starts the server.
    pub fn serve(options: &Options, host: &Host) -> Result<Self> {
        let loaded = Loaded::new(host, "saas", options.rows())?;
        note(&format!("{}: importing as many leads", host.backend.as_str()));
        loaded.import("leads", |file| dataset::write_leads(file, options.rows()))?;
        note(&format!("{}: importing {} deals", host.backend.as_str(), options.deals()));
        loaded.import("opportunities", |file| dataset::write_deals(file, options.deals()))?;
        loaded.settle()?;
        let server = Server::start(&loaded.deployment)?;
        let token = server.sign_in(&loaded.access)?;
        Ok(Self { loaded, server, token })
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
        Request::get(path).bearer(&self.token)
    }
}
