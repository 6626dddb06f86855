//! The management API (contract A-15 …, section 10 of the design).

mod api_key;
mod request;
