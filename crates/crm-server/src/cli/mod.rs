//! The command line: one file per command.
//!
//! A command prints its result on standard output (`--json`: one JSON document) and an error as one line on standard error. The exit code
//! is 0, 1 when the command failed, 2 when it was not understood.

mod backup;
mod context;
mod doctor;
mod export;
mod import;
mod init;
mod key;
mod manifest;
mod migrate;
mod openapi;
mod output;
mod prompt;
mod restore;
mod serve;
mod tenant;
mod user;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use context::Context;
use output::Output;

/// A self-hosted CRM server with five APIs over one set of records.
#[derive(Debug, Parser)]
#[command(name = "crm-server", version, propagate_version = true)]
pub struct Cli {
    /// Settings that differ from the defaults (TOML); CRM__SECTION__KEY variables override them
    #[arg(long, global = true, value_name = "FILE", env = "CRM_CONFIG")]
    config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// What `serve`, the default command, takes
    #[command(flatten)]
    serve: serve::ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (the default)
    Serve(serve::ServeArgs),
    /// Make the first tenant and its Admin
    Init(init::InitArgs),
    /// List, create, deactivate and activate tenants
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// List, create and change users
    #[command(subcommand)]
    User(user::UserCommand),
    /// List, create and revoke API keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Import a table of records (CSV)
    Import(import::ImportArgs),
    /// Export records as a table (CSV) that import reads back
    Export(export::ExportArgs),
    /// Copy every database and the secrets into a folder, while the server may run
    Backup(backup::BackupArgs),
    /// Make a deployment from a backup, in an empty data directory
    Restore(restore::RestoreArgs),
    /// Bring every database to this version's schema
    Migrate,
    /// Check settings, secrets, databases and clock
    Doctor,
    /// Print the OpenAPI document
    Openapi(openapi::OpenapiArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match execute(cli, &output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli, output: &Output) -> Result<ExitCode> {
    // The document describes the program, not a deployment: it needs no settings.
    if let Some(Command::Openapi(args)) = &cli.command {
        return openapi::run(output, args);
    }
    let context = Context::load(cli.config.as_deref(), output.clone())?;
    match cli.command {
        None => serve::run(&context, &cli.serve),
        Some(Command::Serve(args)) => serve::run(&context, &args.or(&cli.serve)),
        Some(command) => {
            context.start_log()?;
            administer(command, &context)
        }
    }
}

fn administer(command: Command, context: &Context) -> Result<ExitCode> {
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::Tenant(command) => tenant::run(context, &command),
        Command::User(command) => user::run(context, &command),
        Command::Key(command) => key::run(context, &command),
        Command::Import(args) => import::run(context, &args),
        Command::Export(args) => export::run(context, &args),
        Command::Backup(args) => backup::run(context, &args),
        Command::Restore(args) => restore::run(context, &args),
        Command::Migrate => migrate::run(context),
        Command::Doctor => doctor::run(context),
        Command::Openapi(args) => openapi::run(&context.output, &args),
        Command::Serve(args) => serve::run(context, &args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default_and_takes_demo_on_both_sides() {
        for line in [
            vec!["crm-server", "--demo"],
            vec!["crm-server", "serve", "--demo"],
            vec!["crm-server", "--demo", "serve"],
        ] {
            let cli = Cli::try_parse_from(&line).unwrap();
            let args = match &cli.command {
                Some(Command::Serve(args)) => args.or(&cli.serve),
                _ => cli.serve,
            };
            assert!(args.demo, "{line:?}");
        }
    }

    #[test]
    fn json_is_taken_behind_any_command() {
        for line in [
            vec!["crm-server", "tenant", "list", "--json"],
            vec!["crm-server", "--json", "doctor"],
        ] {
            assert!(Cli::try_parse_from(&line).unwrap().json, "{line:?}");
        }
    }
}
