//! The server's own log, and its metrics.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Starts the log, on standard error: standard output belongs to what a command prints. Once per process.
///
/// # Errors
/// When the filter makes no sense or another log was started before.
pub fn start_log(settings: &LogSettings) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.filter).context("invalid setting: log.filter")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let started = match settings.format {
        LogFormat::Pretty => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

/// Starts recording metrics. Once per process.
///
/// # Errors
/// When another recorder was installed before.
pub fn start_metrics() -> Result<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().context("cannot record metrics")
}
