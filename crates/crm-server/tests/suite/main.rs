//! The server as its operators use it, on a real database in a temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(unix)]
mod cli;
mod import;
#[cfg(unix)]
mod process;
mod server;
#[cfg(unix)]
mod stop;
