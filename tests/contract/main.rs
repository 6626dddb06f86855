//! The ports of `crm-domain` as every store must keep them, on both backends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so, by a panic"
)]

mod backup;
mod control;
mod enrichment;
mod rate_limit;
mod restore;
mod tenant;
mod webhook_sender;
