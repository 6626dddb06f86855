//! `import`: import a table of records, with a progress bar, a summary and a file of the rows that failed.

mod args;
mod error_file;
mod progress;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use crm_domain::{
    table::Encoding,
    usecase::import::{ColumnUse, ImportError, ImportKind, ImportTarget, Observer, RowFailure, Summary, import},
};
use serde::Serialize;

pub use args::ImportArgs;

use self::{
    error_file::ErrorFile,
    progress::{Counted, Progress},
};
use super::{
    context::{Context, find_tenant, origin},
    output::{Output, grouped},
};

/// Rows may then mean a record that is another one.
const NAME_AND_ACCOUNT_ONLY: &str = "the file has neither external ids nor days: a row means the opportunity of its name and account, and \
                                     overwrites it; name a column with --map \"HEADER=external_id\" or --map \"HEADER=engaged_on\"";

/// What an import did, as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kind: &'static str,
    file: String,
    dry_run: bool,
    #[serde(flatten)]
    summary: Summary,
    seconds: f64,
    /// What became of the file's columns.
    columns: Vec<ColumnUse>,
    /// Where the rows that failed are.
    errors_file: Option<String>,
    /// What a person should know before the next import.
    warnings: Vec<String>,
}

/// Imports a file.
pub fn run(context: &Context, args: &ImportArgs) -> Result<ExitCode> {
    let started = Instant::now();
    // Before the input is opened: it must not be mistaken for the file of failures.
    let errors = ErrorFile::new(args.errors.clone(), &args.file, args.dry_run)?;
    let (input, size) = open(&args.file)?;
    let (counted, progress) = Progress::start(input, size, context.output.is_json());
    let mut watcher = Watcher {
        output: &context.output,
        progress,
        kind: args.kind.into(),
        errors,
        columns: Vec::new(),
        warnings: Vec::new(),
    };
    let imported = import_counted(context, args, counted, &mut watcher);
    watcher.progress.finish();
    if let Some(path) = watcher.errors.withheld() {
        let path = path.display();
        watcher.warnings.push(format!(
            "what failed is not written: {path} exists, and a dry run overwrites nothing; choose another with --errors"
        ));
    }
    let errors_file = watcher.errors.close()?;
    let summary = imported?;
    watcher.warnings.extend(repeated_ids(&watcher.columns, &summary));
    for warning in &watcher.warnings {
        context.output.note(&format!("warning: {warning}"));
    }
    let failed = summary.failed + summary.parents_failed > 0;
    let report = Report {
        kind: ImportKind::from(args.kind).as_str(),
        file: args.file.display().to_string(),
        dry_run: args.dry_run,
        summary,
        seconds: started.elapsed().as_secs_f64(),
        columns: watcher.columns,
        errors_file: errors_file.map(|path| path.display().to_string()),
        warnings: watcher.warnings,
    };
    context.output.result(&report, || describe(&report, started.elapsed()))?;
    Ok(if failed && args.strict {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn import_counted(context: &Context, args: &ImportArgs, input: Counted, watcher: &mut Watcher<'_>) -> Result<Summary> {
    let options = args.options();
    context.with_store(|store, control| {
        let tenant = find_tenant(&**control, args.tenant.as_deref())?;
        let target = ImportTarget {
            control: control.clone(),
            store: store.tenants().open(&tenant)?,
            tenant: tenant.id,
            origin: origin("import"),
        };
        let imported = import(&target, args.kind.into(), input, &options, watcher).map_err(|error| explain(error, watcher));
        // Users were made for unknown names, also by an import that stopped half-way.
        context.carry(store, tenant.id);
        imported
    })
}

/// An import that stopped half-way says what is done and how to go on.
fn explain(error: ImportError, watcher: &Watcher<'_>) -> anyhow::Error {
    let done = watcher.progress.rows();
    match error {
        ImportError::Store(error) if done > 0 => anyhow!(
            "{error}; the first {} rows are done, and importing the same file again goes on from there",
            grouped(done)
        ),
        error => error.into(),
    }
}

fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let metadata = file.metadata().with_context(|| format!("cannot look at {}", path.display()))?;
    if metadata.is_dir() {
        return Err(anyhow!("{} is a directory", path.display()));
    }
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

/// Follows the import.
struct Watcher<'a> {
    output: &'a Output,
    progress: Progress,
    kind: ImportKind,
    errors: ErrorFile,
    columns: Vec<ColumnUse>,
    warnings: Vec<String>,
}

/// Columns left out for another of the same name: which of them is right, only a person knows.
fn repeated(columns: &[ColumnUse]) -> impl Iterator<Item = String> {
    // The reader numbers what is repeated to the letter: `Name (2)`.
    let stem = |header: &str| header.rsplit_once(" (").map_or(header, |(stem, _)| stem).to_lowercase();
    let used: Vec<&ColumnUse> = columns.iter().filter(|column| column.field.is_some()).collect();
    let unused = columns.iter().filter(|column| column.field.is_none());
    unused.filter_map(move |column| {
        let first = used.iter().find(|other| stem(&other.header) == stem(&column.header))?;
        let (header, first) = (&column.header, &first.header);
        Some(format!(
            "column {header:?} is not imported: it has the name of {first:?}; choose with --map"
        ))
    })
}

/// Rows that overwrote another of the same file: the column tells records apart, or it does not.
fn repeated_ids(columns: &[ColumnUse], summary: &Summary) -> Option<String> {
    let column = columns.iter().find(|column| column.field.as_deref() == Some("external_id"))?;
    let (rows, header) = (grouped(summary.repeated_ids), &column.header);
    (summary.repeated_ids > 0).then(|| {
        format!(
            "rows that have the external id of an earlier row, but other content: {rows}; each overwrites the one before. If column \
             {header:?} does not tell records apart, leave it out with --map \"{header}=-\""
        )
    })
}

impl Observer for Watcher<'_> {
    fn mapped(&mut self, columns: &[ColumnUse]) -> io::Result<()> {
        self.errors
            .set_headers(columns.iter().map(|column| column.header.clone()).collect());
        let (used, unused): (Vec<&ColumnUse>, Vec<&ColumnUse>) = columns.iter().partition(|column| column.field.is_some());
        let used: Vec<String> = used
            .iter()
            .map(|column| format!("{} → {}", column.header, column.field.as_deref().unwrap_or_default()))
            .collect();
        self.output.note(&format!("Columns: {}", used.join(", ")));
        if !unused.is_empty() {
            let unused: Vec<&str> = unused.iter().map(|column| column.header.as_str()).collect();
            self.output.note(&format!("Not imported: {}", unused.join(", ")));
        }
        const TELLING: [&str; 5] = ["external_id", "engaged_on", "expected_close_date", "close_date", "closed_on"];
        let tells = columns
            .iter()
            .any(|column| column.field.as_deref().is_some_and(|field| TELLING.contains(&field)));
        if self.kind == ImportKind::Opportunities && !tells {
            self.warnings.push(NAME_AND_ACCOUNT_ONLY.to_owned());
        }
        self.warnings.extend(repeated(columns));
        self.columns = columns.to_vec();
        Ok(())
    }

    fn failed(&mut self, failure: &RowFailure) -> io::Result<()> {
        self.errors.write(failure)
    }

    fn progressed(&mut self, so_far: &Summary) -> io::Result<()> {
        self.progress.show(so_far);
        Ok(())
    }
}

fn describe(report: &Report, elapsed: Duration) -> String {
    let summary = &report.summary;
    let verb = if report.dry_run { "Would import" } else { "Imported" };
    let mut lines = vec![format!(
        "{verb} {} from {}: {} rows read, {} created, {} updated, {} unchanged, {} failed ({:.1} s)",
        report.kind,
        report.file,
        grouped(summary.read),
        grouped(summary.created),
        grouped(summary.updated),
        grouped(summary.unchanged),
        grouped(summary.failed),
        elapsed.as_secs_f64(),
    )];
    lines.extend(
        summary
            .stages
            .iter()
            .map(|(stage, count)| format!("  {stage}: {}", grouped(*count))),
    );
    if summary.encoding != Encoding::Utf8 {
        lines.push(format!("  read as {}; choose another with --encoding", summary.encoding.as_str()));
    }
    let extras = [
        (summary.stages_created, "stages made"),
        (summary.owners_created, "users made for names in the file; they cannot sign in"),
        (summary.accounts_created, "accounts made for opportunities"),
        (summary.parents_set, "parents found"),
        (summary.parents_failed, "parents not found"),
    ];
    lines.extend(
        extras
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("  {} {what}", grouped(*count))),
    );
    lines.extend(report.errors_file.as_ref().map(|file| format!("What failed, and why: {file}")));
    lines.join("\n")
}
