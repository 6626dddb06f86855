//! `export`: write a tenant's records to a file that `import` reads back, with a progress bar and a summary.

mod target;

use std::{
    io::{self, BufWriter, IsTerminal},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::{Args, ValueEnum};
use crm_domain::usecase::export::{ExportError, ExportKind, ExportOptions, ExportSource, ExportSummary, export};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use self::target::Target;
use super::{
    context::{Context, find_tenant},
    output::grouped,
};

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What the rows are
    kind: Kind,
    /// The file to make (CSV, UTF-8); - for standard output, the summary then goes to standard error
    file: PathBuf,
    /// For spreadsheets: cells that would be taken for formulas begin with an apostrophe, which `import` takes away again
    #[arg(long)]
    guard_formulas: bool,
    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
    /// The tenant's id or name; may be left out while there is only one
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Accounts,
    Opportunities,
    Contacts,
}

impl From<Kind> for ExportKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Accounts => Self::Accounts,
            Kind::Opportunities => Self::Opportunities,
            Kind::Contacts => Self::Contacts,
        }
    }
}

/// What an export did, as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kind: &'static str,
    file: String,
    written: u64,
    seconds: f64,
    /// What a person should know before the table is imported.
    warnings: Vec<String>,
}

/// Exports to a file.
pub fn run(context: &Context, args: &ExportArgs) -> Result<ExitCode> {
    let started = Instant::now();
    let kind = ExportKind::from(args.kind);
    let exported = context.with_store(|store, control| {
        let tenant = find_tenant(&**control, args.tenant.as_deref())?;
        let source = ExportSource {
            control: control.clone(),
            store: store.tenants().open(&tenant)?,
            tenant: tenant.id,
        };
        // Only now, so that a tenant that does not exist leaves no file.
        let mut target = Target::open(&args.file, args.overwrite)?;
        let options = ExportOptions {
            guard_formulas: args.guard_formulas,
        };
        let bar = progress_bar(context.output.is_json());
        let exported = export(&source, kind, options, BufWriter::new(&mut target), &mut |so_far| {
            show(&bar, so_far)
        });
        bar.finish_and_clear();
        match exported {
            Ok(summary) => target.keep().map(|()| Some(summary)),
            // A reader that went away (`| head`) is not an error.
            Err(ExportError::Write(error)) if target.is_stdout() && error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    let Some(summary) = exported else { return Ok(ExitCode::SUCCESS) };
    let report = Report {
        kind: kind.as_str(),
        file: args.file.display().to_string(),
        written: summary.written,
        seconds: started.elapsed().as_secs_f64(),
        warnings: warnings(&summary),
    };
    for warning in &report.warnings {
        context.output.note(&format!("warning: {warning}"));
    }
    let text = || describe(&report, started.elapsed());
    if args.file.as_os_str() == "-" {
        context.output.result_aside(&report, text)?;
    } else {
        context.output.result(&report, text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn warnings(summary: &ExportSummary) -> Vec<String> {
    let mut warnings = Vec::new();
    if summary.other_pipelines > 0 {
        warnings.push(format!(
            "{} opportunities are in another pipeline than the default one: where they are imported, pipelines and stages of these names must be there",
            grouped(summary.other_pipelines)
        ));
    }
    warnings
}

fn describe(report: &Report, elapsed: Duration) -> String {
    let (written, kind, seconds) = (grouped(report.written), report.kind, elapsed.as_secs_f64());
    let to = if report.file == "-" {
        String::new()
    } else {
        format!(" to {}", report.file)
    };
    format!("Exported {written} {kind}{to} ({seconds:.1} s)")
}

/// A bar on standard error; hidden when that is no terminal.
fn progress_bar(hidden: bool) -> ProgressBar {
    let target = if hidden || !io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, so_far: &ExportSummary) {
    bar.set_length(so_far.total);
    bar.set_position(so_far.written);
    bar.set_message(format!("{} rows", grouped(so_far.written)));
}
