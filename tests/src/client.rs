//! Client programs: the code examples of the API's documents, run by the interpreters that they are written for.
//!
//! `scripts/clients` installs the interpreters and, in `target/clients`, the packages that the examples import. Where one is missing a
//! test fails and says so: an example that did not run proves nothing.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// Longest that a test waits for a program.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a folder of its own.
pub struct Program {
    command: Command,
    folder: TempDir,
}

impl Program {
    /// A script for bash; it ends at its first failing command.
    pub fn bash(text: &str) -> Self {
        Self::of("bash", &["-eu"], "script.sh", text)
    }

    /// A CommonJS program for Node.js, which may require axios and our SDK.
    pub fn node(text: &str) -> Self {
        Self::of_node("program.cjs", text)
    }

    /// An ES module for Node.js: `await` may stand at its top level.
    pub fn node_module(text: &str) -> Self {
        Self::of_node("program.mjs", text)
    }

    /// A TypeScript module for Node.js; `declarations` are the types that it uses and does not declare. Its types are checked.
    pub fn typescript(text: &str, declarations: &str) -> Self {
        let program = Self::of_node("program.mjs", "");
        program.write("program.mts", text);
        program.write("declarations.d.ts", declarations);
        let mut compiler = command("node");
        compiler
            .arg(packages("node_modules").join("typescript/bin/tsc"))
            .args(["--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"])
            .args(["program.mts", "declarations.d.ts"])
            .current_dir(program.folder.path());
        let compiled = Run::start(compiler).finish();
        assert!(compiled.succeeded, "{compiled:?}");
        program
    }

    /// A Python program, which may import requests and our SDK.
    pub fn python(text: &str) -> Self {
        let python = Self::python_interpreter();
        Self::of(&python.display().to_string(), &["-I", "-B"], "program.py", text)
    }

    /// What runs Python programs.
    pub fn python_interpreter() -> PathBuf {
        packages("python").join("bin/python3")
    }

    /// A PHP program with its curl extension.
    pub fn php(text: &str) -> Self {
        Self::of("php", &["-d", "display_errors=stderr"], "program.php", text)
    }

    fn of_node(file: &str, text: &str) -> Self {
        let program = Self::of("node", &[], file, text);
        let link = symlink(packages("node_modules"), program.folder.path().join("node_modules"));
        link.expect("a link can be made");
        program
    }

    fn of(interpreter: &str, arguments: &[&str], file: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut command = command(interpreter);
        command.args(arguments).arg(file).current_dir(folder.path());
        let program = Self { command, folder };
        program.write(file, text);
        program
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).expect("a file can be written");
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    /// Runs it to its end, which must be a success.
    #[track_caller]
    pub fn run(self) -> Printed {
        let printed = self.run_whatever_comes();
        assert!(printed.succeeded, "{printed:?}");
        printed
    }

    /// Runs it to its end, which must be a failure.
    #[track_caller]
    pub fn run_in_vain(self) -> Printed {
        let printed = self.run_whatever_comes();
        assert!(!printed.succeeded, "{printed:?}");
        printed
    }

    fn run_whatever_comes(self) -> Printed {
        Run::start(self.command).finish()
    }

    /// Starts it, to talk with it line by line.
    pub fn start(mut self) -> Dialogue {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn(&mut self.command);
        Dialogue {
            input: child.stdin.take().expect("a piped input"),
            output: lines(child.stdout.take().expect("a piped output")),
            child,
            _folder: self.folder,
        }
    }
}

/// What a program that ended has printed.
#[derive(Debug)]
pub struct Printed {
    succeeded: bool,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Printed {
    /// The lines of the output.
    pub fn lines(&self) -> Vec<&str> {
        self.output.lines().collect()
    }

    /// The last line of the output, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let last = self.output.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The JSON documents that the output consists of.
    #[track_caller]
    pub fn documents(&self) -> Vec<Value> {
        let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&self.output).into_iter().collect();
        documents.unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

/// A running program that reads lines and prints lines; killed when dropped.
pub struct Dialogue {
    child: Child,
    input: ChildStdin,
    output: mpsc::Receiver<String>,
    _folder: TempDir,
}

impl Dialogue {
    /// The next line that it prints.
    #[track_caller]
    pub fn hear(&mut self) -> String {
        let line = self.output.recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| panic!("the program prints no further line of UTF-8 in {PATIENCE:?}: {error}"))
    }

    /// Sends it a line.
    pub fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("the program reads");
    }

    /// Waits for its end, which must be a success.
    #[track_caller]
    pub fn finish(mut self) {
        assert!(self.child.wait().expect("the program ends").success());
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program on its way to its end.
struct Run {
    child: Child,
    output: mpsc::Receiver<String>,
    errors: mpsc::Receiver<String>,
}

impl Run {
    fn start(mut command: Command) -> Self {
        let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
        Self {
            output: collect(child.stdout.take().expect("a piped output")),
            errors: collect(child.stderr.take().expect("piped errors")),
            child,
        }
    }

    fn finish(mut self) -> Printed {
        let texts = [&self.output, &self.errors].map(|text| text.recv_timeout(PATIENCE));
        let [Ok(output), Ok(errors)] = texts else {
            let _ = self.child.kill();
            panic!("a program did not end in {PATIENCE:?}, or printed what is no UTF-8: {texts:?}");
        };
        Printed {
            succeeded: self.child.wait().expect("the program ends").success(),
            output,
            errors,
        }
    }
}

/// All that a stream holds, once it has ended.
fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Of a stream that cannot be read the receiver hears that this thread is gone.
        stream.read_to_string(&mut text).ok().and_then(|_| sender.send(text).ok())
    });
    receiver
}

/// The lines of a stream, as they come. Of a stream that cannot be read the receiver hears that this thread is gone.
fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// An interpreter without the settings of whoever runs the tests.
fn command(interpreter: &str) -> Command {
    let mut command = Command::new(interpreter);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env_remove("NODE_OPTIONS");
    command
}

#[track_caller]
fn spawn(command: &mut Command) -> Child {
    let child = command.spawn();
    child.unwrap_or_else(|error| panic!("{:?} cannot be run ({error}): scripts/clients installs it", command.get_program()))
}

/// Where `scripts/clients` has installed something for the examples.
#[track_caller]
fn packages(name: &str) -> PathBuf {
    let binary = std::env::current_exe().expect("the path of this binary");
    // In the target directory, wherever that is and whoever made it: the nearest one above this binary.
    let path = binary
        .ancestors()
        .map(|folder| folder.join("clients").join(name))
        .find(|path| path.exists());
    path.unwrap_or_else(|| panic!("no clients/{name} above {}: scripts/clients makes it", binary.display()))
}
