//! The server under test: the release binary as a child process.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::{
    deployment::{Access, Deployment, LIMIT, PASSWORD, TIER},
    http::{Client, Request},
};

/// After this long without an answer a start has failed.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// The server's program: beside this one.
pub fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("crm-server");
    ensure!(
        program.exists(),
        "{} is missing: build it with `cargo build --release -p crm-server`, or run `just bench` or `just chaos`",
        program.display()
    );
    Ok(program)
}

/// The server's program with the settings of a deployment, ready for a subcommand.
pub fn command(deployment: &Deployment) -> Result<Command> {
    let mut command = Command::new(program()?);
    // Settings of the person at the terminal must not change what is measured.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CRM_")) {
        command.env_remove(name);
    }
    command
        .env("CRM__STORE__DATA_DIR", deployment.data_dir())
        .env("CRM__STORE__URL", &deployment.url)
        .env("CRM__SERVER__BIND", "127.0.0.1:0")
        .env(format!("CRM__RATE_LIMITS__SAAS_TIERS__{}", TIER.to_uppercase()), LIMIT.to_string())
        .current_dir(deployment.folder())
        .stdin(Stdio::null());
    Ok(command)
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the process's start to the first `200` of `/readyz`.
    pub start: Duration,
}

impl Server {
    /// Starts `crm-server serve` on a deployment and waits until it is ready.
    pub fn start(deployment: &Deployment) -> Result<Self> {
        let mut command = command(deployment)?;
        command.arg("serve");
        Self::spawn(command, &deployment.file("server.log"), "/readyz")
    }

    /// Starts any program that prints `http://<address>` and answers `200` on `probe` when it is ready.
    pub fn spawn(mut command: Command, log: &Path, probe: &str) -> Result<Self> {
        let output = fs::File::create(log)?;
        let started = Instant::now();
        let child = command
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let mut server = Self {
            child,
            log: log.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            start: Duration::ZERO,
        };
        server.address = server.wait_for(started, printed_address)?;
        let probe = Request::get(probe);
        let mut client = Client::new(server.address);
        server.wait_for(started, |_| {
            client.call(&probe).is_ok_and(|response| response.status == 200).then_some(())
        })?;
        server.start = started.elapsed();
        Ok(server)
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Signs a tenant's Admin in; the access token.
    pub fn sign_in(&self, access: &Access) -> Result<String> {
        let request = Request::new("POST", "/api/auth/login").json(&json!({ "email": access.email, "password": PASSWORD }));
        let response = Client::new(self.address).call(&request)?;
        let told = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "the login answered {}: {told}", response.status);
        let body = response.json()?;
        Ok(body["token"].as_str().context("the login answers no token")?.to_owned())
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells it to stop, without waiting.
    pub fn terminate(&self) -> Result<()> {
        let status = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .context("kill")?;
        ensure!(status.success(), "the server could not be told to stop: {status}");
        Ok(())
    }

    /// Waits for its end; `None` when it does not come in time.
    pub fn wait(&mut self, patience: Duration) -> Result<Option<ExitStatus>> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if started.elapsed() > patience {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it gracefully.
    pub fn stop(mut self) -> Result<()> {
        self.terminate()?;
        match self.wait(Duration::from_secs(40))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the server ended with {status}:\n{}", self.last_words()),
            None => bail!("the server did not stop:\n{}", self.last_words()),
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn wait_for<T>(&mut self, started: Instant, mut ready: impl FnMut(&str) -> Option<T>) -> Result<T> {
        loop {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(value) = ready(&log) {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server did not start ({status}):\n{}", self.last_words());
            }
            ensure!(
                started.elapsed() < START_PATIENCE,
                "the server did not start in time:\n{}",
                self.last_words()
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first address in a log.
fn printed_address(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("http://127.0.0.1:")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // Still being written: the line must have gone on after the number.
    if digits.len() == rest.len() {
        return None;
    }
    let port: u16 = digits.parse().ok().filter(|port| *port != 0)?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_only_when_it_is_whole() {
        assert_eq!(printed_address("listening on http://127.0.0.1:41"), None);
        assert_eq!(printed_address("listening on http://127.0.0.1:4123\n").unwrap().port(), 4123);
        assert_eq!(printed_address("starting"), None);
    }
}
