//! Measures the running server (`just bench`, `just bench-saas`, `just bench-contacts`, `just bench-webhooks`) and hurts it (`just chaos`,
//! `just chaos-webhooks`).
//!
//! All start the release server as a child process on throwaway data: SQLite files in a temporary folder, or databases of a PostgreSQL
//! server of their own. [`mod@bench`] compares what the server does with a limit measured in the same run: the same work done by [`bare`]
//! code without a CRM around it; [`saas`] and [`mod@contacts`] measure what families C and D promise at a million records, [`webhooks`] how
//! fast events are delivered. [`chaos`] kills and stops the server and its database under load, and then looks for what is missing.

mod bare;
mod bench;
mod chaos;
mod contacts;
mod database;
mod dataset;
mod deployment;
mod http;
mod load;
mod loaded;
mod loader;
mod memory;
mod output;
mod postgres;
mod report;
mod run;
mod saas;
mod sample;
mod server;
mod table;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The server has the same allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "crm-bench", about = "Measures the CRM server, and hurts it")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the server against the limits of this machine
    Bench(bench::Options),
    /// Measure what family C promises at a million records
    Saas(saas::Options),
    /// Measure what family D promises at a million contacts
    Contacts(contacts::Options),
    /// Measure how fast webhooks are delivered
    Webhooks(webhooks::Options),
    /// Kill, stop and starve the server under load; exit code 1 when anything is lost
    Chaos(chaos::Options),
    /// Kill the server while a failing receiver is told of events; exit code 1 when anything is lost
    ChaosWebhooks(webhooks::chaos::Options),
    /// Serve accounts without a CRM around them: the limit that `bench` compares with
    #[command(hide = true)]
    Bare(bare::server::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Saas(options) => saas::run(&options),
        Command::Contacts(options) => contacts::run(&options),
        Command::Webhooks(options) => webhooks::run(&options),
        Command::Chaos(options) => chaos::run(&options),
        Command::ChaosWebhooks(options) => webhooks::chaos::run(&options),
        Command::Bare(options) => bare::server::run(&options).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}
