//! The server's binary as a process of its own: for what only a process has — arguments, environment, exit code, signals.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::http::Client;

/// Longest that a test waits for a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command line on one data directory.
pub struct Cli {
    binary: PathBuf,
    data_dir: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a command that ended has said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub status: ExitStatus,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub error: String,
}

impl Cli {
    /// `binary` on SQLite in `data_dir`; bcrypt is quick.
    pub fn new(binary: impl Into<PathBuf>, data_dir: &Path) -> Self {
        let cost = crate::tenant::QUICK.to_string();
        Self {
            binary: binary.into(),
            data_dir: data_dir.to_owned(),
            environment: vec![("CRM__AUTH__HASHING__BCRYPT_COST".to_owned(), cost)],
        }
    }

    /// With a further environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.data_dir).stdin(Stdio::null());
        // Settings of whoever runs the tests are not the tests'.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CRM_")) {
            command.env_remove(name);
        }
        command
            .env("CRM__STORE__DATA_DIR", &self.data_dir)
            .envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().expect("the binary can be run");
        Said {
            status: output.status,
            output: String::from_utf8(output.stdout).expect("output of UTF-8"),
            error: String::from_utf8(output.stderr).expect("errors of UTF-8"),
        }
    }

    /// Runs a command with `--json`, which must succeed, and reads its result.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[&["--json"], arguments].concat());
        assert!(said.status.success(), "{arguments:?}: {said:?}");
        serde_json::from_str(&said.output).unwrap_or_else(|error| panic!("{arguments:?} ({error}): {said:?}"))
    }

    /// Starts the server on a free port and waits until it listens.
    pub fn serve(&self, arguments: &[&str]) -> ServerProcess {
        let mut command = self.command(&[&["--json", "serve"], arguments].concat());
        let mut child = command
            .env("CRM__SERVER__BIND", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be run");
        let greeting = greeting(child.stdout.take().expect("a piped output"));
        let log = collect(child.stderr.take().expect("piped errors"));
        let url = greeting["url"].as_str().expect("the greeting tells the address").to_owned();
        let address = url.trim_start_matches("http://").parse().expect("an address");
        ServerProcess {
            client: Client::new(address),
            greeting,
            child,
            log,
        }
    }
}

/// The JSON document that the server prints when it listens.
fn greeting(output: impl Read + Send + 'static) -> Value {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut documents = serde_json::Deserializer::from_reader(BufReader::new(output)).into_iter::<Value>();
        // Without one the receiver hears that this thread is gone.
        documents.next().and_then(|first| sender.send(first.ok()?).ok())
    });
    receiver.recv_timeout(PATIENCE).expect("the server says that it listens")
}

fn collect(errors: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A server as a process; killed when dropped.
pub struct ServerProcess {
    client: Client,
    /// What it said when it listened.
    pub greeting: Value,
    child: Child,
    log: mpsc::Receiver<String>,
}

impl ServerProcess {
    /// Tells it to stop, waits for its end, and answers its exit status and its log.
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.is_ok_and(|status| status.success()), "the process takes a signal");
        let status = self.child.wait().expect("the process ends");
        (status, self.log.iter().collect())
    }
}

impl std::ops::Deref for ServerProcess {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
