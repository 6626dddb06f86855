//! The binary as a process of its own, in a temporary folder.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a data directory.
pub struct Place {
    folder: TempDir,
}

/// A `serve` process.
pub struct Serving {
    pub child: Child,
    /// `host:port`.
    pub address: String,
    /// What it printed at start.
    pub greeting: Value,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crm-server"));
        command.args(args).current_dir(self.path()).env_clear();
        // Cheap hashes: these tests are not about bcrypt.
        command
            .env("CRM__AUTH__HASHING__BCRYPT_COST", "4")
            .env("CRM__SERVER__BIND", "127.0.0.1:0");
        command
    }

    /// Runs a command; `input` is its standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, "")
    }

    /// The JSON that a successful command prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one line in which a failing command says why, with its exit code.
    pub fn error(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        let text = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text.trim_end().to_owned())
    }

    pub fn init(&self) -> Value {
        self.json(&[
            "init",
            "--email",
            "admin@acme.example",
            "--password",
            "Admin@123",
            "--tenant-name",
            "Acme",
        ])
    }

    pub fn serve(&self, args: &[&str]) -> Serving {
        let mut command = self.command(&[&["serve", "--json"], args].concat());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The greeting is one JSON object, pretty-printed.
        while text.trim_end().lines().last() != Some("}") {
            assert_ne!(lines.read_line(&mut text).unwrap(), 0, "the server ended: {text}");
        }
        let greeting: Value = serde_json::from_str(&text).unwrap();
        let address = greeting["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Serving { child, address, greeting }
    }
}

impl Serving {
    /// Asks the process to stop, as a supervisor does.
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub fn get(&self, path: &str, headers: &str) -> String {
        exchange(
            &self.address,
            &format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n"),
        )
        .unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request on a connection of its own and reads the whole answer.
pub fn exchange(address: &str, request: &str) -> std::io::Result<String> {
    ask(TcpStream::connect(address)?, request)
}

/// Sends a request and reads until the other side closes.
pub fn ask(mut stream: TcpStream, request: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
