//! Imports: what becomes of rows, and of bad ones.

mod accounts;
mod contacts;
mod custom_fields;
mod defects;
mod fixture;
mod opportunities;
mod users;
