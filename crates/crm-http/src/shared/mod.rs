//! Mechanism that families share. No policy here: a family's limits, messages and units stand in its own folder.

pub mod auth;
pub mod background;
pub mod body;
pub mod call;
pub mod client_address;
pub mod fault;
pub mod hash_pool;
pub mod metrics;
pub mod pipeline;
pub mod rate_limit;
pub mod request_log;
pub mod tenant;
pub mod trace;
