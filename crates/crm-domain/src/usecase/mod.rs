//! What spans several entities.

pub mod api_keys;
pub mod import;
pub mod register;
pub mod sign_in;
