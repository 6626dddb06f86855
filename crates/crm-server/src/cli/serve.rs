//! `serve`: start the server.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use crm_store::Location;
use serde_json::json;

use super::context::Context;
use crate::{
    demo::{self, Demo},
    server::{self, RunningServer, Signals},
    telemetry,
    wire::World,
};

/// What `serve` takes.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// Fill a demo tenant at first start
    #[arg(long)]
    pub demo: bool,
}

impl ServeArgs {
    /// Flags given on either side of the command's name.
    pub fn or(&self, other: &Self) -> Self {
        Self {
            demo: self.demo || other.demo,
        }
    }
}

/// How often metrics forget what is too old to be shown.
const METRICS_UPKEEP: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the server until the process is told to stop.
pub fn run(context: &Context, args: &ServeArgs) -> Result<ExitCode> {
    telemetry::start_log(&context.settings.log)?;
    let metrics = telemetry::start_metrics()?;
    let world = World {
        metrics: Some(metrics.clone()),
        ..context.world.clone()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let signals = Signals::new()?;
        let server = server::start(&context.settings, &world).await?;
        let upkeep = tokio::spawn(async move {
            let mut tick = tokio::time::interval(METRICS_UPKEEP);
            loop {
                tick.tick().await;
                metrics.run_upkeep();
            }
        });
        if let Err(error) = welcome(context, args, &server).await {
            server.stop().await?;
            return Err(error);
        }
        server.run_until_told(signals).await?;
        upkeep.abort();
        Ok(ExitCode::SUCCESS)
    })
}

/// Fills the demo, then says where the server is and what to do next.
async fn welcome(context: &Context, args: &ServeArgs, server: &RunningServer) -> Result<()> {
    let demo = if args.demo { Some(fill_demo(context, server).await?) } else { None };
    let control = server.store().control();
    let tenants = tokio::task::spawn_blocking(move || control.reading(|reader| reader.tenants().count())).await??;
    let url = format!("http://{}", server.address());
    let database = Location::control(&context.settings.store.url, &context.settings.store.data_dir)?.to_string();
    let value = json!({ "url": url, "docs": format!("{url}/docs"), "database": database, "tenants": tenants, "demo": demo });
    Ok(context.output.result(&value, || {
        let version = env!("CARGO_PKG_VERSION");
        let mut text = format!("crm-server {version} is listening on {url}\n  documentation  {url}/docs\n  database       {database}\n");
        if let Some(demo) = &demo {
            text.push_str(&format!("\n{demo}"));
        }
        if tenants == 0 {
            text.push_str(&first_steps(&url));
        }
        text
    })?)
}

async fn fill_demo(context: &Context, server: &RunningServer) -> Result<Demo> {
    let (control, tenants) = (server.store().control(), server.store().tenants());
    let (world, cost) = (context.world.clone(), context.settings.auth.hashing.bcrypt_cost);
    tokio::task::spawn_blocking(move || demo::fill(&control, &*tenants, &world, cost)).await?
}

fn first_steps(url: &str) -> String {
    format!(
        "\nThere is no tenant yet. Make the first one and its Admin in another terminal, in this directory:\n\
         \n  crm-server init --email you@example.com --tenant-name \"My Company\"\n\
         \nor over HTTP:\n\
         \n  curl -X POST {url}/api/auth/register -H 'Content-Type: application/json' \\\n    \
         -d '{{\"email\":\"you@example.com\",\"password\":\"…\",\"tenantName\":\"My Company\",\"companyName\":\"My Company\"}}'\n\
         \nOr start with --demo to look around.\n"
    )
}
