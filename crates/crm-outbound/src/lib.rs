//! The ports that call other people's HTTP.
//!
//! Whoever calls out does so by [`client`]: it asks no proxy, follows no redirection, and connects to public addresses alone unless the
//! deployment allows others.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![deny(missing_docs)]

pub mod client;
pub mod enrichment;
pub mod resolver;
mod retry_after;
pub mod webhook;
