//! A throwaway Redis server of the test's own, on a socket in a temporary folder.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crm_server::settings::RedisSettings;
use tempfile::TempDir;

/// A running Redis server; gone when dropped.
pub struct Redis {
    home: TempDir,
    process: Option<Child>,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When the program `redis-server` is not installed.
    pub fn start() -> Self {
        let mut redis = Self {
            home: tempfile::tempdir().expect("a temporary folder can be made"),
            process: None,
        };
        redis.resume();
        redis
    }

    /// Starts it again, empty, where it was.
    pub fn resume(&mut self) {
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"])
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
