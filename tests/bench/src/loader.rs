//! The database's own loader, filling the same indexed table with the same rows: the limit of imports.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use crm_store::{Location, dialect, dialect::Purpose};
use diesel::connection::SimpleConnection;

use crate::{database::Database, loaded::Loaded};

/// The column that is empty in every row, as SQLite has it.
const DELETED_AT: &str = "deleted_at BIGINT";

/// A table to load.
pub struct Filling {
    /// Its name.
    pub table: &'static str,
    /// Indexes that hold none of the rows. SQLite's shell reads an empty cell as an empty text, which they would hold.
    pub unused_indexes: &'static [&'static str],
}

/// Loads the rows of a table of the tenant into an empty tenant database, and checks that all arrived: how long it took, and what loaded.
pub fn load(loaded: &Loaded, filling: &Filling) -> Result<(Duration, &'static str)> {
    let deployment = &loaded.deployment;
    let source = deployment.location(&loaded.access.tenant)?;
    let store = deployment.open()?;
    let empty = store.tenants().provision()?;
    let control = Location::control(&deployment.url, &deployment.data_dir())?;
    let target = Location::of_tenant(&empty, &control, &deployment.data_dir())?;
    let dump = deployment.file("dump.csv");
    let (time, loader) = match (&source, &target) {
        (Location::Sqlite(from), Location::Sqlite(to)) => (sqlite(from, to, &dump, filling)?, "sqlite3 .import"),
        (Location::Postgres(from), Location::Postgres(to)) => (postgres(from, to, &dump, filling.table)?, "psql \\copy"),
        _ => anyhow::bail!("the tenants are on different backends"),
    };
    let arrived = Database::open(&target)?.number(&format!("SELECT count(*) AS value FROM {}", filling.table))?;
    ensure!(arrived as u64 == loaded.rows, "{loader} loaded {arrived} of {} rows", loaded.rows);
    fs::remove_file(&dump)?;
    store.tenants().discard(&empty)?;
    store.close();
    Ok((time, loader))
}

/// The shell reads an empty cell as an empty text, never as null, but fills missing last cells with null. So `deleted_at` is the last column
/// here, and left out.
fn sqlite(from: &Path, to: &Path, dump: &Path, filling: &Filling) -> Result<Duration> {
    let table = filling.table;
    let columns = Database::open(&Location::Sqlite(from.to_owned()))?.texts(&format!(
        "SELECT name AS value FROM pragma_table_info('{table}') WHERE name <> 'deleted_at' ORDER BY cid"
    ))?;
    let mut shell = Command::new("sqlite3");
    shell
        .args(["-csv".as_ref(), from.as_os_str()])
        .arg(format!("SELECT {} FROM {table} ORDER BY id", columns.join(", ")));
    finish(shell.stdout(fs::File::create(dump)?))?;
    let ready = with_deletion_last(to, filling)?;
    dialect::open(&Location::Sqlite(to.to_owned()), Purpose::Write)?.batch_execute(&ready)?;
    let mut shell = Command::new("sqlite3");
    // The settings of the server's own writing connection.
    shell.arg(to).args([
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA cache_size = -8192",
        "PRAGMA mmap_size = 1073741824",
        ".mode csv",
        &format!(".import {} {table}", dump.display()),
    ]);
    // One warning per row about the missing cell.
    finish(shell.stdout(Stdio::null()).stderr(Stdio::null()))
}

/// What makes the empty table anew with `deleted_at` as its last column, with its indexes and triggers but for those that hold none of the rows.
fn with_deletion_last(database: &Path, filling: &Filling) -> Result<String> {
    let table = filling.table;
    let mut database = Database::open(&Location::Sqlite(database.to_owned()))?;
    let own =
        |kind: &str| format!("SELECT sql AS value FROM sqlite_master WHERE tbl_name = '{table}' AND type IN ({kind}) AND sql IS NOT NULL");
    let made = database.texts(&own("'table'"))?.pop().context("there is no such table")?;
    let (before, after) = made.split_once(DELETED_AT).context("nothing in the table is ever deleted")?;
    let (before, _) = before.rsplit_once(',').context("it begins with its end")?;
    let (after, _) = after.rsplit_once(')').context("its definition breaks off")?;
    let whole = format!("{before}{after}, {DELETED_AT})");
    let kept = database.texts(&own("'index', 'trigger'"))?;
    let kept = kept
        .into_iter()
        .filter(|sql| !filling.unused_indexes.iter().any(|unused| sql.contains(&format!(" {unused} "))));
    let statements: Vec<String> = [format!("PRAGMA foreign_keys = OFF; DROP TABLE {table}"), whole]
        .into_iter()
        .chain(kept)
        .collect();
    Ok(statements.join(";\n"))
}

fn postgres(from: &str, to: &str, dump: &Path, table: &str) -> Result<Duration> {
    let copy = |url: &str, what: String| {
        let mut shell = Command::new("psql");
        shell.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url, "--command", &what]);
        finish(&mut shell)
    };
    copy(
        from,
        format!("\\copy (SELECT * FROM {table} ORDER BY id) TO '{}' CSV", dump.display()),
    )?;
    copy(to, format!("\\copy {table} FROM '{}' CSV", dump.display()))
}

/// Runs a command to its end; how long it took.
fn finish(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(started.elapsed())
}
