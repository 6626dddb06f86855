//! The one connection type of both backends.

mod multi;

pub use multi::AnyConnection as Connection;

/// The backend that queries are written for.
pub type Backend = <Connection as diesel::Connection>::Backend;
