//! The servers that show a loaded tenant.

use std::process::Command;

use anyhow::Result;
use crm_store::Location;

use crate::{loaded::Loaded, server::Server};

/// A loaded tenant, and the servers that show it: ours, and a bare one on the same database.
pub struct Site {
    /// The tenant.
    pub loaded: Loaded,
    /// Ours.
    pub server: Server,
    /// Bare actix and diesel.
    pub bare: Server,
}

impl Site {
    /// Starts both servers.
    pub fn serve(loaded: Loaded) -> Result<Self> {
        let deployment = &loaded.deployment;
        let server = Server::start(deployment)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(match deployment.location(&loaded.access.tenant)? {
            Location::Sqlite(path) => path.into_os_string(),
            Location::Postgres(url) => url.into(),
        });
        let bare = Server::spawn(command, &deployment.file("bare.log"), "/accounts")?;
        Ok(Self { loaded, server, bare })
    }

    /// The backend's name.
    pub fn backend(&self) -> &'static str {
        self.loaded.deployment.backend.as_str()
    }
}
