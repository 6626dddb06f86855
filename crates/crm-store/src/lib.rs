//! The ports of `crm-domain` on SQLite and PostgreSQL, by one adapter.
//!
//! * [`connection`]: the one connection type of both backends; [`dialect`] is the only place that knows which of them it is.
//! * `pool`: reading connections; `tenant::writer`: the queue that all writes of a tenant go through.
//! * `control`, `tenant`: SQL, one file per noun with the same stem as in `crm-domain`.
//!
//! Column types are text, big integers and booleans only, so that both backends keep and compare the same values.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod backup;
mod check;
pub mod connection;
pub mod control;
pub mod dialect;
mod email_key;
pub mod error;
pub mod location;
mod migrate;
mod pool;
mod private;
mod restore;
mod store;
pub mod tenant;

pub use backup::DatabaseCopy;
pub use check::DatabaseReport;
pub use location::Location;
pub use migrate::exists as database_exists;
pub use private::create_folder as create_private_folder;
pub use store::{Store, StoreSettings};
