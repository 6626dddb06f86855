//! The CRM's entities, commands and ports.
//!
//! This crate is what other Rust programs embed: it knows no SQL, no HTTP and no async runtime. An entity, the commands that
//! change it and the port that keeps it stand in one file per noun:
//!
//! * [`control`]: who may enter (tenants, users, sessions, API keys); one database per deployment.
//! * [`tenant`]: the CRM's records; one database per tenant.
//! * [`enrichment`]: the port to a provider of profiles.
//! * [`service_desk`]: the port to the service desk that leads are handed on to.
//! * [`usecase`]: what spans several entities.
//! * [`table`]: delimited text files, as imports read them.
//!
//! Every write happens in a unit of work ([`tenant::UnitOfWork`]), which carries the unit's [`stamp::Stamp`] and its
//! [`tenant::change::Origin`]; every write leaves a row in the change feed.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![deny(missing_docs)]

pub mod business_hours;
pub mod clock;
pub mod control;
pub mod decimal;
pub mod enrichment;
pub mod error;
pub mod field;
pub mod id;
pub mod language;
pub mod money;
pub mod page;
pub mod query;
pub mod sealing;
pub mod service_desk;
pub mod stamp;
pub mod table;
pub mod tenant;
pub mod time_zone;
pub mod usecase;
pub mod word;

pub use error::{Error, Result};
