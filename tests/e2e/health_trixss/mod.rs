//! Family A (contract A-01 … A-119).

mod authentication;
