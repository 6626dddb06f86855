//! What every deployment needs besides its APIs: probes, metrics, documentation, logs, imports, and behaviour under trouble.

mod compression;
mod cors;
mod import;
mod metrics;
mod openapi;
mod overload;
mod probe;
mod process;
mod redis;
mod request_log;
mod timers;
mod transport;
mod unowned;
