//! The management API (contract A-15 … ).

mod api_key;
mod request;
mod session;
