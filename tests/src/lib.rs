//! What the test suites share: databases, the real server in the test's own process or as a process of its own, and builders of records.
//!
//! A test owns what it needs: its own databases, its own server, its own clock. So tests run in any order and at once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on says so, by a panic"
)]

pub mod client;
pub mod database;
pub mod events;
pub mod http;
pub mod names;
pub mod process;
pub mod provider;
pub mod receiver;
pub mod redis;
pub mod relay;
pub mod server;
pub mod statements;
pub mod tenant;
