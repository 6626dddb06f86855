//! What must hold for every route at once: tests that are generated from the route table, the OpenAPI document and the tests themselves.
//!
//! A new route, family, error or line of a contract is covered without a change here, or fails here.

mod access;
mod contract_lines;
mod deployment;
mod errors_used;
mod foreign;
mod methods;
mod openapi;
mod permission;
mod precondition;
