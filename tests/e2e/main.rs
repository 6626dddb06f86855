//! The whole server over HTTP, one folder per endpoint family.

mod health_trixss;
