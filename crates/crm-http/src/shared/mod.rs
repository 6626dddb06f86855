//! Mechanism that families share. No policy here: a family's limits, messages and units stand in its own folder.

pub mod auth;
pub mod background;
pub mod body;
pub mod call;
pub mod client_address;
pub mod compress;
pub mod fault;
pub mod feed;
pub mod hash_pool;
pub mod idempotency;
pub mod json_body;
pub mod jwt;
pub mod login_guard;
pub mod media_type;
pub mod metrics;
pub mod pipeline;
pub mod rate_limit;
pub mod request_log;
pub mod sign_in;
pub mod tenant;
pub mod trace;
pub mod wire;
