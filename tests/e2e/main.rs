//! The whole server over HTTP, one folder per endpoint family.

mod admin;
mod contacts;
mod elevate;
mod halopsa;
mod health_trixss;
mod operation;
mod saas;
mod webhook;
