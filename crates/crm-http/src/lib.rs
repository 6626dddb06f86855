//! The endpoint families of the CRM server: five dialects over one set of records.
//!
//! A family lives in `families/<family>/`: its routes, its credential and rate classes (`context`, `limits`), its envelope (`error`), its
//! paging, and one file per noun with the wire shapes and handlers. What families share is mechanism without policy and lives in
//! `shared/`. [`families`] is the registry: adding a family is one folder and one line there.
//!
//! How a request flows: route table → `shared::pipeline` (trace id, client address, panic guard, log, metrics) → the family's `admit`
//! (credential, tenant, rate class) → handler (wire shape → domain command → one blocking call) → the family's envelope.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod app;
pub mod families;
pub mod openapi;
mod probes;
mod refusal;
pub mod settings;
pub mod shared;

pub use app::{App, AppParts, Secrets, configure};
pub use families::{RouteInfo, routes};
pub use openapi::openapi;
pub use refusal::refusal;
pub use settings::HttpSettings;
