//! A PostgreSQL server of our own, thrown away at the end: one that happens to run on this machine is never touched.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// How a server is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Breaks connections, rolls back, writes a checkpoint.
    Fast,
    /// As a power cut does: the next start replays the log.
    Immediate,
}

impl StopMode {
    /// The word for `pg_ctl`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// A PostgreSQL server with production's durability. Dropping it removes it with everything in it.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    owner: Option<&'static str>,
    port: u16,
}

impl Cluster {
    /// Makes and starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no PostgreSQL server is installed, or it does not start.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("crm-bench-pg").tempdir_in("/tmp")?;
        let owner = unprivileged(folder.path())?;
        let cluster = Self {
            programs: programs()?,
            owner,
            port: free_port()?,
            folder,
        };
        let data = cluster.data().display().to_string();
        cluster.run(
            "initdb",
            &[
                "--pgdata",
                &data,
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
        )?;
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 300\n",
            cluster.port,
            cluster.folder.path().display()
        );
        let file = cluster.data().join("postgresql.conf");
        let defaults = fs::read_to_string(&file)?;
        fs::write(&file, defaults + &settings)?;
        cluster.resume()?;
        Ok(cluster)
    }

    /// The URL of a database on it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts it again after [`Cluster::stop`].
    pub fn resume(&self) -> Result<()> {
        let (data, log) = (self.data().display().to_string(), self.log().display().to_string());
        let started = self.run("pg_ctl", &["start", "--wait", "--silent", "--pgdata", &data, "--log", &log]);
        started.with_context(|| fs::read_to_string(self.log()).unwrap_or_default())
    }

    /// Stops it.
    pub fn stop(&self, mode: StopMode) -> Result<()> {
        let data = self.data().display().to_string();
        self.run(
            "pg_ctl",
            &["stop", "--wait", "--silent", "--pgdata", &data, "--mode", mode.as_str()],
        )
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = match self.owner {
            Some(owner) => {
                let mut command = Command::new("runuser");
                command.args(["-u", owner, "--"]).arg(&program);
                command
            }
            None => Command::new(&program),
        };
        // Not to a pipe: the server inherits it, and reading to its end would wait for the server's.
        let output = fs::File::create(self.folder.path().join("output.log"))?;
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()
            .with_context(|| program.display().to_string())?;
        let told = || fs::read_to_string(self.folder.path().join("output.log")).unwrap_or_default();
        ensure!(status.success(), "{} {arguments:?}: {status}\n{}", program.display(), told());
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Already stopped is as good.
        if let Err(error) = self.stop(StopMode::Immediate)
            && self.data().join("postmaster.pid").exists()
        {
            crate::output::complain(&format!("the throwaway PostgreSQL server was not stopped: {error:#}"));
        }
    }
}

/// PostgreSQL refuses to run as root: then the folder and the server belong to its own user.
fn unprivileged(folder: &Path) -> Result<Option<&'static str>> {
    if fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        let told = Command::new("id").args(["-u", user]).output().context("id")?;
        if let Ok(uid) = String::from_utf8_lossy(&told.stdout).trim().parse() {
            chown(folder, Some(uid), None)?;
            return Ok(Some(user));
        }
    }
    bail!("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as");
}

/// The folder with the newest installed server's programs.
fn programs() -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let version = |folder: &PathBuf| {
        folder
            .iter()
            .rev()
            .nth(1)
            .and_then(|name| name.to_string_lossy().parse::<u32>().ok())
    };
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let found = folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    found.context("no PostgreSQL server found in /usr/lib/postgresql or PATH (Debian: apt-get install postgresql)")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
