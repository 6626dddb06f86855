//! The self-hosted CRM server: settings, wiring, the listening server and its command line.
//!
//! The binary is [`cli::run`]; tests start the real server in their own process with [`server::start`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod demo;
#[cfg(feature = "redis")]
pub mod redis_limits;
pub mod secrets;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod wire;
