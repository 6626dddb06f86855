//! A small blocking HTTP client that tells exactly how far a request got: what [`crate::chaos`] must know, and general clients hide.

mod client;
mod request;
mod response;

pub use client::{Client, Failure, Stage};
pub use request::Request;
pub use response::Response;
