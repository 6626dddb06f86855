//! A throwaway Redis server of the test's own, on a socket in a temporary folder.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use crm_server::settings::RedisSettings;
use tempfile::TempDir;

/// A certificate for `localhost`, signed by itself.
pub const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/receiver/certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/receiver/key.pem");

/// A running Redis server; gone when dropped.
pub struct Redis {
    home: TempDir,
    /// Where it also listens, by TLS.
    tls_port: Option<u16>,
    process: Option<Child>,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When the program `redis-server` is not installed.
    pub fn start() -> Self {
        Self::listening(None)
    }

    /// Starts one that also listens by TLS on a free port of `localhost`, with the certificate of [`CERTIFICATE`].
    ///
    /// # Panics
    /// When the program `redis-server` is not installed.
    pub fn start_with_tls() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Self::listening(Some(free.expect("a port is free").port()))
    }

    fn listening(tls_port: Option<u16>) -> Self {
        let mut redis = Self {
            home: tempfile::tempdir().expect("a temporary folder can be made"),
            tls_port,
            process: None,
        };
        redis.resume();
        redis
    }

    /// Starts it again, empty, where it was.
    pub fn resume(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"]);
        if let Some(port) = self.tls_port {
            command.args(["--bind", "127.0.0.1", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
            command.args([
                "--tls-cert-file",
                CERTIFICATE,
                "--tls-key-file",
                KEY,
                "--tls-ca-cert-file",
                CERTIFICATE,
            ]);
        }
        let mut process = command
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("the tests need redis-server (Debian: apt-get install redis-server): {error}"));
        let said = BufReader::new(process.stdout.take().expect("a piped output")).lines();
        let ready = said.map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
        self.process = Some(process);
        assert!(ready, "redis-server listens");
    }

    /// Ends it as a crash does.
    pub fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the process can be killed");
            process.wait().expect("the process ends");
        }
    }

    /// Settings with which a server counts there.
    pub fn settings(&self) -> RedisSettings {
        RedisSettings {
            url: format!("redis+unix://{}/redis.sock", self.home.path().display()),
            prefix: "crm:limit".to_owned(),
        }
    }

    /// The address by which it is reached with TLS.
    ///
    /// # Panics
    /// Where it does not listen by TLS.
    pub fn tls_url(&self) -> String {
        let port = self.tls_port.expect("a Redis that was started with TLS");
        format!("rediss://localhost:{port}")
    }

    /// A connection to it.
    pub fn connection(&self) -> redis::Connection {
        let client = redis::Client::open(self.settings().url).expect("a valid address");
        client.get_connection().expect("the server answers")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.crash();
    }
}
