//! Importing accounts, changes included, against the database's own loader filling the same indexed table with the same rows.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use crm_store::{Location, Store, dialect, dialect::Purpose};
use diesel::connection::SimpleConnection;

use crate::{
    database::Database,
    loaded::Loaded,
    output::note,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// The most memory that an import may hold, in MiB.
const MEMORY: f64 = 256.0;

/// Compares the import that filled the tenant with the database's own loader.
pub fn measure(loaded: &Loaded) -> Result<Table> {
    let backend = loaded.deployment.backend.as_str();
    note(&format!("{backend}: loading the same rows with the database's own loader"));
    let source = loaded.deployment.location(&loaded.access.tenant)?;
    let store = loaded.deployment.open()?;
    let (time, loader) = load(loaded, &store, &source)?;
    store.close();
    let per_second = |time: Duration| Sample::from(loaded.rows as f64 / time.as_secs_f64());
    let mut table = Table::default();
    table.push(Line {
        backend,
        work: format!("import of {} accounts with their changes; limit {loader}", loaded.rows),
        unit: Unit::PerSecond,
        limit: Some(per_second(time)),
        ours: per_second(loaded.time),
        goal: Goal::AtLeastShare(0.4),
    });
    table.push(Line {
        backend,
        work: format!("import of {} accounts, peak memory", loaded.rows),
        unit: Unit::Mebibytes,
        limit: None,
        ours: loaded.peak.into(),
        goal: Goal::AtMost(MEMORY),
    });
    Ok(table)
}

/// Loads the rows of `source` into an empty tenant database, and checks that all arrived.
fn load(loaded: &Loaded, store: &Store, source: &Location) -> Result<(Duration, &'static str)> {
    let empty = store.tenants().provision()?;
    let control = Location::control(&loaded.deployment.url, &loaded.deployment.data_dir())?;
    let target = Location::of_tenant(&empty, &control, &loaded.deployment.data_dir())?;
    let dump = loaded.deployment.file("dump.csv");
    let (time, loader) = match (source, &target) {
        (Location::Sqlite(from), Location::Sqlite(to)) => (sqlite(from, to, &dump)?, "sqlite3 .import"),
        (Location::Postgres(from), Location::Postgres(to)) => (postgres(from, to, &dump)?, "psql \\copy"),
        _ => anyhow::bail!("the tenants are on different backends"),
    };
    let arrived = Database::open(&target)?.number("SELECT count(*) AS value FROM account")?;
    ensure!(arrived as u64 == loaded.rows, "{loader} loaded {arrived} of {} rows", loaded.rows);
    fs::remove_file(&dump)?;
    store.tenants().discard(&empty)?;
    Ok((time, loader))
}

/// The shell reads an empty cell as an empty text, never as null, but fills missing last cells with null. So `deleted_at`, the last column, is
/// left out, and the index on parents, which none of these rows is in, is dropped.
fn sqlite(from: &Path, to: &Path, dump: &Path) -> Result<Duration> {
    let columns = "id, uuid, external_id, name, name_key, category, website, phone, email, address, city, state, zip_code, country, industry, \
        employees, annual_revenue, currency, founded_year, description, parent_id, owner_id, search_text, created_at, created_by, updated_at";
    let mut shell = Command::new("sqlite3");
    shell
        .args(["-csv".as_ref(), from.as_os_str()])
        .arg(format!("SELECT {columns} FROM account ORDER BY id"));
    finish(shell.stdout(fs::File::create(dump)?))?;
    dialect::open(&Location::Sqlite(to.to_owned()), Purpose::Write)?.batch_execute("DROP INDEX account_parent_id_idx")?;
    let mut shell = Command::new("sqlite3");
    // The settings of the server's own writing connection.
    shell.arg(to).args([
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA cache_size = -8192",
        "PRAGMA mmap_size = 1073741824",
        ".mode csv",
        &format!(".import {} account", dump.display()),
    ]);
    // One warning per row about the missing cell.
    finish(shell.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn postgres(from: &str, to: &str, dump: &Path) -> Result<Duration> {
    let copy = |url: &str, what: String| {
        let mut shell = Command::new("psql");
        shell.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url, "--command", &what]);
        finish(&mut shell)
    };
    copy(
        from,
        format!("\\copy (SELECT * FROM account ORDER BY id) TO '{}' CSV", dump.display()),
    )?;
    copy(to, format!("\\copy account FROM '{}' CSV", dump.display()))
}

/// Runs a command to its end; how long it took.
fn finish(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(started.elapsed())
}
