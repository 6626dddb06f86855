//! The limits: the same rows, queries, JSON and commits as the server's, with no CRM around them. No credentials, no rate limits, no
//! request log, no domain.

pub mod account;
pub mod contact;
pub mod server;
pub mod writer;
