//! Mechanism that families share. No policy here: a family's limits, messages and units stand in its own folder.

pub(crate) mod auth;
pub(crate) mod background;
pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod client_address;
pub(crate) mod compress;
pub(crate) mod fault;
pub(crate) mod feed;
pub(crate) mod idempotency;
pub(crate) mod jobs;
pub(crate) mod json_body;
pub mod jwt;
pub(crate) mod login_guard;
pub(crate) mod lookups;
pub(crate) mod media_type;
pub(crate) mod metrics;
pub(crate) mod pipeline;
pub mod rate_limit;
pub(crate) mod request_log;
pub(crate) mod sign_in;
pub(crate) mod tenant;
pub(crate) mod thread_pool;
pub(crate) mod trace;
pub(crate) mod upload;
pub mod wire;
